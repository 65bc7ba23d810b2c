#include "network/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tp_weights_add(struct tp_weights *weights, size_t inputs, size_t units, bool bias)
{
    weights->layers[weights->layer_count++] =
        (struct tp_weights_layer){.inputs = inputs, .units = units, .has_bias = bias};
}

void tp_weights_shape(struct tp_weights *weights, const struct tp_network *network)
{
    *weights = (struct tp_weights){0};
    for (size_t l = 0; l < network->layer_count; l++)
        tp_weights_add(weights, network->layers[l].inputs, network->layers[l].units, network->layers[l].bias);
}

bool tp_weights_alike(const struct tp_weights *a, const struct tp_weights *b)
{
    bool alike = a->layer_count == b->layer_count;
    for (size_t l = 0; alike && l < a->layer_count; l++)
        alike = a->layers[l].inputs == b->layers[l].inputs && a->layers[l].units == b->layers[l].units &&
                a->layers[l].has_bias == b->layers[l].has_bias;
    return alike;
}

tileprop_status tp_weights_allocate(struct tp_weights *weights, struct tp_error *error)
{
    bool fits = true;
    for (size_t l = 0; l < weights->layer_count; l++) {
        const struct tp_weights_layer *layer = &weights->layers[l];
        size_t size;
        fits &= !__builtin_mul_overflow(layer->inputs + layer->has_bias, layer->units, &size);
        fits &= !__builtin_add_overflow(weights->count, size, &weights->count);
    }
    weights->values = fits ? calloc(weights->count, sizeof *weights->values) : NULL;
    if (!weights->values)
        return tp_fail_memory(error, NULL, "a copy of the weights");
    float *next = weights->values;
    for (size_t l = 0; l < weights->layer_count; l++) {
        struct tp_weights_layer *layer = &weights->layers[l];
        layer->weight = next;
        next += layer->inputs * layer->units;
        if (layer->has_bias) {
            layer->bias = next;
            next += layer->units;
        }
    }
    return TILEPROP_OK;
}

void tp_weights_copy(struct tp_weights *to, const struct tp_weights *from)
{
    memcpy(to->values, from->values, from->count * sizeof *from->values);
}

bool tp_weights_finite(const struct tp_weights *weights)
{
    size_t i = 0;
    while (i < weights->count && isfinite(weights->values[i]))
        i++;
    return i == weights->count;
}

void tp_weights_free(struct tp_weights *weights)
{
    free(weights->values);
    *weights = (struct tp_weights){0};
}
