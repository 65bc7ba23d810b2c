/*
 * What bench measures with: wrong kernels are found, peers multiply, plain loops compute what the verbs
 * compute, and contenders take turns.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/call.h"
#include "bench/loops.h"
#include "bench/plain.h"
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

static void apply_wrong(const struct tp_apply *a)
{
    tp_tiers[0]->apply(a);
    a->state[0][0] += 1;
}

static void refresh_wrong(const struct tp_refresh *r)
{
    tp_tiers[0]->refresh(r);
    r->wt.data[0] += 1;
}

static void pack_u8_wrong(const struct tp_pack *p)
{
    tp_tiers[0]->pack_u8(p);
    p->a.data[0] += 1;
}

static void pack_f32_wrong(const struct tp_pack *p)
{
    tp_tiers[0]->pack_f32(p);
    p->a.data[0] += 1;
}

static void loss_wrong(const struct tp_loss *l)
{
    tp_tiers[0]->loss(l);
    l->loss[0] += 1;
}

static void softmax_wrong(const struct tp_softmax *s)
{
    tp_tiers[0]->softmax(s);
    s->p.data[0] += 1;
}

static void map_wrong(size_t n, const float *x, float *y)
{
    tp_tiers[0]->relu(n, x, y);
    y[0] += 1;
}

static const struct tp_tier wrong = {.name = "wrong",
                                     .pack_u8 = pack_u8_wrong,
                                     .pack_f32 = pack_f32_wrong,
                                     .forward = forward_wrong,
                                     .loss = loss_wrong,
                                     .softmax = softmax_wrong,
                                     .backward = backward_wrong,
                                     .update = update_wrong,
                                     .apply = apply_wrong,
                                     .refresh = refresh_wrong,
                                     .exp = map_wrong,
                                     .log = map_wrong,
                                     .sigmoid = map_wrong,
                                     .lecun_tanh = map_wrong,
                                     .tanh = map_wrong,
                                     .relu = map_wrong};

static void verify(struct bench_call call)
{
    struct tp_error error;
    struct tp_tier it = wrong;
    it.blocks = tp_tiers[0]->blocks;
    for (size_t t = 0; tp_tiers[t]; t++)
        if (tp_tier_runs_here(tp_tiers[t]))
            assert_int_equal(bench_verify(&call, tp_tiers[t], &error), TILEPROP_OK);
    assert_int_equal(bench_verify(&call, &it, &error), TILEPROP_FAILURE);
    assert_non_null(strstr(error.text, "wrong does not give what reference gives"));
}

static void test_verify_finds_wrong_kernels(void **state)
{
    (void)state;
    for (int verb = 0; verb < BENCH_VERBS; verb++) {
        struct bench_call call = {.verb = (enum bench_verb)verb,
                                  .m = 17,
                                  .n = 18,
                                  .k = bench_is_product((enum bench_verb)verb) ? 9 : 1,
                                  .activation = TILEPROP_RELU,
                                  .optimizer = TILEPROP_ADAM};
        verify(call);
        if (verb == BENCH_UPDATE) {
            call.first_layer = true;
            verify(call);
            call.bare = true;
            verify(call);
        }
    }
}

static void assert_near(const float *x, const float *y, size_t count, double bound)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)x[i] - (double)y[i]) <= bound))
            fail_msg("element %zu: %.9g and %.9g", i, (double)x[i], (double)y[i]);
}

static const struct bench_network small = {
    .sizes = {32, 17, 18, 10}, .size_count = 4, .batch = 7, .threads = 1};

/* A network for each peer that is here; naive comes first. */
static size_t create_networks(struct plain_network networks[BENCH_PEERS_MAX], const struct tp_tier *tier)
{
    struct bench_network network = small;
    size_t count = 0;
    network.tier = tier;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++) {
        if (peer->use_threads)
            peer->use_threads(1);
        assert_true(plain_create(&networks[count++], peer, &network));
    }
    return count;
}

static struct plain_network networks[BENCH_PEERS_MAX];

static void test_peers_multiply(void **state)
{
    (void)state;
    const size_t count = create_networks(networks, tp_tiers[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 9; j++) {
            const struct plain_part part = {
                .network = &networks[i], .verb = (enum bench_verb)(BENCH_FORWARD + j % 3), .layer = j / 3};
            const struct bench_product *p = plain_product(&part);
            p->peer->run(p);
            for (size_t r = 0; r < p->m; r++)
                for (size_t c = 0; c < p->n; c++) {
                    float sum = 0;
                    for (size_t k = 0; k < p->k; k++)
                        sum += p->a[p->verb == BENCH_UPDATE ? k * p->m + r : r * p->k + k] *
                               p->b[p->b_transposed ? c * p->k + k : k * p->n + c];
                    assert_near(&p->c[r * p->n + c], &sum, 1, 1e-5);
                }
        }
        plain_destroy(&networks[i]);
    }
}

/* Whoever multiplies, the network learns the same. */
static void compare_networks(const struct tp_tier *tier)
{
    const size_t count = create_networks(networks, tier);
    float expected[3] = {0};
    for (size_t i = 0; i < count; i++) {
        networks[i].optimizer.rate = 0.1f;
        for (int step = 0; step < 3; step++) {
            const float loss = plain_step(&networks[i]);
            if (i == 0)
                expected[step] = loss;
            assert_near(&loss, &expected[step], 1, 1e-5);
        }
        assert_true(expected[2] < expected[0]);
        for (size_t r = 0; r < small.batch; r++) { /* softmax less the label: they sum to 0 */
            float sum = 0, zero = 0;
            for (size_t k = 0; k < 10; k++)
                sum += networks[i].d[3][r * 10 + k];
            assert_near(&sum, &zero, 1, 1e-6);
        }
        plain_destroy(&networks[i]);
    }
}

