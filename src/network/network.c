#include "network/network.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/random.h"
#include "data/dataset.h"
#include "network/weights.h"

/* Of n slices, slice s gets panels [panels * s / n, panels * (s + 1) / n). */
static void cut(struct tp_layer *layer)
{
    size_t panels = tp_panel_count(layer->units);
    for (size_t s = 0; s < layer->slice_count; s++) {
        struct tp_slice *slice = &layer->slices[s];
        size_t end = panels * (s + 1) / layer->slice_count * TP_PANEL;
        const size_t begin = panels * s / layer->slice_count * TP_PANEL;
        const size_t rows = layer->inputs + layer->bias, units = (end < layer->units ? end : layer->units) - begin;
        *slice = (struct tp_slice){.unit_begin = begin,
                                   .w = {.stride = tp_panel_stride(rows), .rows = rows, .columns = units},
                                   .wt = {.stride = tp_panel_stride(units), .rows = units, .columns = layer->inputs},
                                   .sums = {.stride = tp_panel_stride(tp_panel_count(layer->inputs)),
                                            .rows = tp_panel_count(layer->inputs),
                                            .columns = units}};
    }
}

/*
 * Whether sizes are small enough that no later sum or product overflows: the bytes of weights, transposed copy and
 * state, including padding and spacing, of as many layers as there may be.
 */
static bool sizes_fit(const struct tp_layer *layer)
{
    const size_t most = SIZE_MAX / (TP_LAYERS_MAX * 8 * sizeof(double));
    size_t weights;
    return layer->inputs < most && layer->units < most &&
           !__builtin_mul_overflow(layer->inputs + 1 + TP_SPACED + TP_PANEL, layer->units + TP_SPACED + TP_PANEL,
                                   &weights) &&
           weights < most;
}

/* Allocates slice_count slices. */
static tileprop_status make_slices(struct tp_layer *layer, struct tp_error *error)
{
    layer->slices = calloc(layer->slice_count, sizeof *layer->slices);
    if (!layer->slices)
        return tp_fail_memory(error, NULL, "the slices of a layer");
    cut(layer);
    return TILEPROP_OK;
}

tileprop_status tp_network_shape(struct tp_network *network, const tileprop_options *options, size_t features,
                                 size_t classes, size_t members, struct tp_error *error)
{
    *network = (struct tp_network){.layer_count = options->hidden_count + 1,
                                   .states = tp_optimizer_states(options->optimizer)};
    tileprop_status status = TILEPROP_OK;
    size_t inputs = features;
    for (size_t l = 0; l < network->layer_count && status == TILEPROP_OK; l++) {
        struct tp_layer *layer = &network->layers[l];
        bool output = l == options->hidden_count;
        layer->inputs = inputs;
        layer->units = output ? classes : options->hidden[l];
        layer->bias = options->bias == TILEPROP_BIAS_ALL || (options->bias == TILEPROP_BIAS_INPUT && l == 0);
        layer->activation = output ? TILEPROP_LINEAR : options->activation;
        if (!sizes_fit(layer))
            return tp_fail(error, TILEPROP_FAILURE, "out of memory: %zu times %zu weights in layer %zu", inputs,
                           layer->units, l + 1);
        size_t panels = tp_panel_count(layer->units);
        layer->slice_count = panels < members ? panels : members;
        status = make_slices(layer, error);
        inputs = layer->units;
    }
    return status;
}

tileprop_status tp_network_like(struct tp_network *network, const struct tp_network *shaped, struct tp_error *error)
{
    *network = *shaped;
    for (size_t l = 0; l < network->layer_count; l++)
        network->layers[l].slices = NULL;
    tileprop_status status = TILEPROP_OK;
    for (size_t l = 0; l < network->layer_count && status == TILEPROP_OK; l++)
        status = make_slices(&network->layers[l], error);
    return status;
}

void tp_network_shift(struct tp_network *network, const struct tp_normalization *normalization)
{
    network->layers[0].shift = normalization->apart;
}

void tp_network_cut(struct tp_network *network, size_t layer, size_t slices)
{
    assert(slices >= 1 && slices <= network->layers[layer].slice_count);
    network->layers[layer].slice_count = slices;
    cut(&network->layers[layer]);
}

void tp_network_free(struct tp_network *network)
{
    for (size_t l = 0; l < network->layer_count; l++)
        free(network->layers[l].slices);
    *network = (struct tp_network){0};
}

void tp_network_layout(struct tp_network *network, size_t member, struct tp_arena *arena)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        struct tp_slice *slice = &layer->slices[member];
        const size_t panels = tp_panel_count(slice->w.columns), bytes = slice->w.stride * sizeof(float);
        slice->w.data = tp_arena_take(arena, panels, bytes);
        for (int i = 0; i < network->states; i++)
            slice->state[i] = tp_arena_take(arena, panels, bytes);
        if (l > 0)
            slice->wt.data = tp_arena_take(arena, tp_panel_count(slice->wt.columns), slice->wt.stride * sizeof(float));
        if (layer->shift)
            slice->sums.data =
                tp_arena_take(arena, tp_panel_count(slice->sums.columns), slice->sums.stride * sizeof(float));
    }
}

static float initial_weight(const struct tp_layer *layer, size_t l, size_t row, size_t unit, tileprop_init init,
                            uint64_t seed)
{
    bool constant_input = l == 0 && layer->bias;
    if (row == layer->inputs && !constant_input)
        return 0;
    uint64_t index = (uint64_t)row * layer->units + unit;
    if (init == TILEPROP_INIT_UNIFORM)
        return (float)(2 * tp_random_uniform(seed, TP_RANDOM_WEIGHTS, (uint32_t)l, index) - 1);
    double fan_in = (double)(layer->inputs + constant_input);
    double deviation = sqrt((init == TILEPROP_INIT_HE ? 2 : 1) / fan_in);
    return (float)(deviation * tp_random_normal(seed, TP_RANDOM_WEIGHTS, (uint32_t)l, index));
}

