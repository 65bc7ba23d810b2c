/*
 * The optimizers on a vector and on a tile of weights. The formulas and their order are in kernels.h.
 */
#pragma once

#include "tile.h"

/* Where a gradient is applied: the same offset in w and in the state. */
struct optimizer_target {
    const struct tp_optimizer *optimizer;
    float decay, keep; /* of these rows: the bias row has neither */
    float *w;
    float *state[2];
    size_t stride;    /* between panels */
    bool nontemporal; /* as in kernels.h */
};

static inline void optimizer_target_advance(struct optimizer_target *target, size_t rows)
{
    target->w += rows * TP_PANEL;
    for (int s = 0; s < 2 && target->state[s]; s++)
        target->state[s] += rows * TP_PANEL;
}

/* An optimizer's constants, in every lane. */
struct optimizer_vectors {
    vec rate, momentum, decay, keep, beta1, one_minus_beta1, beta2, one_minus_beta2, root_correction, epsilon;
};

static inline struct optimizer_vectors optimizer_vectors(const struct optimizer_target *target)
{
    const struct tp_optimizer *optimizer = target->optimizer;
    return (struct optimizer_vectors){.rate = vec_set1(optimizer->rate),
                                      .momentum = vec_set1(optimizer->momentum),
                                      .decay = vec_set1(target->decay),
                                      .keep = vec_set1(target->keep),
                                      .beta1 = vec_set1(optimizer->beta1),
                                      .one_minus_beta1 = vec_set1(optimizer->one_minus_beta1),
                                      .beta2 = vec_set1(optimizer->beta2),
                                      .one_minus_beta2 = vec_set1(optimizer->one_minus_beta2),
                                      .root_correction = vec_set1(optimizer->root_correction),
                                      .epsilon = vec_set1(optimizer->epsilon)};
}

/* One vector at `offset` of weights, from its gradient g. kind is a constant: only its branch remains. */
INLINE void apply_optimizer(tileprop_optimizer kind, const struct optimizer_vectors *c, vec g, float *weights,
                            float *const state[2], int offset)
{
    float *at = weights + offset;
    vec w = vec_load(at), v;
    if (kind != TILEPROP_ADAM)
        g = vec_fma(c->decay, w, g);
    switch (kind) {
    case TILEPROP_SGD:
        w = vec_fnma(c->rate, g, w);
        break;
    case TILEPROP_MOMENTUM:
        v = vec_fma(c->momentum, vec_load(state[0] + offset), g);
        vec_store(state[0] + offset, v);
        w = vec_fnma(c->rate, v, w);
        break;
    case TILEPROP_LECUN_MOMENTUM:
        v = vec_fma(c->momentum, vec_load(state[0] + offset), c->rate * g);
        vec_store(state[0] + offset, v);
        w = w - v;
        break;
    case TILEPROP_NESTEROV:
        v = vec_fma(c->momentum, vec_load(state[0] + offset), g);
        vec_store(state[0] + offset, v);
        w = vec_fnma(c->rate, vec_fma(c->momentum, v, g), w);
        break;
    default: { /* TILEPROP_ADAM */
        vec m = vec_fma(c->beta1, vec_load(state[0] + offset), c->one_minus_beta1 * g);
        v = vec_fma(c->beta2, vec_load(state[1] + offset), c->one_minus_beta2 * g * g);
        vec_store(state[0] + offset, m);
        vec_store(state[1] + offset, v);
        vec root = vec_fma(vec_sqrt(v), c->root_correction, c->epsilon);
        w = vec_fnma(c->rate, m / root, c->keep * w);
        break;
    }
    }
    vec_store(at, w);
}

/*
 * Applies a gradient tile while it is in registers. The addresses of a panel's weights and states are read
 * once, before stores that may alias them.
 */
INLINE void tile_apply_kind(tileprop_optimizer kind, const struct optimizer_target *target, int rows, int panels,
                            vec acc[][TILE_VECS_LIMIT])
{
    const struct optimizer_vectors constants = optimizer_vectors(target);
    const int states = tp_optimizer_states(kind);
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        const size_t offset = tile_vec_offset(v, target->stride);
        float *w = target->w + offset;
        float *const state[2] = {states > 0 ? target->state[0] + offset : NULL,
                                 states > 1 ? target->state[1] + offset : NULL};
        UNROLL
        for (int r = 0; r < rows; r++)
            apply_optimizer(kind, &constants, acc[r][v], w, state, r * TP_PANEL);
    }
}

INLINE void tile_apply(const struct optimizer_target *target, int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    switch (target->optimizer->kind) {
    case TILEPROP_SGD:
        tile_apply_kind(TILEPROP_SGD, target, rows, panels, acc);
        break;
    case TILEPROP_MOMENTUM:
        tile_apply_kind(TILEPROP_MOMENTUM, target, rows, panels, acc);
        break;
    case TILEPROP_LECUN_MOMENTUM:
        tile_apply_kind(TILEPROP_LECUN_MOMENTUM, target, rows, panels, acc);
        break;
    case TILEPROP_NESTEROV:
        tile_apply_kind(TILEPROP_NESTEROV, target, rows, panels, acc);
        break;
    default:
        tile_apply_kind(TILEPROP_ADAM, target, rows, panels, acc);
        break;
    }
}
