/*
 * What bench measures with: that wrong kernels are found, that peers multiply, that plain loops compute what
 * the verbs compute, and that rounds without a figure do not count.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/call.h"
#include "bench/loops.h"
#include "bench/peers.h"
#include "bench/plain.h"
#include "bench/timing.h"
#include "kernels/reference/functions.h"
#include "tests/check.h"

#define COUNT 1000

static void forward_wrong(const struct tp_forward *f)
{
    tp_tiers[0]->forward(f);
    f->z.data[0] += 1;
}

static void backward_wrong(const struct tp_backward *b)
{
    tp_tiers[0]->backward(b);
    b->d_in.data[0] += 1;
}

static void update_wrong(const struct tp_update *u)
{
    tp_tiers[0]->update(u);
    *(u->gradient.data ? u->gradient.data : u->wt.data ? u->wt.data : u->w.data) += 1;
}

static void pack_wrong(const struct tp_pack *p)
{
    tp_tiers[0]->pack_u8(p);
    p->a.data[0] += 1;
}

static void loss_wrong(const struct tp_loss *l)
{
    tp_tiers[0]->loss(l);
    l->loss[0] += 1;
}

static void map_wrong(size_t n, const float *x, float *y)
{
    tp_tiers[0]->sigmoid(n, x, y);
    y[n - 1] += 1;
}

static void test_verify_finds_wrong_kernels(void **state)
{
    (void)state;
    struct tp_tier wrong = *tp_tiers[0];
    wrong.name = "wrong";
    wrong.forward = forward_wrong;
    wrong.backward = backward_wrong;
    wrong.update = update_wrong;
    wrong.pack_u8 = pack_wrong;
    wrong.loss = loss_wrong;
    wrong.sigmoid = map_wrong;
    const struct bench_call calls[] = {
        {.kind = BENCH_FORWARD, .m = 5, .n = 17, .k = 9, .activation = TILEPROP_RELU},
        {.kind = BENCH_BACKWARD, .m = 5, .n = 17, .k = 9, .activation = TILEPROP_RELU},
        {.kind = BENCH_UPDATE, .m = 17, .n = 18, .k = 9, .optimizer = TILEPROP_ADAM},
        {.kind = BENCH_UPDATE, .m = 17, .n = 18, .k = 9, .optimizer = TILEPROP_ADAM, .first_layer = true},
        {.kind = BENCH_UPDATE, .m = 17, .n = 18, .k = 9, .optimizer = TILEPROP_ADAM, .gradient = true},
        {.kind = BENCH_PACK_U8, .m = 5, .n = 17, .k = 1},
        {.kind = BENCH_LOSS, .m = 5, .n = 17, .k = 1},
        {.kind = BENCH_MAP, .m = 5, .n = 17, .k = 1, .activation = TILEPROP_SIGMOID},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct tp_error error;
        for (size_t t = 0; tp_tiers[t]; t++)
            if (tp_tier_runs_here(tp_tiers[t]))
                assert_int_equal(bench_verify(&calls[i], tp_tiers[t], &error), TILEPROP_OK);
        assert_int_equal(bench_verify(&calls[i], &wrong, &error), TILEPROP_FAILURE);
        assert_non_null(strstr(error.text, "wrong does not give what reference gives"));
    }
}

static void assert_near(const float *x, const float *y, size_t count, double bound)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)x[i] - (double)y[i]) <= bound))
            fail_msg("element %zu: %.9g and %.9g", i, (double)x[i], (double)y[i]);
}

static void test_products_are_ours(void **state)
{
    (void)state;
    const struct bench_call calls[] = {
        {.kind = BENCH_FORWARD, .m = 5, .n = 18, .k = 33},
        {.kind = BENCH_BACKWARD, .m = 5, .n = 33, .k = 18},
        {.kind = BENCH_UPDATE, .m = 33, .n = 18, .k = 5},
        {.kind = BENCH_FORWARD, .m = 1, .n = 10, .k = 64},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct bench_operands ours;
        float expected[COUNT], result[COUNT];
        const struct bench_call bare = bench_bare(&calls[i]);
        assert_int_equal(bench_create(&ours, &bare, tp_tiers[0], NULL), TILEPROP_OK);
        bench_run(&ours, 0, 1);
        bench_result(&ours, expected);
        bench_destroy(&ours);
        for (const struct bench_peer *peer = bench_peers(); peer->name; peer++) {
            struct plain_call plain;
            if (peer->use_threads)
                peer->use_threads(1);
            assert_true(plain_call_create(&plain, peer, &calls[i]));
            assert_true(plain_call_result(&plain, result));
            assert_near(result, expected, calls[i].m * calls[i].n, 1e-5);
            plain_call_destroy(&plain);
        }
    }
}

static void compare_functions(void)
{
    static float z[COUNT], a[COUNT], d[COUNT], expected[COUNT];
    for (int f = TILEPROP_LINEAR; f < TP_ACTIVATION_COUNT; f++) {
        const tileprop_activation activation = (tileprop_activation)f;
        bench_fill(z, COUNT, 90); /* far into where exp is cut off */
        for (size_t i = 0; i < COUNT; i++) {
            if (i % 2)
                z[i] /= 30;
            expected[i] = tp_scalar_activate(activation, z[i]);
        }
        plain_activate(activation, z, COUNT);
        assert_near(z, expected, COUNT,
                    activation == TILEPROP_LINEAR || activation == TILEPROP_RELU ? 0 : 1e-6);

        bench_fill(a, COUNT, 0.9f);
        bench_fill(d, COUNT, 1);
        for (size_t i = 0; i < COUNT; i++)
            expected[i] = tp_scalar_derive(activation, a[i], d[i]);
        plain_slope(activation, d, a, COUNT);
        assert_near(d, expected, COUNT, 1e-6);
    }
}

