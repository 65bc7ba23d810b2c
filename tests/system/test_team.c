/* The team: every member works, a barrier orders their writes, and the caller's FP state is restored. */
#include "system/team.h"

#include <fenv.h>
#include <float.h>
#include <stdatomic.h>

#include "kernels/flush.h"
#include "tests/check.h"

#define MOST   16
#define ROUNDS 2000

static const size_t sizes[] = {1, 2, 3, MOST};
#define SIZES (sizeof sizes / sizeof *sizes)

/* The control register as it is. */
static uint64_t floating_point_state(void)
{
    uint64_t state = tp_flush_enter();
    tp_flush_leave(state);
    return state;
}

/* Arithmetic that the compiler cannot do beforehand. */
static float half_of_the_smallest_normal(void)
{
    volatile float smallest = FLT_MIN;
    return smallest / 2;
}

static float third(void)
{
    volatile float one = 1;
    return one / 3;
}

struct roll {
    atomic_size_t calls[MOST], wrong_size;
    size_t members;
};

static void answer(void *context, size_t member, size_t members)
{
    struct roll *roll = context;
    atomic_fetch_add(&roll->calls[member], 1);
    if (members != roll->members)
        atomic_fetch_add(&roll->wrong_size, 1);
}

static void test_each_member_works_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct roll roll = {.members = sizes[i]};
        assert_int_equal(tp_team_run(sizes[i], answer, &roll, NULL), TILEPROP_OK);
        for (size_t m = 0; m < MOST; m++)
            assert_int_equal(roll.calls[m], m < sizes[i]);
        assert_int_equal(roll.wrong_size, 0);
    }
}

struct relay {
    size_t value[MOST]; /* plain memory: only the barrier orders it */
    size_t rounds[MOST];
    atomic_size_t errors;
};

/*
 * Each member writes its value, and after a barrier adds up everybody's. The second barrier keeps the next
 * round's values from those who still read: without either, some sum is wrong.
 */
static void relay(void *context, size_t member, size_t members)
{
    struct relay *r = context;
    for (size_t round = 1; round <= ROUNDS; round++) {
        r->value[member] = round * (member + 1);
        tp_team_barrier();
        size_t sum = 0;
        for (size_t m = 0; m < members; m++)
            sum += r->value[m];
        if (sum != round * (members * (members + 1) / 2))
            atomic_fetch_add(&r->errors, 1);
        r->rounds[member]++;
        tp_team_barrier();
    }
}

static void test_a_barrier_orders_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct relay r = {.errors = 0};
        assert_int_equal(tp_team_run(sizes[i], relay, &r, NULL), TILEPROP_OK);
        assert_int_equal(r.errors, 0);
        for (size_t m = 0; m < sizes[i]; m++)
            assert_int_equal(r.rounds[m], ROUNDS);
    }
}

/* One member writes between two barriers; in the next round another one continues from its value. */
static void take_turns(void *context, size_t member, size_t members)
{
    size_t *count = context;
    for (size_t turn = 0; turn < 20 * members; turn++) {
        if (turn % members == member)
            *count = *count * 3 + member;
        tp_team_barrier();
    }
}

static void test_members_take_turns(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t count = 1, expected = 1;
        for (size_t turn = 0; turn < 20 * sizes[i]; turn++)
            expected = expected * 3 + turn % sizes[i];
        tp_team_run(sizes[i], take_turns, &count, NULL);
        assert_int_equal(count, expected);
    }
}

static void test_a_barrier_outside_a_team_does_nothing(void **state)
{
    (void)state;
    tp_team_barrier();
    struct roll roll = {.members = 2};
    tp_team_run(2, answer, &roll, NULL);
    tp_team_barrier(); /* would wait for ever for the team that has gone */
}

/* Where one member has had a team of its own, the barrier still orders writes: with
 * none it would be passed. */
static void relay_behind_another_team(void *context, size_t member, size_t members)
{
    struct roll roll = {.members = 1};
    if (member == 0)
        tp_team_run(1, answer, &roll, NULL);
    relay(context, member, members);
}

static void test_a_team_within_a_team(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct relay r = {.errors = 0};
        assert_int_equal(tp_team_run(sizes[i], relay_behind_another_team, &r, NULL), TILEPROP_OK);
        assert_int_equal(r.errors, 0);
    }
}

/* The first two of the team take turns while the others wait at the whole team's barrier. */
struct part {
    size_t count; /* plain memory */
    size_t seen[MOST];
};

static void take_turns_apart(void *context, size_t member, size_t members)
{
    struct part *part = context;
    size_t count = members < 2 ? members : 2;
    for (size_t turn = 0; member < count && turn < 20 * count; turn++) {
        if (turn % count == member)
            part->count = part->count * 3 + member;
        tp_team_barrier_of(count);
    }
    tp_team_barrier();
    part->seen[member] = part->count;
}

static void test_some_members_meet_without_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct part part = {.count = 1};
        size_t count = sizes[i] < 2 ? sizes[i] : 2, expected = 1;
        for (size_t turn = 0; turn < 20 * count; turn++)
            expected = expected * 3 + turn % count;
        tp_team_run(sizes[i], take_turns_apart, &part, NULL);
        for (size_t m = 0; m < sizes[i]; m++)
            assert_int_equal(part.seen[m], expected);
    }
}

struct arithmetic {
    float subnormal[MOST], third[MOST];
};

static void calculate(void *context, size_t member, size_t members)
{
    (void)members;
    struct arithmetic *a = context;
    a->subnormal[member] = half_of_the_smallest_normal();
    a->third[member] = third();
}

/* Every member rounds to nearest and flushes, whatever its caller does; the caller goes on as before. */
static void test_floating_point_state(void **state)
{
    (void)state;
    static const int roundings[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    float nearest = third();
    uint64_t original = tp_flush_enter(), flushing = floating_point_state();
    tp_flush_leave(original);
    if (flushing == original) {
        print_message("# SKIP this CPU has no flushing that the program can switch\n");
        skip();
    }
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++) {
        for (size_t s = 0; s < SIZES; s++) {
            struct arithmetic a = {0};
            assert_int_equal(fesetround(roundings[i]), 0);
            feclearexcept(FE_ALL_EXCEPT);
            uint64_t before = floating_point_state();
            tp_team_run(sizes[s], calculate, &a, NULL);
            uint64_t after = floating_point_state();
            float subnormal = half_of_the_smallest_normal();
            fesetround(FE_TONEAREST);
            assert_true(after == before);
            assert_true(subnormal > 0);
            for (size_t m = 0; m < sizes[s]; m++) {
                assert_true(a.subnormal[m] == 0);
                assert_true(a.third[m] == nearest);
            }
        }
    }
}

static void nothing(void *context, size_t member, size_t members)
{
    (void)context, (void)member, (void)members;
}

/* A caller that flushes itself still does afterwards. */
static void test_a_caller_that_flushes(void **state)
{
    (void)state;
    uint64_t original = tp_flush_enter(), before = floating_point_state();
    tp_team_run(2, nothing, NULL, NULL);
    uint64_t after = floating_point_state();
    tp_flush_leave(original);
    assert_true(after == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_member_works_once),
        cmocka_unit_test(test_a_barrier_orders_writes),
        cmocka_unit_test(test_members_take_turns),
        cmocka_unit_test(test_some_members_meet_without_the_others),
        cmocka_unit_test(test_a_barrier_outside_a_team_does_nothing),
        cmocka_unit_test(test_a_team_within_a_team),
        cmocka_unit_test(test_floating_point_state),
        cmocka_unit_test(test_a_caller_that_flushes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
