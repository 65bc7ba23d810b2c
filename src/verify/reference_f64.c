#include "verify/reference_f64.h"

#include <math.h>

/* Efficient BackProp 4.4. */
#define LECUN_A 1.7159

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double sigmoid_slope(double a)
{
    return a * (1 - a);
}

static double lecun_tanh(double z)
{
    return LECUN_A * tanh(2 * z / 3);
}

static double lecun_tanh_slope(double a)
{
    return 2.0 / 3 * (LECUN_A - a * a / LECUN_A);
}

static double tanh_slope(double a)
{
    return 1 - a * a;
}

static double relu(double z)
{
    return z > 0 ? z : 0;
}

static double relu_slope(double a)
{
    return a > 0 ? 1 : 0;
}

static double linear(double z)
{
    return z;
}

static double linear_slope(double a)
{
    (void)a;
    return 1;
}

struct tp_f64_activation tp_f64_activation(tileprop_activation activation)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        return (struct tp_f64_activation){sigmoid, sigmoid_slope, false};
    case TILEPROP_LECUN_TANH:
        return (struct tp_f64_activation){lecun_tanh, lecun_tanh_slope, false};
    case TILEPROP_TANH:
        return (struct tp_f64_activation){tanh, tanh_slope, false};
    case TILEPROP_RELU:
        return (struct tp_f64_activation){relu, relu_slope, true};
    case TILEPROP_LINEAR:
        break;
    }
    return (struct tp_f64_activation){linear, linear_slope, false};
}

static size_t weights_of(const struct tp_f64_layer *layer)
{
    return (layer->inputs + layer->bias) * layer->units;
}

static void layout(struct tp_reference_f64 *plain, struct tp_arena *arena)
{
    const size_t batch = plain->batch;
    plain->inputs = tp_arena_take(arena, batch, plain->layers[0].inputs * sizeof(double));
    plain->labels = tp_arena_take(arena, batch, sizeof *plain->labels);
    for (size_t l = 0; l < plain->layer_count; l++) {
        struct tp_f64_layer *layer = &plain->layers[l];
        layer->w = tp_arena_take(arena, weights_of(layer), sizeof(double));
        layer->gradient = tp_arena_take(arena, weights_of(layer), sizeof(double));
        layer->z = tp_arena_take(arena, batch, layer->units * sizeof(double));
        layer->a = tp_arena_take(arena, batch, layer->units * sizeof(double));
        layer->d = tp_arena_take(arena, batch, layer->units * sizeof(double));
    }
}

static tileprop_status allocate(struct tp_reference_f64 *plain, struct tp_error *error)
{
    struct tp_arena size = tp_arena_measure();
    layout(plain, &size);
    const tileprop_status status = tp_arena_create(&plain->arena, size.used, error);
    if (status == TILEPROP_OK)
        layout(plain, &plain->arena);
    return status;
}

/* The weights that the trainer would begin with. */
static tileprop_status copy_weights(struct tp_reference_f64 *plain, struct tp_network *network,
                                    const tileprop_options *options, struct tp_error *error)
{
    struct tp_arena arena, size = tp_arena_measure();
    tp_network_layout(network, 0, &size);
    const tileprop_status status = tp_arena_create(&arena, size.used, error);
    if (status != TILEPROP_OK)
        return status;
    tp_network_layout(network, 0, &arena);
    tp_network_initialize(network, 0, options->init, options->seed);
    for (size_t l = 0; l < plain->layer_count; l++) {
        const struct tp_f64_layer *layer = &plain->layers[l];
        float *row = (float *)layer->z; /* nothing is there yet */
        for (size_t i = 0; i < layer->inputs + layer->bias; i++) {
            tp_network_row(network, l, i, row);
            for (size_t u = 0; u < layer->units; u++)
                layer->w[i * layer->units + u] = (double)row[u];
        }
    }
    tp_arena_destroy(&arena);
    return TILEPROP_OK;
}

static void copy_samples(struct tp_reference_f64 *plain, const struct tp_dataset *train,
                         const struct tp_normalization *normalization)
{
    const size_t features = train->features;
    for (size_t b = 0; b < plain->batch; b++) {
        plain->labels[b] = train->labels[b];
        for (size_t i = 0; i < features; i++) {
            const size_t at = b * features + i;
            const double x = train->type == TILEPROP_U8 ? ((const uint8_t *)train->samples)[at]
                                                        : (double)((const float *)train->samples)[at];
            plain->inputs[at] = x * (double)normalization->scale[i] + (double)normalization->shift[i];
        }
    }
}