static void compare_rules(void)
{
    for (int kind = 0; kind < TP_OPTIMIZER_COUNT; kind++) {
        /* Weights as they come out of two updates by ours, from the same gradient. */
        const struct bench_call call = {
            .kind = BENCH_UPDATE, .m = 20, .n = 16, .k = 3, .optimizer = (tileprop_optimizer)kind};
        struct bench_operands ours;
        struct plain_call plain;
        const struct bench_peer *naive = bench_peers();
        assert_int_equal(bench_create(&ours, &call, tp_tiers[0], NULL), TILEPROP_OK);
        assert_true(plain_call_create(&plain, naive, &call));
        ours.optimizer.rate = plain.optimizer.rate = 0.01f;
        if (kind == TILEPROP_ADAM)
            ours.optimizer.keep = plain.optimizer.keep = 0.999f;
        else
            ours.optimizer.decay = plain.optimizer.decay = 0.001f;
        for (int times = 0; times < 2; times++) {
            bench_run(&ours, 0, 1);
            plain_call_verb(&plain, 1);
        }
        /* One panel of 16 columns is row-major; the transposed view has 20. */
        assert_near(plain.weights, ours.weights, call.m * call.n, 1e-6);
        for (int i = 0; i < tp_optimizer_states(call.optimizer); i++)
            assert_near(plain.state[i], ours.state[i], call.m * call.n, 1e-6);
        for (size_t u = 0; u < call.n; u++)
            for (size_t i = 0; i < call.m; i++)
                assert_near(&plain.transposed[u * call.m + i],
                            &ours.transposed[tp_panel_offset(call.n * TP_PANEL, u, i)], 1, 1e-6);
        bench_destroy(&ours);
        plain_call_destroy(&plain);
    }
}

