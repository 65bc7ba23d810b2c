/*
 * The peak probe. Fake tiers count the operations of the same scalar chain differently, so the ratio is known; the
 * machine's own tiers must pass validation.
 */

#include "system/peak.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"

/* A busy neighbour may spoil a whole measurement, but not all of these. */
#define TRIES 20

/* A clock that advances with each reading by the amount a test sets; 0 readings: the system's clock. */
static struct timespec moments[2];
static size_t moment_count, readings;

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (moment_count == 0)
        return (int)syscall(SYS_clock_gettime, id, t);
    *t = moments[readings++ % moment_count];
    return 0;
}

static _Thread_local bool is_known;
static atomic_size_t threads_seen;

/* Sixteen dependent multiplications an iteration. */
static float chain(size_t iterations)
{
    if (!is_known) {
        is_known = true;
        atomic_fetch_add(&threads_seen, 1);
    }
    volatile float start = 1.0f;
    float value = start, factor = start;
    for (size_t i = 0; i < iterations; i++) {
        for (int step = 0; step < 16; step++)
            value *= factor;
    }
    return value;
}

static float no_work(size_t iterations)
{
    return (float)iterations;
}

/* A tier whose ratio is `ratio`: the same work, counted as that many times the operations. */
static struct tp_tier made_up_tier(double ratio)
{
    static struct tp_blocks blocks;
    blocks = (struct tp_blocks){.peak_flops = ratio * 16, .chain_flops = 16};
    return (struct tp_tier){.name = "made up", .peak = chain, .chain = chain, .blocks = &blocks};
}

/* Measures until the verdict is as expected, or TRIES are used up. */
static void assert_verdict(const struct tp_tier *tier, bool proved, double ratio)
{
    struct tp_peak peak;
    for (size_t i = 0; i < TRIES; i++) {
        assert_int_equal(tp_peak_measure(tier, 1, &peak, NULL), TILEPROP_OK);
        if (peak.proved == proved && fabs(peak.ratio / ratio - 1) < 0.03)
            break;
    }
    assert_true(fabs(peak.ratio / ratio - 1) < 0.03);
    assert_int_equal(peak.proved, proved);
    assert_true(peak.gflops > 0);
}

static void test_a_chain_is_not_a_peak(void **state)
{
    (void)state;
    struct tp_tier tier = made_up_tier(1);
    assert_verdict(&tier, false, 1);
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        double ratio;
        bool proved;
    } known[] = {{2, false}, {3.5, false}, {4, true},  {5, false},    {6, false},
                 {7, false}, {8, true},    {10, true}, {11.5, false}, {100, false}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct tp_tier tier = made_up_tier(known[i].ratio);
        assert_verdict(&tier, known[i].proved, known[i].ratio);
    }
}

static void test_no_probes(void **state)
{
    (void)state;
    struct tp_tier tier = {.name = "none"};
    struct tp_peak peak = {1, 1, true};
    assert_int_equal(tp_peak_measure(&tier, 2, &peak, NULL), TILEPROP_OK);
    assert_true(peak.gflops == 0 && peak.ratio == 0 && !peak.proved);
}

/* A probe whose loop the compiler removed: the search for a round's length must end, and prove nothing. */
static void test_probe_without_work(void **state)
{
    (void)state;
    struct tp_tier tier = made_up_tier(1);
    tier.peak = no_work;
    struct tp_peak peak;
    assert_int_equal(tp_peak_measure(&tier, 1, &peak, NULL), TILEPROP_OK);
    assert_false(peak.proved);
}

static size_t iterations_most;

static float counted(size_t iterations)
{
    iterations_most = iterations > iterations_most ? iterations : iterations_most;
    return (float)iterations;
}

/* Whatever the clock does, a probe ends soon and proves nothing. */
static void test_a_clock_that_stops_or_jumps(void **state)
{
    (void)state;
    static const struct timespec far[] = {{1, 0}, {0, 0}, {1, 0}, {1000000, 0}};
    struct tp_tier tier = made_up_tier(8);
    tier.peak = tier.chain = counted;
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        struct tp_peak peak;
        moments[0] = (struct timespec){1, 0};
        moments[1] = far[i];
        moment_count = i == 0 ? 1 : 2;
        readings = iterations_most = 0;
        assert_int_equal(tp_peak_measure(&tier, 1, &peak, NULL), TILEPROP_OK);
        moment_count = 0;
        assert_true(iterations_most <= (size_t)1 << 18 && readings < 1000);
        assert_true(i > 0 || !peak.proved);
    }
}

static void test_all_threads_run_the_probe(void **state)
{
    (void)state;
    struct tp_tier tier = made_up_tier(8);
    struct tp_peak peak;
    threads_seen = 0;
    is_known = false;
    assert_int_equal(tp_peak_measure(&tier, 3, &peak, NULL), TILEPROP_OK);
    assert_int_equal(threads_seen, 3);
    assert_true(peak.gflops > 0);
}

/* Twice as many threads as CPUs reach the CPUs' peak: threads that share a CPU must not count as two. */
static void test_threads_that_share_cpus(void **state)
{
    (void)state;
    cpu_set_t mask;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    size_t cpus = (size_t)CPU_COUNT(&mask);
    struct tp_tier tier = made_up_tier(8);
    struct tp_peak crowd, alone;
    assert_int_equal(tp_peak_measure(&tier, 2 * cpus, &crowd, NULL), TILEPROP_OK);
    double bound = 0;
    for (size_t i = 0; i < TRIES && bound <= crowd.gflops; i++) {
        assert_int_equal(tp_peak_measure(&tier, 1, &alone, NULL), TILEPROP_OK);
        bound = 1.2 * (double)cpus * alone.gflops;
    }
    assert_true(crowd.gflops < bound);
}

static void test_tiers_of_this_machine(void **state)
{
    (void)state;
    const char *sanitizer = getenv("TP_SANITIZE");
    if (sanitizer && *sanitizer) {
        print_message("# SKIP a sanitizer's code fills no FMA unit\n");
        skip();
    }
    for (const struct tp_tier *const *tier = tp_tiers; *tier; tier++) {
        if (!tp_tier_runs_here(*tier) || !(*tier)->peak)
            continue;
        struct tp_peak peak = {0};
        for (size_t i = 0; i < TRIES && !peak.proved; i++)
            assert_int_equal(tp_peak_measure(*tier, 1, &peak, NULL), TILEPROP_OK);
        print_message("# %s: %.1f GFLOP/s, %.2f times the chain\n", (*tier)->name, peak.gflops, peak.ratio);
        assert_true(peak.proved);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chain_is_not_a_peak),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_probes),
        cmocka_unit_test(test_probe_without_work),
        cmocka_unit_test(test_a_clock_that_stops_or_jumps),
        cmocka_unit_test(test_all_threads_run_the_probe),
        cmocka_unit_test(test_threads_that_share_cpus),
        cmocka_unit_test(test_tiers_of_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