tileprop_status tp_f64_make(struct tp_reference_f64 *plain, const tileprop_options *options,
                            const struct tp_dataset *train, const struct tp_normalization *normalization,
                            size_t batch, struct tp_error *error)
{
    *plain = (struct tp_reference_f64){.batch = train->count < batch ? train->count : batch,
                                       .activation = tp_f64_activation(options->activation)};
    struct tp_network network;
    tileprop_status status = tp_network_shape(&network, options, train->features, train->classes, 1, error);
    plain->layer_count = status ? 0 : network.layer_count;
    for (size_t l = 0; l < plain->layer_count; l++)
        plain->layers[l] = (struct tp_f64_layer){.inputs = network.layers[l].inputs,
                                                 .units = network.layers[l].units,
                                                 .bias = network.layers[l].bias};
    if (!status)
        status = allocate(plain, error);
    if (!status)
        status = copy_weights(plain, &network, options, error);
    if (!status)
        copy_samples(plain, train, normalization);
    tp_network_free(&network);
    return status;
}

void tp_f64_free(struct tp_reference_f64 *plain)
{
    tp_arena_destroy(&plain->arena);
    *plain = (struct tp_reference_f64){0};
}

void tp_f64_sums(const struct tp_f64_layer *layer, const double *a, double *z)
{
    for (size_t u = 0; u < layer->units; u++)
        z[u] = layer->bias ? layer->w[layer->inputs * layer->units + u] : 0;
    for (size_t i = 0; i < layer->inputs; i++)
        for (size_t u = 0; u < layer->units; u++)
            z[u] += a[i] * layer->w[i * layer->units + u];
}

static double largest(size_t n, const double *z)
{
    double most = z[0];
    for (size_t k = 1; k < n; k++)
        most = z[k] > most ? z[k] : most;
    return most;
}

double tp_f64_loss(size_t classes, const double *z, size_t label)
{
    const double most = largest(classes, z);
    double sum = 0;
    for (size_t k = 0; k < classes; k++)
        sum += exp(z[k] - most);
    return log(sum) - (z[label] - most);
}

void tp_f64_softmax(size_t classes, const double *z, double *p)
{
    const double most = largest(classes, z);
    double sum = 0;
    for (size_t k = 0; k < classes; k++)
        sum += p[k] = exp(z[k] - most);
    for (size_t k = 0; k < classes; k++)
        p[k] /= sum;
}

void tp_f64_forward(struct tp_reference_f64 *plain)
{
    for (size_t l = 0; l < plain->layer_count; l++) {
        const struct tp_f64_layer *layer = &plain->layers[l];
        const bool hidden = l + 1 < plain->layer_count;
        for (size_t b = 0; b < plain->batch; b++) {
            double *z = layer->z + b * layer->units, *a = layer->a + b * layer->units;
            tp_f64_sums(layer, tp_f64_inputs(plain, l, b), z);
            for (size_t u = 0; u < layer->units; u++)
                a[u] = hidden ? plain->activation.f(z[u]) : z[u];
        }
    }
}

/* d of the last layer: (softmax(z) - one-hot(label)) / batch. */
static void output_gradients(struct tp_reference_f64 *plain)
{
    const struct tp_f64_layer *layer = &plain->layers[plain->layer_count - 1];
    for (size_t b = 0; b < plain->batch; b++) {
        double *d = layer->d + b * layer->units;
        tp_f64_softmax(layer->units, layer->z + b * layer->units, d);
        d[plain->labels[b]] -= 1;
        for (size_t k = 0; k < layer->units; k++)
            d[k] /= (double)plain->batch;
    }
}

/* d of the layer below: its f' times the sum over u of d[u] w[i][u]. */
static void hidden_gradients(struct tp_reference_f64 *plain, size_t l)
{
    const struct tp_f64_layer *layer = &plain->layers[l];
    for (size_t b = 0; b < plain->batch; b++) {
        const double *d = layer->d + b * layer->units, *a = tp_f64_inputs(plain, l, b);
        double *below = plain->layers[l - 1].d + b * layer->inputs;
        for (size_t i = 0; i < layer->inputs; i++) {
            double sum = 0;
            for (size_t u = 0; u < layer->units; u++)
                sum += d[u] * layer->w[i * layer->units + u];
            below[i] = sum * plain->activation.slope(a[i]);
        }
    }
}

/* gradient[i][u] = sum over the batch of a[i] d[u], where the bias row's a is 1. */
static void weight_gradients(struct tp_reference_f64 *plain, size_t l)
{
    const struct tp_f64_layer *layer = &plain->layers[l];
    for (size_t w = 0; w < weights_of(layer); w++)
        layer->gradient[w] = 0;
    for (size_t b = 0; b < plain->batch; b++) {
        const double *d = layer->d + b * layer->units, *a = tp_f64_inputs(plain, l, b);
        for (size_t i = 0; i < layer->inputs + layer->bias; i++)
            for (size_t u = 0; u < layer->units; u++)
                layer->gradient[i * layer->units + u] += (i < layer->inputs ? a[i] : 1) * d[u];
    }
}

void tp_f64_backward(struct tp_reference_f64 *plain)
{
    output_gradients(plain);
    for (size_t l = plain->layer_count - 1; l > 0; l--)
        hidden_gradients(plain, l);
    for (size_t l = 0; l < plain->layer_count; l++)
        weight_gradients(plain, l);
}