/* In whatever layout a peer keeps its weights, its network learns what that of the naive loops learns. */
static void compare_networks(void)
{
    static const size_t width[] = {21, 17, 18, 10};
    float expected[3] = {0};
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++) {
        static struct plain_network network;
        if (peer->use_threads)
            peer->use_threads(1);
        assert_true(
            plain_network_create(&network, peer, width, 3, 7, TILEPROP_LECUN_TANH, TILEPROP_MOMENTUM));
        network.optimizer.rate = 0.1f;
        for (int step = 0; step < 3; step++) {
            const float loss = plain_network_step(&network);
            if (peer == bench_peers())
                expected[step] = loss;
            assert_near(&loss, &expected[step], 1, 1e-5);
        }
        assert_true(expected[2] < expected[0]);
        for (size_t r = 0; r < 7; r++) { /* softmax less the label: they sum to 0 */
            float sum = 0, zero = 0;
            for (size_t k = 0; k < 10; k++)
                sum += network.d[3][r * 10 + k];
            assert_near(&sum, &zero, 1, 1e-6);
        }
        plain_network_destroy(&network);
    }
}

/* With the loops of each tier. */
static void on_every_tier(void (*compare)(void))
{
    for (size_t t = 0; tp_tiers[t]; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        plain_limit(tp_tiers[t]);
        compare();
    }
}

static void test_loops_are_the_functions(void **state)
{
    (void)state;
    on_every_tier(compare_functions);
}

static void test_rules_are_those_of_update(void **state)
{
    (void)state;
    on_every_tier(compare_rules);
}

static void test_networks_learn_the_same(void **state)
{
    (void)state;
    on_every_tier(compare_networks);
}

static void test_stream_scales_every_float(void **state)
{
    (void)state;
    static float x[4 * LOOPS_SCALE_BLOCK], y[5 * LOOPS_SCALE_BLOCK];
    for (size_t t = 0; tp_tiers[t]; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        bench_fill(x, 4 * LOOPS_SCALE_BLOCK, 1);
        bench_fill(y, 5 * LOOPS_SCALE_BLOCK, 1);
        const float behind = y[4 * LOOPS_SCALE_BLOCK];
        loops_of(tp_tiers[t])->scale(4 * LOOPS_SCALE_BLOCK, x, y);
        for (size_t i = 0; i < 4 * LOOPS_SCALE_BLOCK; i++)
            assert_true(y[i] == 3 * x[i]);
        assert_true(y[4 * LOOPS_SCALE_BLOCK] == behind);
    }
}

static void test_rounds_without_a_figure_do_not_count(void **state)
{
    (void)state;
    const double above[] = {NAN, 6, NAN, 8, 100}, below[] = {1, 2, 1, 2, NAN}, none[] = {NAN, NAN};
    assert_true(bench_median(above, 4) == 7);
    assert_true(bench_ratio(above, below, 5) == 3.5);
    assert_true(isnan(bench_median(none, 2)));
}

/* The clock that bench reads here: it stands still but while a contender runs. */
static double now;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){.tv_sec = (time_t)now, .tv_nsec = (long)(1e9 * (now - floor(now)))};
    return 0;
}

struct calls {
    double seconds; /* of one */
    int bursts;     /* of any length */
    size_t times;   /* in all of them */
};

static void run_calls(void *context, size_t times)
{
    struct calls *calls = context;
    now += calls->seconds * (double)times;
    calls->bursts++;
    calls->times += times;
}

static void test_a_slow_contender_rests(void **state)
{
    (void)state;
    enum { ROUNDS = 13, SLOW = 0, BUSY = 1, FAST = 2, COUNT_OF_CALLS = 3 };
    const double burst = 2e-3, slow = 9e-3; /* more than four bursts */
    struct calls calls[] = {{.seconds = slow}, {.seconds = slow}, {.seconds = 2e-3}};
    double seconds[COUNT_OF_CALLS][ROUNDS];
    struct bench_contender contenders[COUNT_OF_CALLS];
    for (int i = 0; i < COUNT_OF_CALLS; i++)
        contenders[i] = (struct bench_contender){
            .run = run_calls, .context = &calls[i], .may_rest = i != BUSY, .seconds = seconds[i]};
    bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, burst);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(isnan(seconds[SLOW][round]), round % 5 != 2);
        assert_true(seconds[FAST][round] > 0);
        assert_near(&(float){(float)seconds[BUSY][round]}, &(float){(float)slow}, 1, 1e-6);
    }
    assert_int_equal(calls[SLOW].bursts, 2 + 3); /* a cold call, and one that tells how slow it is */
    assert_int_equal(calls[BUSY].bursts, 2 + ROUNDS);

    /* Two rounds are too few to rest in, and what is not four times as slow as the fastest does not rest. */
    bench_compete(contenders, COUNT_OF_CALLS, 2, burst);
    assert_true(seconds[SLOW][0] > 0 && seconds[SLOW][1] > 0);
    calls[FAST].seconds = 3e-3;
    bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, burst);
    assert_true(seconds[SLOW][0] > 0);
}

