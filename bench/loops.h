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
    /* f of count values in place; tanh is height tanh(twice z / 2) */
    void (*sigmoid)(float *z, size_t count);
    void (*tanh)(float *z, size_t count, float height, float twice);
    void (*relu)(float *z, size_t count);
    /* d *= f', written in the activations a; of tanh with height h and slope b h at 0 */
    void (*derivative_sigmoid)(float *d, const float *a, size_t count);
    void (*derivative_tanh)(float *d, const float *a, size_t count, float h, float b);
    void (*derivative_relu)(float *d, const float *a, size_t count);
    /* a rule on count weights w with gradients g and states */
    void (*sgd)(const struct tp_optimizer *optimizer, float *w, const float *g, size_t count);
    void (*momentum)(const struct tp_optimizer *optimizer, float *w, const float *g, float *v, size_t count);
    void (*lecun_momentum)(const struct tp_optimizer *optimizer, float *w, const float *g, float *v,
                           size_t count);
    void (*nesterov)(const struct tp_optimizer *optimizer, float *w, const float *g, float *v, size_t count);
    void (*adam)(const struct tp_optimizer *optimizer, float *w, const float *g, float *m, float *v,
                 size_t count);
    /* a row's cross-entropy and, in d, its gradient times scale */
    float (*softmax)(const float *z, float *d, size_t classes, size_t label, float scale);
    /* bytes to floats in [-1, 1) */
    void (*pack)(const uint8_t *samples, float *a, size_t count);
    /* y = 3 x, the Scale of STREAM (McCalpin 1995), several vectors in each turn of the loop, which would
     * else be the limit. count: a multiple of LOOPS_SCALE_BLOCK. x and y do not overlap */
    void (*scale)(size_t count, const float *x, float *y);
};

#define TP_TIER(name, runs_here) extern const struct loops loops_##name;
#include "kernels/tiers.def"

/* Those with the tier's vectors. */
const struct loops *loops_of(const struct tp_tier *tier);
