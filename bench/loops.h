/*
 * Plain loops over arrays, as a compiler makes them: compiled once for each instruction set that a tier has
 * (the Makefile names them with LOOPS, loops_<tier>), so that what is written around a library's product has
 * the vectors that the library has.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define LOOPS_SCALE_BLOCK 64 /* floats */

struct loops {
    /* The improved sigmoid, 1.7159 tanh(2/3 z), of count values in place. */
    void (*activate)(float *z, size_t count);
    /* d *= f', written in the activations a. */
    void (*derive)(float *d, const float *a, size_t count);
    /* The optimizer's momentum on count weights w with gradients g and state v. */
    void (*momentum)(const struct tp_optimizer *optimizer, float *w, const float *g, float *v, size_t count);
    /* A row's cross-entropy and, in d, its gradient times scale. */
    float (*softmax)(const float *z, float *d, size_t classes, size_t label, float scale);
    /* Bytes to floats in [-1, 1). */
    void (*pack)(const uint8_t *samples, float *a, size_t count);
    /* y = 3 x, the Scale of STREAM (McCalpin 1995), several vectors in each turn of the loop, which would
     * else be the limit. count: a multiple of LOOPS_SCALE_BLOCK. x and y do not overlap. */
    void (*scale)(size_t count, const float *x, float *y);
};

#define TP_TIER(name, runs_here) extern const struct loops loops_##name;
#include "kernels/tiers.def"

/* Those with the tier's vectors. */
const struct loops *loops_of(const struct tp_tier *tier);