/* The caches fill over twelve calls, unless these take longer than 6 ms. */
static void test_operands_settle_before_they_are_timed(void **state)
{
    (void)state;
    enum { ROUNDS = 3, COUNT_OF_CALLS = 3 };
    struct calls calls[] = {{.seconds = 0.49e-3}, {.seconds = 1.9e-3}, {.seconds = 9e-3}};
    const size_t untimed[] = {12, 3, 0}, timed[] = {4, 1, 1};
    double seconds[COUNT_OF_CALLS][ROUNDS];
    struct bench_contender contenders[COUNT_OF_CALLS];
    for (int i = 0; i < COUNT_OF_CALLS; i++)
        contenders[i] =
            (struct bench_contender){.run = run_calls, .context = &calls[i], .seconds = seconds[i]};
    bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, 2e-3);
    for (int i = 0; i < COUNT_OF_CALLS; i++)
        assert_int_equal(calls[i].times, 2 + ROUNDS * (untimed[i] + timed[i]));
}

static void test_too_little_of_the_cpus_is_noted(void **state)
{
    (void)state;
    struct bench_disturbance d = {0};
    const double shares[] = {1, 0.81, 0.5, 0.4, 0.6};
    const char *const names[] = {"alone", "nearly", "half", "less", "more"};
    bench_disturbance_note(&d, &(struct bench_usage){.wall = 0.01}, "too short");
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        bench_disturbance_note(&d, &(struct bench_usage){.cpu = 3 * shares[i], .wall = 3}, names[i]);
    assert_int_equal(d.figures, 6);
    assert_int_equal(d.disturbed, 3);
    assert_string_equal(d.name, "less");
}

/* On the clock above a call takes as much processor time as time. */
static void test_usage_is_of_those_whose_threads_are_known(void **state)
{
    (void)state;
    struct calls calls[] = {{.seconds = 1e-3}, {.seconds = 2e-3}};
    double seconds[2][4];
    struct bench_contender contenders[] = {
        {.run = run_calls, .context = &calls[0], .threads = 2, .seconds = seconds[0]},
        {.run = run_calls, .context = &calls[1], .seconds = seconds[1]}};
    const struct bench_usage usage = bench_compete(contenders, 2, 4, 8e-3);
    assert_near(&(float){(float)usage.wall}, &(float){2 * (float)usage.cpu}, 1, 1e-6);
    assert_true(usage.cpu > 4 * 6e-3 && usage.cpu < 4 * 9e-3); /* of the one, in four bursts */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_finds_wrong_kernels),
        cmocka_unit_test(test_products_are_ours),
        cmocka_unit_test(test_loops_are_the_functions),
        cmocka_unit_test(test_rules_are_those_of_update),
        cmocka_unit_test(test_networks_learn_the_same),
        cmocka_unit_test(test_stream_scales_every_float),
        cmocka_unit_test(test_a_slow_contender_rests),
        cmocka_unit_test(test_operands_settle_before_they_are_timed),
        cmocka_unit_test(test_too_little_of_the_cpus_is_noted),
        cmocka_unit_test(test_usage_is_of_those_whose_threads_are_known),
        cmocka_unit_test(test_rounds_without_a_figure_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
