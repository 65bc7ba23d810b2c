/*
 * The part of gradient_check.h that compares a tier's verbs with double.
 */
#include <float.h>
#include <math.h>

#include "kernels/flush.h"
#include "network/step.h"
#include "verify/gradient_check.h"

#define ROUNDOFF (FLT_EPSILON / 2.0)
#define ULP      (2 * ROUNDOFF) /* of a float y at most, as a part of |y| */
#define MARGIN   1.01           /* for terms of second order */

_Static_assert((int)TILEPROP_PACK == (int)TILEPROP_PACK && (int)TILEPROP_FORWARD == (int)TILEPROP_FORWARD &&
                   (int)TILEPROP_LOSS == (int)TILEPROP_LOSS &&
                   (int)TILEPROP_BACKWARD == (int)TILEPROP_BACKWARD &&
                   (int)TILEPROP_UPDATE == (int)TILEPROP_UPDATE && (int)TILEPROP_VERBS == (int)TILEPROP_VERBS,
               "verbs are the same numbers");

/* Of f: sup f', and its error. Of f': its error besides one rounding of the result, in units of u. */
struct function_error {
    double slope_most, ulps, slope_roundings;
};

static const struct function_error function_errors[TP_ACTIVATION_COUNT] = {
    [TILEPROP_LINEAR] = {1, 0, 0},
    [TILEPROP_SIGMOID] = {0.25, 2.5, 0},
    /* f' = C1 - C2 a^2: both constants and a^2 are rounded, and C2 a^2 <= C1. */
    [TILEPROP_LECUN_TANH] = {1.7159 * 2 / 3, 5, 3 * 1.7159 * 2 / 3},
    [TILEPROP_TANH] = {1, 3.5, 0},
    [TILEPROP_RELU] = {1, 0, 0},
};

/* A step of the tier beside the plain network, and what double makes of the tier's own inputs. */
struct comparison {
    const struct tp_reference_f64 *plain;
    tileprop_activation activation;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_step step;
    struct tp_step_member member;
    float *gradient;              /* room for any layer's */
    double *d[TP_LAYERS_MAX];     /* [batch][units] */
    double *error[TP_LAYERS_MAX]; /* bound of |tier's d - d| */
    tileprop_isa_gradients *found;
};

/* Error of a chain of n links whose terms add up to `magnitude` without their signs; each may be flushed. */
static double chain_error(size_t n, double magnitude)
{
    const double roundings = (double)n * ROUNDOFF;
    return roundings / (1 - roundings) * magnitude + (double)n * FLT_MIN;
}

/* Whether it is the verb's worst so far. */
static bool compare(struct comparison *c, tileprop_verb verb, double got, double expected, double bound)
{
    const double share = fabs(got - expected) / (MARGIN * bound + FLT_MIN);
    if (!tp_is_above(share, c->found->shares[verb]))
        return false;
    c->found->shares[verb] = share;
    return true;
}

/* Row `row` of a [batch x columns] matrix of the step. */
static double element(const struct comparison *c, const float *matrix, size_t row, size_t column)
{
    return (double)matrix[tp_panel_offset(c->step.stride, row, column)];
}

static float *inputs_of(const struct comparison *c, size_t l)
{
    return l == 0 ? c->member.inputs : c->step.a[l - 1];
}

static void compare_pack(struct comparison *c)
{
    const size_t features = c->plain->layers[0].inputs;
    for (size_t b = 0; b < c->plain->batch; b++) {
        for (size_t i = 0; i < features; i++) {
            const double x = c->plain->inputs[b * features + i];
            compare(c, TILEPROP_PACK, element(c, c->member.inputs, b, i), x, ROUNDOFF * fabs(x));
        }
    }
}

static void compare_forward(struct comparison *c, size_t l)
{
    const struct tp_f64_layer *layer = &c->plain->layers[l];
    const bool hidden = l + 1 < c->plain->layer_count;
    const struct function_error *f = &function_errors[hidden ? c->activation : TILEPROP_LINEAR];
    for (size_t b = 0; b < c->plain->batch; b++) {
        for (size_t u = 0; u < layer->units; u++) {
            double sum = layer->bias ? layer->w[layer->inputs * layer->units + u] : 0;
            double magnitude = fabs(sum);
            for (size_t i = 0; i < layer->inputs; i++) {
                const double term = element(c, inputs_of(c, l), b, i) * layer->w[i * layer->units + u];
                sum += term;
                magnitude += fabs(term);
            }
            const double a = hidden ? c->plain->activation.f(sum) : sum;
            const double sum_error = chain_error(layer->inputs + layer->bias, magnitude);
            compare(c, TILEPROP_FORWARD, element(c, c->step.a[l], b, u), a,
                    f->slope_most * sum_error + f->ulps * ULP * fabs(a));
        }
    }
}

