/*
 * The gradients that each tier's verbs give, against central differences of a loss written plainly in double.
 * A gradient may be off by BOUND of the largest gradient of its layer: chains of at most 34 single-precision
 * links in at most 3 layers (34 * 2^-24 each, 6e-6 together), while the differences are good to 1e-8.
 */
#include <math.h>
#include <stdalign.h>
#include <stdbool.h>

#include "../kernels/flush.h"
#include "../kernels/kernels.h"
#include "check.h"

#define BOUND  1e-5
#define STEP   1e-5 /* of the central differences */
#define MARGIN 1e-3 /* relu: how far every z stays from the kink, far more than STEP moves it */

#define BATCH       7
#define LAYERS_MAX  3
#define ROWS_MAX    40
#define COLUMNS_MAX 48
#define STRIDE      (ROWS_MAX * TP_PANEL) /* of every matrix here */
#define FLOATS      (COLUMNS_MAX * ROWS_MAX)

struct network {
    size_t layers; /* of weights */
    size_t width[LAYERS_MAX + 1];
    enum tp_activation activation; /* of the hidden layers */
    bool bias;
    bool weighted;
};

/* A network with a batch in it, and all that the verbs write. Too large for some stacks, so static. */
struct run {
    alignas(64) float w[LAYERS_MAX][FLOATS];
    alignas(64) float wt[LAYERS_MAX][FLOATS];
    alignas(64) float gradient[LAYERS_MAX][FLOATS];
    alignas(64) float a[LAYERS_MAX + 1][FLOATS];
    alignas(64) float d[LAYERS_MAX + 1][FLOATS];
    float samples[BATCH * COLUMNS_MAX], weights[BATCH], loss[BATCH];
    uint16_t labels[BATCH];
};

static struct run run;

/* Uniform in [-1, 1), deterministic (xorshift64*). */
static float draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (float)(*state * UINT64_C(0x2545F4914F6CDD1D) >> 40) * 0x1p-23f - 1;
}

static void make_run(const struct network *n, uint64_t seed)
{
    memset(&run, 0, sizeof run);
    for (size_t l = 0; l < n->layers; l++) {
        for (size_t i = 0; i < n->width[l] + n->bias; i++) {
            for (size_t u = 0; u < n->width[l + 1]; u++) {
                float w = draw(&seed) * 2 / sqrtf((float)n->width[l]);
                run.w[l][tp_panel_offset(STRIDE, i, u)] = w;
                if (i < n->width[l])
                    run.wt[l][tp_panel_offset(STRIDE, u, i)] = w;
            }
        }
    }
    for (size_t i = 0; i < BATCH * n->width[0]; i++)
        run.samples[i] = draw(&seed);
    for (size_t r = 0; r < BATCH; r++) {
        run.labels[r] = (uint16_t)(r % n->width[n->layers]);
        run.weights[r] = 1 + draw(&seed) / 2;
    }
}

static double activate(enum tp_activation activation, double z)
{
    switch (activation) {
    case TP_SIGMOID:
        return 1 / (1 + exp(-z));
    case TP_LECUN_TANH:
        return 1.7159 * tanh(z * 2 / 3);
    case TP_TANH:
        return tanh(z);
    case TP_RELU:
        return z > 0 ? z : 0;
    case TP_LINEAR:
    case TP_ACTIVATION_COUNT:
        break;
    }
    return z;
}

/* Mean loss over the batch, with element (row, unit) of layer `at` moved by `by`. *nearest: the least |z|
 * hidden. */
static double loss_in_double(const struct network *n, size_t at, size_t row, size_t unit, double by,
                             double *nearest)
{
    double total = 0;
    for (size_t r = 0; r < BATCH; r++) {
        double a[COLUMNS_MAX], z[COLUMNS_MAX];
        for (size_t i = 0; i < n->width[0]; i++)
            a[i] = (double)run.samples[r * n->width[0] + i];
        for (size_t l = 0; l < n->layers; l++) {
            bool hidden = l + 1 < n->layers;
            for (size_t u = 0; u < n->width[l + 1]; u++) {
                z[u] = 0;
                for (size_t i = 0; i < n->width[l] + n->bias; i++) {
                    double w = (double)run.w[l][tp_panel_offset(STRIDE, i, u)];
                    w += l == at && i == row && u == unit ? by : 0;
                    z[u] += i < n->width[l] ? a[i] * w : w;
                }
                if (hidden)
                    *nearest = fmin(*nearest, fabs(z[u]));
            }
            for (size_t u = 0; u < n->width[l + 1]; u++)
                a[u] = hidden ? activate(n->activation, z[u]) : z[u];
        }
        double sum = 0, weight = n->weighted ? (double)run.weights[r] : 1;
        for (size_t k = 0; k < n->width[n->layers]; k++)
            sum += exp(a[k]);
        total += weight * (log(sum) - a[run.labels[r]]);
    }
    return total / BATCH;
}

static double difference(const struct network *n, size_t l, size_t i, size_t u, double *nearest)
{
    double above = loss_in_double(n, l, i, u, STEP, nearest),
           below = loss_in_double(n, l, i, u, -STEP, nearest);
    return (above - below) / (2 * STEP);
}

/* Fills run.gradient. `slope` is the activation that backward is told, which a test may make the wrong one.
 */
