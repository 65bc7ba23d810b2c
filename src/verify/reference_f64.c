#include "verify/reference_f64.h"

#include <math.h>

/* Efficient BackProp 4.4. */
#define LECUN_A 1.7159

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double sigmoid_derivative(double a)
{
    return a * (1 - a);
}

static double lecun_tanh(double z)
{
    return LECUN_A * tanh(2 * z / 3);
}

static double lecun_tanh_derivative(double a)
{
    return 2.0 / 3 * (LECUN_A - a * a / LECUN_A);
}

static double tanh_derivative(double a)
{
    return 1 - a * a;
}

static double relu(double z)
{
    return z > 0 ? z : 0;
}

static double relu_derivative(double a)
{
    return a > 0 ? 1 : 0;
}

static double linear(double z)
{
    return z;
}

static double linear_derivative(double a)
{
    (void)a;
    return 1;
}

const struct tp_f64_activation tp_f64_activations[TP_ACTIVATION_COUNT] = {
    [TILEPROP_LINEAR] = {linear, linear_derivative, false},
    [TILEPROP_SIGMOID] = {sigmoid, sigmoid_derivative, false},
    [TILEPROP_LECUN_TANH] = {lecun_tanh, lecun_tanh_derivative, false},
    [TILEPROP_TANH] = {tanh, tanh_derivative, false},
    [TILEPROP_RELU] = {relu, relu_derivative, true},
};

static void layout(struct tp_reference_f64 *reference, struct tp_arena *arena)
{
    const size_t batch = reference->batch;
    reference->inputs = tp_arena_take(arena, batch, reference->layers[0].inputs * sizeof(double));
    reference->labels = tp_arena_take(arena, batch, sizeof *reference->labels);
    reference->weights = tp_arena_take(arena, batch, sizeof *reference->weights);
    for (size_t l = 0; l < reference->layer_count; l++) {
        struct tp_f64_layer *layer = &reference->layers[l];
        layer->w = tp_arena_take(arena, layer->rows, layer->units * sizeof(double));
        layer->gradient = tp_arena_take(arena, layer->rows, layer->units * sizeof(double));
        layer->z = tp_arena_take(arena, batch, layer->units * sizeof(double));
        layer->a = tp_arena_take(arena, batch, layer->units * sizeof(double));
        layer->d = tp_arena_take(arena, batch, layer->units * sizeof(double));
    }
}

/* Copies the trainer's initial weights. */
static tileprop_status copy_weights(struct tp_reference_f64 *reference, struct tp_network *network,
                                    const tileprop_options *options, struct tp_error *error)
{
    struct tp_arena arena, size = tp_arena_measure();
    tp_network_layout(network, 0, &size);
    const tileprop_status status = tp_arena_create(&arena, size.used, error);
    if (status != TILEPROP_OK)
        return status;
    tp_network_layout(network, 0, &arena);
    tp_network_initialize(network, 0, options->init, options->seed);
    for (size_t l = 0; l < reference->layer_count; l++) {
        const struct tp_f64_layer *layer = &reference->layers[l];
        float *row = (float *)layer->z; /* nothing is allocated yet */
        for (size_t i = 0; i < layer->rows; i++) {
            tp_network_row(network, l, i, row);
            for (size_t u = 0; u < layer->units; u++)
                layer->w[i * layer->units + u] = (double)row[u];
        }
    }
    tp_arena_destroy(&arena);
    return TILEPROP_OK;
}

static void copy_samples(struct tp_reference_f64 *reference, const struct tp_dataset *train,
                         const struct tp_normalization *normalization)
{
    const size_t features = train->features;
    for (size_t b = 0; b < reference->batch; b++) {
        double *inputs = reference->inputs + b * features;
        reference->labels[b] = train->labels[b];
        reference->weights[b] = train->sample_weights ? (double)train->sample_weights[b] : 1;
        for (size_t i = 0; i < features; i++) {
            const double x = train->type == TILEPROP_U8 ? ((const uint8_t *)train->samples)[b * features + i] : 0;
            inputs[i] = x * (double)normalization->scale[i] + (double)normalization->shift[i];
        }
        if (train->type == TILEPROP_U8)
            continue;
        const struct tp_row row = tp_dataset_row(train, b);
        for (size_t k = 0; k < row.count; k++)
            inputs[tp_row_feature(&row, k)] +=
                (double)row.values[k] * (double)normalization->scale[tp_row_feature(&row, k)];
    }
}

