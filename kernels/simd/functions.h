/*
 * The elementwise functions of kernels/reference/functions.h on vectors, operation by operation, with the
 * same bits. That file explains the methods and states the error bounds.
 */
#pragma once

#include "../kernels.h"

#define LOG2E    0x1.715476p+0f
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW  0x1.7f7d1cp-20f
#define ROUNDER  12582912.0f /* 1.5 * 2^23: adding it rounds to an integer, held in the low bits */

/* NaN passes through both bounds. */
static inline vec vec_clamp(vec x, float low, float high)
{
    return vec_min(vec_set1(high), vec_max(vec_set1(low), x));
}

/* x = n ln 2 + r with |r| <= ln 2 / 2. Returns r and stores 2^n. */
static inline vec reduce_by_ln2(vec x, vec *scale)
{
    vec t = vec_fma(x, vec_set1(LOG2E), vec_set1(ROUNDER));
    vec n = t - ROUNDER;
    *scale = (vec)(((ivec)t + 127) << 23);
    return vec_fnma(n, vec_set1(LN2_LOW), vec_fnma(n, vec_set1(LN2_HIGH), x));
}

/* (exp(r) - 1) / r */
static inline vec exp_tail(vec r)
{
    vec q = vec_set1(1.0f / 5040);
    q = vec_fma(q, r, vec_set1(1.0f / 720));
    q = vec_fma(q, r, vec_set1(1.0f / 120));
    q = vec_fma(q, r, vec_set1(1.0f / 24));
    q = vec_fma(q, r, vec_set1(1.0f / 6));
    q = vec_fma(q, r, vec_set1(0.5f));
    return vec_fma(q, r, vec_set1(1));
}

static inline vec exp_bounded(vec x)
{
    vec scale, r = reduce_by_ln2(vec_clamp(x, -88, 88), &scale);
    return vec_fma(exp_tail(r), r, vec_set1(1)) * scale;
}

static inline vec log_normal(vec x)
{
    const uint32_t root_half = 0x3f3504f3;
    ivec b = (ivec)x - root_half;
    vec e = (vec)(((b + 0x40000000u) >> 23) + (0x4B400000u - 128)) - ROUNDER;
    vec f = (vec)((b & 0x007fffffu) + root_half) - 1.0f;
    vec s = f / (2.0f + f);
    vec v = s * s;
    vec w = vec_set1(2.0f / 9);
    w = vec_fma(w, v, vec_set1(2.0f / 7));
    w = vec_fma(w, v, vec_set1(2.0f / 5));
    w = vec_fma(w, v, vec_set1(2.0f / 3));
    vec l = vec_fma(s, vec_set1(2), s * v * w);
    vec y = vec_fma(e, vec_set1(LN2_HIGH), vec_fma(e, vec_set1(LN2_LOW), l));
    return y + (x - x); /* x - x: NaN stays NaN */
}

static inline vec sigmoid(vec z)
{
    return 1.0f / (1.0f + exp_bounded((vec)((ivec)z + 0x80000000u)));
}

static inline vec hyperbolic_tangent(vec z)
{
    vec u = vec_clamp((vec)((ivec)z & 0x7fffffffu), 0, 10);
    vec scale, r = reduce_by_ln2(u + u, &scale);
    vec expm1 = vec_fma(scale, exp_tail(r) * r, scale - 1.0f);
    vec t = expm1 / (expm1 + 2.0f);
    return (vec)((ivec)t | ((ivec)z & 0x80000000u));
}

static inline vec lecun_tanh(vec z)
{
    return 1.7159f * hyperbolic_tangent(2.0f / 3 * z);
}

static inline vec relu(vec z)
{
    return vec_max(vec_zero(), z);
}

/* d * f'(z), with f' written in a = f(z). */
static inline vec derivative_sigmoid(vec d, vec a)
{
    return d * vec_fnma(a, a, a);
}

static inline vec derivative_lecun_tanh(vec d, vec a)
{
    return d * vec_fnma(a * a, vec_set1((float)(2.0 / 3 / 1.7159)), vec_set1((float)(1.7159 * 2 / 3)));
}

static inline vec derivative_tanh(vec d, vec a)
{
    return d * vec_fnma(a, a, vec_set1(1));
}

static inline vec derivative_relu(vec d, vec a)
{
    return d * vec_select(vec_gt(a, vec_zero()), vec_set1(1), vec_select(vec_le(a, vec_zero()), vec_zero(), a));
}
