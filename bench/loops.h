/*
 * Plain loops over arrays, as a compiler makes them: compiled once for each instruction set that a tier has
 * (the Makefile names them with LOOPS), so that what is written around a library's product has the vectors
 * that the library has.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

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
};

extern const struct loops loops_baseline, loops_avx2, loops_avx512;

#endif