tileprop_status tp_f64_make(struct tp_reference_f64 *reference, const tileprop_options *options,
                            const struct tp_dataset *train, const struct tp_normalization *normalization, size_t batch,
                            struct tp_error *error)
{
    *reference = (struct tp_reference_f64){.batch = train->count < batch ? train->count : batch,
                                           .activation = tp_f64_activations[options->activation]};
    struct tp_network network;
    struct tp_arena size = tp_arena_measure();
    tileprop_status status = tp_network_shape(&network, options, train->features, train->classes, 1, error);
    reference->layer_count = status ? 0 : network.layer_count;
    for (size_t l = 0; l < reference->layer_count; l++) {
        const struct tp_layer *layer = &network.layers[l];
        reference->layers[l] =
            (struct tp_f64_layer){.inputs = layer->inputs, .rows = layer->inputs + layer->bias, .units = layer->units};
    }
    if (!status) {
        layout(reference, &size);
        status = tp_arena_create(&reference->arena, size.used, error);
    }
    if (!status) {
        layout(reference, &reference->arena);
        copy_samples(reference, train, normalization);
        status = copy_weights(reference, &network, options, error);
    }
    tp_network_free(&network);
    return status;
}

void tp_f64_free(struct tp_reference_f64 *reference)
{
    tp_arena_destroy(&reference->arena);
    *reference = (struct tp_reference_f64){0};
}

void tp_f64_sums(const struct tp_f64_layer *layer, const double *a, double *z)
{
    for (size_t u = 0; u < layer->units; u++)
        z[u] = layer->rows > layer->inputs ? layer->w[layer->inputs * layer->units + u] : 0;
    for (size_t i = 0; i < layer->inputs; i++)
        for (size_t u = 0; u < layer->units; u++)
            z[u] += a[i] * layer->w[i * layer->units + u];
}

double tp_f64_loss(size_t classes, const double *z, size_t label, double *p)
{
    double most = z[0], sum = 0;
    for (size_t k = 1; k < classes; k++)
        most = z[k] > most ? z[k] : most;
    for (size_t k = 0; k < classes; k++)
        sum += exp(z[k] - most);
    for (size_t k = 0; p && k < classes; k++)
        p[k] = exp(z[k] - most) / sum;
    return log(sum) - (z[label] - most);
}

static void forward(struct tp_reference_f64 *reference)
{
    for (size_t l = 0; l < reference->layer_count; l++) {
        const struct tp_f64_layer *layer = &reference->layers[l];
        const bool hidden = l + 1 < reference->layer_count;
        for (size_t b = 0; b < reference->batch; b++) {
            double *z = layer->z + b * layer->units, *a = layer->a + b * layer->units;
            tp_f64_sums(layer, tp_f64_inputs(reference, l, b), z);
            for (size_t u = 0; u < layer->units; u++)
                a[u] = hidden ? reference->activation.f(z[u]) : z[u];
        }
    }
}

/* d of the last layer: weight (softmax(z) - one-hot(label)) / batch. */
static void output_gradients(struct tp_reference_f64 *reference)
{
    const struct tp_f64_layer *layer = &reference->layers[reference->layer_count - 1];
    for (size_t b = 0; b < reference->batch; b++) {
        double *d = layer->d + b * layer->units;
        tp_f64_loss(layer->units, layer->z + b * layer->units, reference->labels[b], d);
        d[reference->labels[b]] -= 1;
        for (size_t k = 0; k < layer->units; k++)
            d[k] = reference->weights[b] * d[k] / (double)reference->batch;
    }
}

/* d of the layer below: its f' times the sum over u of d[u] w[i][u]. */
static void hidden_gradients(struct tp_reference_f64 *reference, size_t l)
{
    const struct tp_f64_layer *layer = &reference->layers[l];
    for (size_t b = 0; b < reference->batch; b++) {
        const double *d = layer->d + b * layer->units, *a = tp_f64_inputs(reference, l, b);
        double *below = reference->layers[l - 1].d + b * layer->inputs;
        for (size_t i = 0; i < layer->inputs; i++) {
            double sum = 0;
            for (size_t u = 0; u < layer->units; u++)
                sum += d[u] * layer->w[i * layer->units + u];
            below[i] = sum * reference->activation.derivative(a[i]);
        }
    }
}

/* gradient[i][u] = sum over the batch of a[i] d[u], where the bias row's a is 1. */
static void weight_gradients(struct tp_reference_f64 *reference, size_t l)
{
    const struct tp_f64_layer *layer = &reference->layers[l];
    for (size_t w = 0; w < layer->rows * layer->units; w++)
        layer->gradient[w] = 0;
    for (size_t b = 0; b < reference->batch; b++) {
        const double *d = layer->d + b * layer->units, *a = tp_f64_inputs(reference, l, b);
        for (size_t i = 0; i < layer->rows; i++)
            for (size_t u = 0; u < layer->units; u++)
                layer->gradient[i * layer->units + u] += tp_f64_input(layer, a, i) * d[u];
    }
}

void tp_f64_propagate(struct tp_reference_f64 *reference)
{
    forward(reference);
    output_gradients(reference);
    for (size_t l = reference->layer_count - 1; l > 0; l--)
        hidden_gradients(reference, l);
    for (size_t l = 0; l < reference->layer_count; l++)
        weight_gradients(reference, l);
}
