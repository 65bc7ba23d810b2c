/*
 * Rate probes: FMAs on registers and nothing else. The compiler cannot know the factor, so it folds no chain;
 * x -> x * f + f with |f| < 1 stays bounded and normal.
 */
#pragma once

#include "tile.h"

/* More than the 8 (latency 4) or 10 (latency 5) that fill two units, fewer than 16 registers. */
#define FMA_CHAINS       12
#define FMA_CHAIN_LENGTH 8

static inline vec fma_factor(size_t iterations)
{
    return vec_set1(iterations > 1 ? 0.5f : 0.25f);
}

float TP_KERNEL(peak)(size_t iterations)
{
    vec factor = fma_factor(iterations), x[FMA_CHAINS];
    UNROLL
    for (int i = 0; i < FMA_CHAINS; i++)
        x[i] = vec_set1((float)i);
    for (size_t n = 0; n < iterations; n++) {
        UNROLL
        for (int i = 0; i < FMA_CHAINS; i++)
            x[i] = vec_fma(x[i], factor, factor);
    }
    UNROLL
    for (int i = 1; i < FMA_CHAINS; i++)
        x[0] += x[i];
    return vec_first(x[0]);
}

float TP_KERNEL(chain)(size_t iterations)
{
    vec factor = fma_factor(iterations), x = vec_zero();
    for (size_t n = 0; n < iterations; n++) {
        UNROLL
        for (int i = 0; i < FMA_CHAIN_LENGTH; i++)
            x = vec_fma(x, factor, factor);
    }
    return vec_first(x);
}
