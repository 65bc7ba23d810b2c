/*
 * The elementwise functions over arrays, as struct tp_tier exposes them.
 */
#pragma once

#include <string.h>

#include "functions.h"

INLINE void map(vec (*function)(vec), size_t n, const float *x, float *y)
{
    size_t whole = n / VEC_LANES * VEC_LANES;
    for (size_t i = 0; i < whole; i += VEC_LANES)
        vec_store(y + i, function(vec_load(x + i)));
    if (whole < n) {
        float rest[VEC_LANES] = {0};
        memcpy(rest, x + whole, (n - whole) * sizeof(float));
        vec_store(rest, function(vec_load(rest)));
        memcpy(y + whole, rest, (n - whole) * sizeof(float));
    }
}

void TP_KERNEL(exp)(size_t n, const float *x, float *y)
{
    map(exp_bounded, n, x, y);
}

void TP_KERNEL(log)(size_t n, const float *x, float *y)
{
    map(log_normal, n, x, y);
}

void TP_KERNEL(sigmoid)(size_t n, const float *x, float *y)
{
    map(sigmoid, n, x, y);
}

void TP_KERNEL(lecun_tanh)(size_t n, const float *x, float *y)
{
    map(lecun_tanh, n, x, y);
}

void TP_KERNEL(tanh)(size_t n, const float *x, float *y)
{
    map(hyperbolic_tangent, n, x, y);
}

void TP_KERNEL(relu)(size_t n, const float *x, float *y)
{
    map(relu, n, x, y);
}