static void compare_loss(struct comparison *c, double *z, double *p)
{
    const size_t last = c->plain->layer_count - 1, classes = c->plain->layers[last].units;
    const double batch = (double)c->plain->batch;
    for (size_t b = 0; b < c->plain->batch; b++) {
        double most = -INFINITY, spread = 0;
        for (size_t k = 0; k < classes; k++) {
            z[k] = element(c, c->step.a[last], b, k);
            most = fmax(most, z[k]);
        }
        tp_f64_softmax(classes, z, p);
        for (size_t k = 0; k < classes; k++)
            spread += p[k] * (most - z[k]);

        /* Of s = sum exp(z - m): a rounding of each z - m, exp's ulp, and a chain of additions. */
        const double sum_error = spread + 6 + (double)tp_panel_count(classes);
        const size_t label = c->plain->labels[b];
        const double loss = tp_f64_loss(classes, z, label), log_sum = loss + z[label] - most;
        compare(c, TILEPROP_LOSS, (double)c->step.loss[b], loss,
                ROUNDOFF * (sum_error + 4 * fabs(log_sum) + (most - z[label]) + loss));
        for (size_t k = 0; k < classes; k++) {
            const size_t at = b * classes + k;
            const double off = p[k] - (k == label);
            c->d[last][at] = off / batch;
            c->error[last][at] =
                ROUNDOFF * (p[k] * (most - z[k] + sum_error + 3) + 3 * fabs(off)) / batch + FLT_MIN;
            compare(c, TILEPROP_LOSS, element(c, c->step.d[last], b, k), c->d[last][at], c->error[last][at]);
        }
    }
}

/* From layer l to the layer below. */
static void compare_backward(struct comparison *c, size_t l)
{
    const struct tp_f64_layer *layer = &c->plain->layers[l];
    const struct function_error *f = &function_errors[c->activation];
    for (size_t b = 0; b < c->plain->batch; b++) {
        for (size_t i = 0; i < layer->inputs; i++) {
            double sum = 0, magnitude = 0;
            for (size_t u = 0; u < layer->units; u++) {
                const double term = element(c, c->step.d[l], b, u) * layer->w[i * layer->units + u];
                sum += term;
                magnitude += fabs(term);
            }
            const double slope = c->plain->activation.slope(element(c, c->step.a[l - 1], b, i));
            const size_t at = b * layer->inputs + i;
            c->d[l - 1][at] = sum * slope;
            c->error[l - 1][at] = chain_error(layer->units + 2, magnitude) * fabs(slope) +
                                  f->slope_roundings * ROUNDOFF * magnitude + FLT_MIN;
            compare(c, TILEPROP_BACKWARD, element(c, c->step.d[l - 1], b, i), c->d[l - 1][at],
                    c->error[l - 1][at]);
        }
    }
}

static void compare_update(struct comparison *c, size_t l)
{
    const struct tp_f64_layer *layer = &c->plain->layers[l];
    const struct tp_slice *slice = &c->network.layers[l].slices[0];
    c->step.tier->update(&(struct tp_update){
        .rows = c->plain->batch,
        .input_end = layer->inputs,
        .bias = layer->bias,
        .a = {inputs_of(c, l), c->step.stride, c->plain->batch, layer->inputs},
        .d = {c->step.d[l], c->step.stride, c->plain->batch, layer->units},
        .optimizer = &c->step.optimizer,
        .w = {slice->w, slice->w_stride, layer->inputs + layer->bias, layer->units},
        .gradient = {c->gradient, slice->w_stride, layer->inputs + layer->bias, layer->units}});
    double largest = 0, apart = 0;
    for (size_t i = 0; i < layer->inputs + layer->bias; i++) {
        for (size_t u = 0; u < layer->units; u++) {
            double sum = 0, magnitude = 0, d_error = 0;
            for (size_t b = 0; b < c->plain->batch; b++) {
                const double a = i < layer->inputs ? element(c, inputs_of(c, l), b, i) : 1;
                const size_t at = b * layer->units + u;
                sum += a * c->d[l][at];
                magnitude += fabs(a * c->d[l][at]);
                d_error += fabs(a) * c->error[l][at];
            }
            const double got = (double)c->gradient[tp_panel_offset(slice->w_stride, i, u)];
            const double bound = d_error + chain_error(c->plain->batch, magnitude);
            if (compare(c, TILEPROP_UPDATE, got, sum, bound)) {
                c->found->layer = l;
                c->found->at = (tileprop_weight_place){i, u};
                c->found->difference = fabs(got - sum);
                c->found->bound = MARGIN * bound + FLT_MIN;
            }
            const double plain = layer->gradient[i * layer->units + u];
            largest = fmax(largest, fabs(plain));
            apart = tp_is_above(fabs(got - plain), apart) ? fabs(got - plain) : apart;
        }
    }
    if (tp_is_above(apart / largest, c->found->end_to_end))
        c->found->end_to_end = apart / largest;
}

