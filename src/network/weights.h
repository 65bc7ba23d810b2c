/*
 * The weights of a network in the layout of files and other programs: per layer a row-major matrix [units x
 * inputs] and its biases. The first layer's constant input is stored as its bias.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "network/network.h"

struct tp_weights_layer {
    size_t inputs, units;
    bool has_bias;
    float *weight; /* [units][inputs] */
    float *bias;   /* [units]; NULL if there are none */
};

struct tp_weights {
    size_t layer_count;
    struct tp_weights_layer layers[TP_LAYERS_MAX];
    size_t count;
    float *values; /* [count], all values; owned */
};

/* Appends a layer, at most TP_LAYERS_MAX in total. Allocates nothing. */
void tp_weights_add(struct tp_weights *weights, size_t inputs, size_t units, bool bias);

/* Sets the layers to those of a shaped network. Allocates nothing. */
void tp_weights_shape(struct tp_weights *weights, const struct tp_network *network);

/* Whether both have the same shapes, and biases in the same layers. */
bool tp_weights_alike(const struct tp_weights *a, const struct tp_weights *b);

/*
 * Allocates zeroed memory for all layers.
 * Errors: TILEPROP_FAILURE if out of memory. The weights may be freed either way.
 */
tileprop_status tp_weights_allocate(struct tp_weights *weights, struct tp_error *error);

/* Copies all values; both must have the same layers. */
void tp_weights_copy(struct tp_weights *to, const struct tp_weights *from);

/* Whether all values are finite. */
bool tp_weights_finite(const struct tp_weights *weights);

void tp_weights_free(struct tp_weights *weights);
