/*
 * The weights of a network as files and other programs store them: per layer a matrix [units x inputs], row
 * by row, and its biases. The first layer's constant input is its bias.
 */
#ifndef TP_WEIGHTS_H
#define TP_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "network/network.h"

struct tp_weights_layer {
    size_t inputs, units;
    bool has_bias;
    float *weight; /* [units][inputs] */
    float *bias;   /* [units]; NULL without biases */
};

struct tp_weights {
    size_t layer_count;
    struct tp_weights_layer layers[TP_LAYERS_MAX];
    size_t count;
    float *values; /* [count], all of them; owned */
};

/* Appends a layer, at most TP_LAYERS_MAX in all. The weights have no memory yet. */
void tp_weights_add(struct tp_weights *weights, size_t inputs, size_t units, bool bias);

/* Sets the layers to those of a shaped network, without memory. */
void tp_weights_shape(struct tp_weights *weights, const struct tp_network *network);

/* Whether both have the same shapes, and biases in the same layers. */
bool tp_weights_alike(const struct tp_weights *a, const struct tp_weights *b);

/*
 * Allocates zeroed memory for all layers.
 * Errors: TILEPROP_FAILURE without it. The weights may be freed either way.
 */
tileprop_status tp_weights_allocate(struct tp_weights *weights, struct tp_error *error);

/* Copies all values; both have the same layers. */
void tp_weights_copy(struct tp_weights *to, const struct tp_weights *from);

/* Whether all values are finite. */
bool tp_weights_finite(const struct tp_weights *weights);

void tp_weights_free(struct tp_weights *weights);

#endif