static void nothing_to_report(void *context, size_t rows)
{
    (void)context;
    (void)rows;
}

static size_t gradient_floats(const struct tp_network *network)
{
    size_t most = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const size_t floats =
            tp_panel_count(network->layers[l].units) * network->layers[l].slices[0].w_stride;
        most = floats > most ? floats : most;
    }
    return most;
}

static size_t bytes_wanted(const struct comparison *c)
{
    size_t bytes = tp_network_bytes(&c->network, 0, 0);
    bytes = tp_step_bytes(&c->network, &c->plan, bytes);
    bytes = tp_step_member_bytes(&c->network, &c->plan, bytes);
    bytes = tp_arena_add(bytes, gradient_floats(&c->network), sizeof(float));
    bytes = tp_arena_add(bytes, c->plain->batch, sizeof(uint32_t));
    for (size_t l = 0; l < c->plain->layer_count; l++)
        for (int i = 0; i < 2; i++)
            bytes = tp_arena_add(bytes, c->plain->batch, c->plain->layers[l].units * sizeof(double));
    for (int i = 0; i < 2; i++)
        bytes = tp_arena_add(bytes, c->plain->layers[c->plain->layer_count - 1].units, sizeof(double));
    return bytes;
}

static void run_and_compare(struct comparison *c, const struct tp_train_options *options,
                            struct tp_arena *arena)
{
    const size_t batch = c->plain->batch, last = c->plain->layer_count - 1;
    const size_t classes = c->plain->layers[last].units;
    tp_network_place(&c->network, 0, arena);
    tp_step_place(&c->step, arena);
    tp_step_member_place(&c->step, &c->member, arena);
    c->gradient = tp_arena_take(arena, gradient_floats(&c->network) * sizeof(float));
    uint32_t *index = tp_arena_take(arena, batch * sizeof *index);
    for (size_t l = 0; l <= last; l++) {
        c->d[l] = tp_arena_take(arena, batch * c->plain->layers[l].units * sizeof(double));
        c->error[l] = tp_arena_take(arena, batch * c->plain->layers[l].units * sizeof(double));
    }
    double *z = tp_arena_take(arena, classes * sizeof *z), *p = tp_arena_take(arena, classes * sizeof *p);

    tp_network_initialize(&c->network, 0, options->init, options->seed);
    for (size_t b = 0; b < batch; b++)
        index[b] = (uint32_t)b;
    tp_step_run(&c->step, &c->member, index, batch, NULL, 0, nothing_to_report, NULL);

    compare_pack(c);
    for (size_t l = 0; l <= last; l++)
        compare_forward(c, l);
    compare_loss(c, z, p);
    for (size_t l = last; l > 0; l--)
        compare_backward(c, l);
    for (size_t l = 0; l <= last; l++)
        compare_update(c, l);
}

tileprop_status tp_tier_check(const struct tp_tier *tier, const struct tp_train_options *options,
                              const struct tp_dataset *train, const struct tp_normalization *normalization,
                              const struct tp_reference_f64 *plain, tileprop_isa_gradients *found,
                              struct tp_error *error)
{
    *found = (tileprop_isa_gradients){.isa = tier->name};
    struct comparison c = {.plain = plain, .activation = options->activation, .found = found};
    struct tp_train_options sgd = *options;
    sgd.optimizer = TILEPROP_SGD;
    tileprop_status status = tp_network_shape(&c.network, &sgd, train->features, train->classes, 1, error);
    struct tp_arena arena = {0};
    if (!status) {
        c.plan = tp_plan_make(&c.network, 1, 1, plain->batch);
        c.step = (struct tp_step){.tier = tier,
                                  .network = &c.network,
                                  .plan = &c.plan,
                                  .normalization = normalization,
                                  .optimizer = {.kind = TILEPROP_SGD, .keep = 1}};
        c.member.train = train;
        status = tp_arena_create(&arena, bytes_wanted(&c), error);
    }
    if (!status) {
        const uint64_t saved = tp_flush_enter();
        run_and_compare(&c, &sgd, &arena);
        tp_flush_leave(saved);
        found->right = 1;
        for (int verb = 0; verb < TILEPROP_VERBS; verb++)
            found->right &= found->shares[verb] <= 1;
    }
    tp_arena_destroy(&arena);
    tp_network_free(&c.network);
    return status;
}
