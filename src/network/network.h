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
 * Units [unit_begin, unit_begin + w.columns) of a layer; unit_begin is a multiple of 16. Until the layout
 * gives them memory the matrices have only shapes.
 */
struct tp_slice {
    size_t unit_begin;
    struct tp_matrix w;  /* [inputs + bias x units]; the bias row is the last */
    struct tp_matrix wt; /* the transposed view [units x inputs]; absent in the first layer */
    float *state[2];     /* the optimizer's, laid out as w */
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

/* Copies the shapes, without memory for weights. Errors and freeing: as tp_network_shape. */
tileprop_status tp_network_like(struct tp_network *network, const struct tp_network *shaped,
                                struct tp_error *error);

/* Cuts a layer again, into at most as many slices as it was shaped with. None may have memory yet. */
void tp_network_cut(struct tp_network *network, size_t layer, size_t slices);

/* Frees the shapes; weights go with their arenas. */
void tp_network_free(struct tp_network *network);

/* Takes the slices that `member` owns from an arena, which may be a measuring one. */
void tp_network_layout(struct tp_network *network, size_t member, struct tp_arena *arena);

/*
 * Initial weights of the slices that `member` owns, both views, and zero state. That member calls it, so that
 * it touches them first. A weight depends only on seed, layer and its place in the layer.
 *
 *   uniform   in [-1, 1)
 *   fan-in    normal, deviation 1 / sqrt(fan-in); Efficient BackProp 4.6
 *   he        normal, deviation sqrt(2 / fan-in); He et al. 2015
 *
 * Fan-in counts the first layer's constant input; the biases of later layers start at 0.
 */
void tp_network_initialize(struct tp_network *network, size_t member, tileprop_init init, uint64_t seed);

/*
 * Copies the given values, of the same shape, to those slices: weights (number 0, both views), or an array of
 * the optimizer's state (from 1 on). Biases that the network lacks are dropped, and biases that only the
 * network has are 0.
 */
void tp_network_put(struct tp_network *network, size_t member, int number, const struct tp_weights *values);

/* Copies all of an array to `values` of the same shape, which has a bias wherever the network has one. */
void tp_network_get(const struct tp_network *network, int number, struct tp_weights *values);

/* Row `row` of a layer's weights (an input's, or the bias at row `inputs`): [units], in order of units. */
void tp_network_row(const struct tp_network *network, size_t layer, size_t row, float *weights);

/* The units of the widest layer. */
size_t tp_network_widest(const struct tp_network *network);

/* The number of weights and biases. */
size_t tp_network_parameters(const struct tp_network *network);

/*
 * XXH3-64 of the weights as little-endian fp32: layer by layer, row by row (tp_network_row), unit by unit.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error);

/* Whether all values are finite. */
bool tp_matrix_finite(const struct tp_matrix *matrix);

#endif