static void compare_functions(const struct tp_tier *tier)
{
    static float z[COUNT], a[COUNT], d[COUNT], expected[COUNT];
    bench_fill(z, COUNT, 90); /* far into where exp is cut off */
    for (size_t i = 0; i < COUNT; i++) {
        z[i] /= i % 2 ? 30 : 1;
        expected[i] = tp_scalar_activate(TILEPROP_LECUN_TANH, z[i]);
    }
    loops_of(tier)->activate(z, COUNT);
    assert_near(z, expected, COUNT, 1e-6);
    bench_fill(a, COUNT, 0.9f);
    bench_fill(d, COUNT, 1);
    for (size_t i = 0; i < COUNT; i++)
        expected[i] = tp_scalar_derive(TILEPROP_LECUN_TANH, a[i], d[i]);
    loops_of(tier)->derive(d, a, COUNT);
    assert_near(d, expected, COUNT, 1e-6);
}

/* Weights as they come out of two updates by ours, from the same gradient; one panel is row-major. */
static void compare_rule(const struct tp_tier *tier)
{
    const struct bench_call call = {
        .verb = BENCH_APPLY, .m = 20, .n = TP_PANEL, .k = 1, .optimizer = TILEPROP_MOMENTUM};
    enum { WEIGHTS = 20 * TP_PANEL };
    float w[WEIGHTS], v[WEIGHTS];
    struct bench_operands ours;
    assert_int_equal(bench_create(&ours, &call, tp_tiers[0], 1, NULL), TILEPROP_OK);
    memcpy(w, ours.weights.data, sizeof w);
    memcpy(v, ours.state[0], sizeof v);
    ours.optimizer.rate = 0.01f;
    ours.optimizer.decay = 0.001f;
    for (int times = 0; times < 2; times++) {
        bench_run(&ours, 0, 1);
        loops_of(tier)->momentum(&ours.optimizer, w, ours.gradient.data, v, WEIGHTS);
    }
    assert_near(w, ours.weights.data, WEIGHTS, 1e-6);
    assert_near(v, ours.state[0], WEIGHTS, 1e-6);
    bench_destroy(&ours);
}

static void compare_stream(const struct tp_tier *tier)
{
    static float x[4 * LOOPS_SCALE_BLOCK], y[5 * LOOPS_SCALE_BLOCK];
    bench_fill(x, 4 * LOOPS_SCALE_BLOCK, 1);
    bench_fill(y, 5 * LOOPS_SCALE_BLOCK, 1);
    const float behind = y[4 * LOOPS_SCALE_BLOCK];
    loops_of(tier)->scale(4 * LOOPS_SCALE_BLOCK, x, y);
    for (size_t i = 0; i < 4 * LOOPS_SCALE_BLOCK; i++)
        assert_true(y[i] == 3 * x[i]);
    assert_true(y[4 * LOOPS_SCALE_BLOCK] == behind);
}

static void test_loops_are_the_verbs(void **state)
{
    (void)state;
    for (size_t t = 0; tp_tiers[t]; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        compare_functions(tp_tiers[t]);
        compare_rule(tp_tiers[t]);
        compare_stream(tp_tiers[t]);
        compare_networks(tp_tiers[t]);
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

static tileprop_status run_calls(void *context, size_t times, const struct bench_watch *watch,
                                 struct tp_error *error)
{
    struct calls *calls = context;
    (void)error;
    now += 1; /* what a run does before it starts the watch does not count */
    bench_start(watch);
    now += calls->seconds * (double)times;
    bench_stop(watch);
    calls->bursts++;
    calls->times += times;
    return TILEPROP_OK;
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
    assert_int_equal(bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, burst, NULL), TILEPROP_OK);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(isnan(seconds[SLOW][round]), round % 5 != 2);
        assert_true(seconds[FAST][round] > 0);
        assert_near(&(float){(float)seconds[BUSY][round]}, &(float){(float)slow}, 1, 1e-6);
    }
    assert_int_equal(calls[SLOW].bursts, 2 + 3); /* a cold call, and one that tells how slow it is */
    assert_int_equal(calls[BUSY].bursts, 2 + ROUNDS);

    /* Two rounds are too few to rest in, and what is not four times as slow as the fastest does not rest. */
    bench_compete(contenders, COUNT_OF_CALLS, 2, burst, NULL);
    assert_true(seconds[SLOW][0] > 0 && seconds[SLOW][1] > 0);
    calls[FAST].seconds = 3e-3;
    bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, burst, NULL);
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
    bench_compete(contenders, COUNT_OF_CALLS, ROUNDS, 2e-3, NULL);
    for (int i = 0; i < COUNT_OF_CALLS; i++)
        assert_int_equal(calls[i].times, 2 + ROUNDS * (untimed[i] + timed[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_finds_wrong_kernels),
        cmocka_unit_test(test_peers_multiply),
        cmocka_unit_test(test_loops_are_the_verbs),
        cmocka_unit_test(test_a_slow_contender_rests),
        cmocka_unit_test(test_operands_settle_before_they_are_timed),
        cmocka_unit_test(test_rounds_without_a_figure_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