void tp_network_initialize(struct tp_network *network, size_t member, tileprop_init init, uint64_t seed)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        struct tp_slice *slice = &layer->slices[member];
        for (int i = 0; i < network->states; i++)
            memset(slice->state[i], 0, tp_panel_count(slice->w.columns) * slice->w.stride * sizeof(float));
        for (size_t row = 0; row < layer->inputs + layer->bias; row++) {
            for (size_t u = 0; u < slice->w.columns; u++)
                *tp_matrix_at(&slice->w, row, u) = initial_weight(layer, l, row, slice->unit_begin + u, init, seed);
        }
    }
}

void tp_network_put(struct tp_network *network, size_t member, int number, const struct tp_weights *weights)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        const struct tp_weights_layer *from = &weights->layers[l];
        if (member >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member];
        for (size_t u = 0; u < slice->w.columns; u++) {
            const size_t unit = slice->unit_begin + u;
            for (size_t row = 0; row < layer->inputs + layer->bias; row++) {
                const float value = row < layer->inputs ? from->weight[unit * layer->inputs + row]
                                    : from->bias        ? from->bias[unit]
                                                        : 0;
                float *to = number == 0 ? slice->w.data : slice->state[number - 1];
                to[tp_panel_offset(slice->w.stride, row, u)] = fabsf(value) < FLT_MIN ? copysignf(0, value) : value;
            }
        }
    }
}

void tp_network_refresh(const struct tp_network *network, size_t member, const struct tp_tier *tier)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member];
        tier->refresh(&(struct tp_update){
            .input_end = layer->inputs, .w = slice->w, .wt = slice->wt, .shift = layer->shift, .sums = slice->sums});
    }
}

void tp_network_get(const struct tp_network *network, int number, struct tp_weights *weights)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        const struct tp_weights_layer *to = &weights->layers[l];
        for (size_t s = 0; s < layer->slice_count; s++) {
            const struct tp_slice *slice = &layer->slices[s];
            const float *from = number == 0 ? slice->w.data : slice->state[number - 1];
            for (size_t u = 0; u < slice->w.columns; u++) {
                const size_t unit = slice->unit_begin + u;
                for (size_t row = 0; row < layer->inputs; row++)
                    to->weight[unit * layer->inputs + row] = from[tp_panel_offset(slice->w.stride, row, u)];
                if (layer->bias)
                    to->bias[unit] = from[tp_panel_offset(slice->w.stride, layer->inputs, u)];
            }
        }
    }
}

void tp_network_row(const struct tp_network *network, size_t layer, size_t row, float *weights)
{
    for (size_t s = 0; s < network->layers[layer].slice_count; s++) {
        const struct tp_slice *slice = &network->layers[layer].slices[s];
        for (size_t u = 0; u < slice->w.columns; u++)
            weights[slice->unit_begin + u] = slice->w.data[tp_panel_offset(slice->w.stride, row, u)];
    }
}

size_t tp_network_widest(const struct tp_network *network)
{
    size_t widest = 0;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layers[l].units > widest ? network->layers[l].units : widest;
    return widest;
}

size_t tp_network_parameters(const struct tp_network *network)
{
    size_t sum = 0;
    for (size_t l = 0; l < network->layer_count; l++)
        sum += (network->layers[l].inputs + network->layers[l].bias) * network->layers[l].units;
    return sum;
}

static void little_endian(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        unsigned char bytes[4] = {(unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                                  (unsigned char)(bits >> 24)};
        memcpy(&values[i], bytes, sizeof bytes);
    }
}

tileprop_status tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error)
{
    float *row = calloc(tp_network_widest(network), sizeof *row);
    XXH3_state_t *state = XXH3_createState();
    bool ready = row && state;
    if (ready) {
        XXH3_64bits_reset(state);
        for (size_t l = 0; l < network->layer_count; l++) {
            const struct tp_layer *layer = &network->layers[l];
            for (size_t i = 0; i < layer->inputs + layer->bias; i++) {
                tp_network_row(network, l, i, row);
                little_endian(row, layer->units);
                XXH3_64bits_update(state, row, layer->units * sizeof *row);
            }
        }
        *hash = XXH3_64bits_digest(state);
    }
    XXH3_freeState(state);
    free(row);
    return ready ? TILEPROP_OK : tp_fail_memory(error, NULL, "hashing the weights");
}

bool tp_matrix_finite(const struct tp_matrix *matrix)
{
    for (size_t r = 0; r < matrix->rows; r++) {
        for (size_t c = 0; c < matrix->columns; c++) {
            if (!isfinite(*tp_matrix_at(matrix, r, c)))
                return false;
        }
    }
    return true;
}

void tp_matrix_add_rows(const struct tp_matrix *matrix, struct tp_matrix to)
{
    for (size_t c = 0; c < matrix->columns; c += TP_PANEL) {
        float total[TP_PANEL] = {0};
        const float *line = tp_matrix_at(matrix, 0, c);
        for (size_t r = 0; r < matrix->rows; r++, line += TP_PANEL)
            for (size_t j = 0; j < TP_PANEL; j++)
                total[j] += line[j];
        memcpy(tp_matrix_at(&to, 0, c), total, sizeof total);
    }
}
