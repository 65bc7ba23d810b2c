/*
 * Plain loops, compiled once per tier (bench.mk sets LOOPS to loops_<tier>), so that the code around a library's GEMM
 * uses the same vector width as the library.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define LOOPS_SCALE_BLOCK 64 /* floats */

struct loops {
    /* The improved sigmoid, 1.7159 tanh(2/3 z), of count values in place. */
    void (*activate)(float *z, size_t count);
    /* d *= f', computed from the activations a. */
    void (*derive)(float *d, const float *a, size_t count);
    /* The optimizer's momentum on count weights w with gradients g and state v. */
    void (*momentum)(const struct tp_optimizer *optimizer, float *w, const float *g, float *v, size_t count);
    /* A row's cross-entropy and, in d, its gradient times scale. */
    float (*softmax)(const float *z, float *d, size_t classes, size_t label, float scale);
    /* Bytes to floats in [-1, 1). */
    void (*pack)(const uint8_t *samples, float *a, size_t count);
    /* y = 3 x, the Scale of STREAM (McCalpin 1995), unrolled so that loop overhead is not the bottleneck. count: a
     * multiple of LOOPS_SCALE_BLOCK. x and y do not overlap. */
    void (*scale)(size_t count, const float *x, float *y);
};

#define TP_TIER(name, runs_here) extern const struct loops loops_##name;
#include "kernels/tiers.def"

/* The loops compiled for the tier. */
const struct loops *loops_of(const struct tp_tier *tier);
