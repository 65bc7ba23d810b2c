/*
 * The network: layers of weights, each cut into slices of units. A slice is owned by one team member and
 * lives in that member's arena, so nothing here may treat a layer's weights as one block.
 */
#pragma once

#include "base/arena.h"
#include "kernels/kernels.h"
#include "tileprop/tileprop.h"

#define TP_LAYERS_MAX (TILEPROP_HIDDEN_MAX + 1)

struct tp_normalization;
struct tp_weights;

/*
 * Units [unit_begin, unit_begin + w.columns) of a layer; unit_begin is a multiple of 16. The matrices have
 * shapes but no memory until the layout assigns it.
 */
struct tp_slice {
    size_t unit_begin;
    struct tp_matrix w;    /* [inputs + bias x units]; the bias is the last row */
    struct tp_matrix wt;   /* transposed copy [units x inputs]; absent in the first layer */
    struct tp_matrix sums; /* of w times shift (kernels.h) [panels of inputs x units]; absent without a shift */
    float *state[2];       /* optimizer state, laid out like w */
};

struct tp_layer {
    size_t inputs, units;
    bool bias;
    tileprop_activation activation;
    const float *shift; /* first layer: [inputs], not added to the inputs (kernels.h), not owned; others: NULL */
    size_t slice_count;
    struct tp_slice *slices; /* [slice_count], ascending units; member s owns slice s */
};

struct tp_network {
    size_t layer_count;
    struct tp_layer layers[TP_LAYERS_MAX];
    int states; /* arrays of optimizer state per slice */
};

/*
 * Sets the shapes of the network that the options describe, without memory for weights. Each layer gets as
 * many slices as it has panels, at most `members`.
 * Errors: TILEPROP_FAILURE if out of memory; the network may be freed either way.
 */
tileprop_status tp_network_shape(struct tp_network *network, const tileprop_options *options, size_t features,
                                 size_t classes, size_t members, struct tp_error *error);

/* Copies the shapes, without memory for weights. Errors and freeing: as tp_network_shape. */
tileprop_status tp_network_like(struct tp_network *network, const struct tp_network *shaped, struct tp_error *error);

/* Gives the first layer the shift that the normalization does not add to the inputs; before the layout. */
void tp_network_shift(struct tp_network *network, const struct tp_normalization *normalization);

/* Cuts a layer again, into at most as many slices as it was shaped with. None may have memory yet. */
void tp_network_cut(struct tp_network *network, size_t layer, size_t slices);

/* Frees the shapes; weights live in the arenas. */
void tp_network_free(struct tp_network *network);

/* Takes the slices owned by `member` from an arena, which may be one that only measures. */
void tp_network_layout(struct tp_network *network, size_t member, struct tp_arena *arena);

/*
 * Sets initial weights and zero optimizer state in the slices owned by `member`. That member calls it, for first touch,
 * and then tp_network_refresh(). A weight depends only on the seed, its layer and its place in the layer.
 *
 *   uniform   in [-1, 1)
 *   fan-in    normal, standard deviation sqrt(1 / fan-in); Efficient BackProp 4.6
 *   he        normal, standard deviation sqrt(2 / fan-in); He et al. 2015
 *
 * Fan-in includes the first layer's constant input; the biases of later layers start at 0.
 */
void tp_network_initialize(struct tp_network *network, size_t member, tileprop_init init, uint64_t seed);

/*
 * Copies values of the same shape to those slices. number: 0 for the weights (then call tp_network_refresh()), from 1
 * an array of optimizer state. Biases that the network lacks are dropped; biases that only the network has become 0.
 * Subnormals become 0 too: steps must not encounter any.
 */
void tp_network_put(struct tp_network *network, size_t member, int number, const struct tp_weights *values);

/* Computes what is derived from the weights of those slices: the transposed copy and the sums. */
void tp_network_refresh(const struct tp_network *network, size_t member, const struct tp_tier *tier);

/* Copies one of those arrays to `values`, of the same shape and with a bias wherever the network has one. */
void tp_network_get(const struct tp_network *network, int number, struct tp_weights *values);

/* Row `row` of a layer's weights (an input's, or the bias at row `inputs`): [units], in unit order. */
void tp_network_row(const struct tp_network *network, size_t layer, size_t row, float *weights);

/* The units of the widest layer. */
size_t tp_network_widest(const struct tp_network *network);

/* The number of weights and biases. */
size_t tp_network_parameters(const struct tp_network *network);

/*
 * XXH3-64 of the weights as little-endian fp32: layer by layer, row by row (tp_network_row), unit by unit.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error);

/* Whether all values are finite. */
bool tp_matrix_finite(const struct tp_matrix *matrix);

/* Adds up a matrix's rows in ascending order, from +0, in whole panels. `to`: one row; may be the matrix's first. */
void tp_matrix_add_rows(const struct tp_matrix *matrix, struct tp_matrix to);