static void gradients_by_verbs(const struct tp_tier *tier, const struct network *n, enum tp_activation slope)
{
    float scale[COLUMNS_MAX], shift[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        scale[i] = 1;
    tier->pack_f32(&(struct tp_pack){.row_end = BATCH,
                                     .features = n->width[0],
                                     .samples = run.samples,
                                     .scale = scale,
                                     .shift = shift,
                                     .a = run.a[0],
                                     .a_stride = STRIDE});
    for (size_t l = 0; l < n->layers; l++) {
        tier->forward(&(struct tp_forward){.row_end = BATCH,
                                           .inputs = n->width[l],
                                           .units = n->width[l + 1],
                                           .bias = n->bias,
                                           .a = run.a[l],
                                           .a_stride = STRIDE,
                                           .w = run.w[l],
                                           .w_stride = STRIDE,
                                           .z = run.a[l + 1],
                                           .z_stride = STRIDE,
                                           .activation = l + 1 < n->layers ? n->activation : TP_LINEAR});
    }
    tier->loss(&(struct tp_loss){.row_end = BATCH,
                                 .classes = n->width[n->layers],
                                 .z = run.a[n->layers],
                                 .z_stride = STRIDE,
                                 .labels = run.labels,
                                 .weights = n->weighted ? run.weights : NULL,
                                 .scale = 1.0f / BATCH,
                                 .d = run.d[n->layers],
                                 .d_stride = STRIDE,
                                 .loss = run.loss});
    for (size_t l = n->layers - 1; l > 0; l--) {
        tier->backward(&(struct tp_backward){.row_end = BATCH,
                                             .input_end = n->width[l],
                                             .units = n->width[l + 1],
                                             .first = true,
                                             .last = true,
                                             .d = run.d[l + 1],
                                             .d_stride = STRIDE,
                                             .wt = run.wt[l],
                                             .wt_stride = STRIDE,
                                             .a = run.a[l],
                                             .a_stride = STRIDE,
                                             .d_in = run.d[l],
                                             .d_in_stride = STRIDE,
                                             .activation = slope});
    }
    struct tp_rule rule = {.kind = TP_SGD, .rate = 0.02f, .keep = 1};
    for (size_t l = 0; l < n->layers; l++) {
        tier->update(&(struct tp_update){.rows = BATCH,
                                         .input_end = n->width[l],
                                         .inputs = n->width[l],
                                         .units = n->width[l + 1],
                                         .bias = n->bias,
                                         .a = run.a[l],
                                         .a_stride = STRIDE,
                                         .d = run.d[l + 1],
                                         .d_stride = STRIDE,
                                         .rule = &rule,
                                         .w = run.w[l],
                                         .w_stride = STRIDE,
                                         .wt = run.wt[l],
                                         .wt_stride = STRIDE,
                                         .gradient = run.gradient[l]});
    }
}

/* The largest error of any layer's gradient, as a part of the largest gradient of that layer. */
static double worst_error(const struct network *n)
{
    double worst = 0, nearest = INFINITY;
    for (size_t l = 0; l < n->layers; l++) {
        double largest = 0, error = 0;
        for (size_t i = 0; i < n->width[l] + n->bias; i++) {
            for (size_t u = 0; u < n->width[l + 1]; u++) {
                double expected = difference(n, l, i, u, &nearest);
                double got = (double)run.gradient[l][tp_panel_offset(STRIDE, i, u)];
                assert_true(isfinite(got));
                largest = fmax(largest, fabs(expected));
                error = fmax(error, fabs(got - expected));
            }
        }
        assert_true(largest > 1e-4);
        worst = fmax(worst, error / largest);
    }
    assert_true(n->activation != TP_RELU || nearest > MARGIN);
    return worst;
}

static const struct network shapes[] = {
    {.layers = 2, .width = {5, 4, 3}},
    {.layers = 3, .width = {20, 17, 33, 10}},
};

/* For this seed no z of the relu networks is near the kink; worst_error sees to it. */
#define SEED 1

static struct network make_network(size_t shape, enum tp_activation activation, bool bias)
{
    struct network n = shapes[shape];
    n.activation = activation;
    n.bias = bias;
    n.weighted = bias;
    make_run(&n, SEED);
    return n;
}

static void test_gradients(void **state)
{
    (void)state;
    for (const struct tp_tier *const *tier = tp_tiers; *tier; tier++) {
        if (!tp_tier_runs_here(*tier)) {
            print_message("# %s: not on this CPU\n", (*tier)->name);
            continue;
        }
        double worst = 0;
        for (size_t shape = 0; shape < 2; shape++) {
            for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
                for (int bias = 0; bias < 2; bias++) {
                    struct network n = make_network(shape, (enum tp_activation)activation, bias);
                    gradients_by_verbs(*tier, &n, n.activation);
                    double error = worst_error(&n);
                    if (!(error <= BOUND))
                        fail_msg("%s, shape %zu, activation %d, bias %d: off by %g", (*tier)->name, shape,
                                 activation, bias, error);
                    worst = fmax(worst, error);
                }
            }
        }
        print_message("# %s: off by at most %.1e, bound %.1e\n", (*tier)->name, worst, BOUND);
    }
}

/* Each activation with each other one's f' must be caught, or the test above tests nothing. */
static void test_wrong_slope_is_caught(void **state)
{
    (void)state;
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int slope = 0; slope < TP_ACTIVATION_COUNT; slope++) {
            if (slope == activation)
                continue;
            struct network n = make_network(0, (enum tp_activation)activation, true);
            gradients_by_verbs(tp_tiers[0], &n, (enum tp_activation)slope);
            assert_true(worst_error(&n) > 100 * BOUND);
        }
    }
}

static int flush(void **state)
{
    static uint64_t saved;
    saved = tp_flush_enter();
    *state = &saved;
    return 0;
}

static int restore(void **state)
{
    tp_flush_leave(*(uint64_t *)*state);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_wrong_slope_is_caught),
    };
    return cmocka_run_group_tests(tests, flush, restore);
}
