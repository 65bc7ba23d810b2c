/*
 * The network: layers of weights, each cut into slices of units. A slice is owned by one team member and lies
 * in that member's arena, so nothing here may treat a layer's weights as one block.
 */
#ifndef TP_NETWORK_H
#define TP_NETWORK_H

#include "base/arena.h"
#include "kernels/kernels.h"
#include "tileprop/tileprop.h"

#define TP_LAYERS_MAX (TILEPROP_HIDDEN_MAX + 1)

struct tp_weights;

/*
 * Units [unit_begin, unit_begin + w.columns) of a layer; unit_begin is a multiple of 16. Before it has memory
 * the matrices have shapes alone.
 */
struct tp_slice {
    size_t unit_begin;
    struct tp_matrix w; /* [inputs + bias x units]; the bias row is the last */
    struct tp_matrix
        wt;          /* the transposed view [units x inputs]; absent in the first layer, which needs none */
    float *state[2]; /* the optimizer's, laid out as w */
};

struct tp_layer {
    size_t inputs, units;
    bool bias;
    tileprop_activation activation;
    size_t slice_count;
    struct tp_slice *slices; /* [slice_count], ascending units; member s owns slice s */
};

struct tp_network {
    size_t layer_count;
    struct tp_layer layers[TP_LAYERS_MAX];
    int states; /* arrays of optimizer state per slice */
};

/*
 * Shapes of the network that the options describe, without memory for weights. Each layer gets as many slices
 * as it has panels, at most `members`.
 * Errors: TILEPROP_FAILURE without memory; the network may be freed either way.
 */
tileprop_status tp_network_shape(struct tp_network *network, const tileprop_options *options, size_t features,
                                 size_t classes, size_t members, struct tp_error *error);

/* The same shapes once more, without memory for weights. Errors and freeing: as tp_network_shape. */
tileprop_status tp_network_like(struct tp_network *network, const struct tp_network *shaped,
                                struct tp_error *error);

/* Cuts a layer anew, into at most as many slices as it was shaped with, before any has memory. */
void tp_network_cut(struct tp_network *network, size_t layer, size_t slices);

/* Frees the shapes; weights go with their arenas. */
void tp_network_free(struct tp_network *network);

/* Takes the slices that `member` owns from an arena, which may be one that measures. */
void tp_network_layout(struct tp_network *network, size_t member, struct tp_arena *arena);

/*
 * First weights of the slices that `member` owns, both views, and zero state; called by that member, so that
 * it touches them first. A weight depends on seed, layer and its place in the layer alone.
 *
 *   uniform   in [-1, 1)
 *   fan-in    normal, deviation 1 / sqrt(fan-in); Efficient BackProp 4.6
 *   he        normal, deviation sqrt(2 / fan-in); He et al. 2015
 *
 * Fan-in counts the first layer's constant input; the biases of later layers start at 0.
 */
void tp_network_initialize(struct tp_network *network, size_t member, tileprop_init init, uint64_t seed);

/*
 * The same with weights of the same shape, of which biases that the network lacks are left out and those that
 * it has besides are 0. State stays as it is.
 */
void tp_network_put(struct tp_network *network, size_t member, const struct tp_weights *weights);

/* Copies all weights to ones of the same shape, which have a bias wherever the network has one. */
void tp_network_get(const struct tp_network *network, struct tp_weights *weights);

/* The same two for an array of optimizer state instead of the weights. */
void tp_network_put_state(struct tp_network *network, size_t member, int state,
                          const struct tp_weights *values);
void tp_network_get_state(const struct tp_network *network, int state, struct tp_weights *values);

/* Row `row` of a layer's weights (an input, or the bias at row inputs) as units floats. */
void tp_network_row(const struct tp_network *network, size_t layer, size_t row, float *weights);

/* Weights and biases. */
size_t tp_network_parameters(const struct tp_network *network);

/*
 * XXH3-64 of the weights as little-endian fp32: layer by layer, row by row (tp_network_row), unit by unit.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error);

#endif
