/*
 * The elementwise functions of kernels/reference/functions.h on vectors, operation by operation, with the
 * same bits. That file explains the methods and states the error bounds.
 *
 * Include a tier's vector.h first.
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
    vec rounder = vec_set1(ROUNDER);
    vec t = vec_fma(x, vec_set1(LOG2E), rounder);
    vec n = vec_sub(t, rounder);
    *scale = vec_from_bits(ivec_shift_left_23(ivec_add(vec_bits(t), ivec_set1(127))));
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
    return vec_mul(vec_fma(exp_tail(r), r, vec_set1(1)), scale);
}

static inline vec log_normal(vec x)
{
    ivec root_half = ivec_set1(0x3f3504f3);
    ivec b = ivec_sub(vec_bits(x), root_half);
    ivec e_bits = ivec_add(ivec_shift_right_23(ivec_add(b, ivec_set1(0x40000000))), ivec_set1(0x4B400000 - 128));
    vec e = vec_sub(vec_from_bits(e_bits), vec_set1(ROUNDER));
    vec m = vec_from_bits(ivec_add(ivec_and(b, ivec_set1(0x007fffff)), root_half));
    vec f = vec_sub(m, vec_set1(1));
    vec s = vec_div(f, vec_add(vec_set1(2), f));
    vec v = vec_mul(s, s);
    vec w = vec_set1(2.0f / 9);
    w = vec_fma(w, v, vec_set1(2.0f / 7));
    w = vec_fma(w, v, vec_set1(2.0f / 5));
    w = vec_fma(w, v, vec_set1(2.0f / 3));
    vec tail = vec_mul(vec_mul(s, v), w);
    vec l = vec_fma(s, vec_set1(2), tail);
    vec y = vec_fma(e, vec_set1(LN2_HIGH), vec_fma(e, vec_set1(LN2_LOW), l));
    return vec_add(y, vec_sub(x, x)); /* x - x: NaN stays NaN */
}

static inline vec sigmoid(vec z)
{
    vec negative = vec_from_bits(ivec_add(vec_bits(z), ivec_set1(0x80000000u)));
    return vec_div(vec_set1(1), vec_add(vec_set1(1), exp_bounded(negative)));
}

static inline vec hyperbolic_tangent(vec z)
{
    ivec sign = ivec_and(vec_bits(z), ivec_set1(0x80000000u));
    vec u = vec_clamp(vec_from_bits(ivec_and(vec_bits(z), ivec_set1(0x7fffffff))), 0, 10);
    vec scale, r = reduce_by_ln2(vec_add(u, u), &scale);
    vec expm1 = vec_fma(scale, vec_mul(exp_tail(r), r), vec_sub(scale, vec_set1(1)));
    vec t = vec_div(expm1, vec_add(expm1, vec_set1(2)));
    return vec_from_bits(ivec_or(vec_bits(t), sign));
}

static inline vec lecun_tanh(vec z)
{
    return vec_mul(vec_set1(1.7159f), hyperbolic_tangent(vec_mul(vec_set1(2.0f / 3), z)));
}

static inline vec relu(vec z)
{
    return vec_max(vec_zero(), z);
}

/* d * f'(z), with f' written in a = f(z). */
static inline vec derivative_sigmoid(vec d, vec a)
{
    return vec_mul(d, vec_fnma(a, a, a));
}

static inline vec derivative_lecun_tanh(vec d, vec a)
{
    return vec_mul(d, vec_fnma(vec_mul(a, a), vec_set1((float)(2.0 / 3 / 1.7159)), vec_set1((float)(1.7159 * 2 / 3))));
}

static inline vec derivative_tanh(vec d, vec a)
{
    return vec_mul(d, vec_fnma(a, a, vec_set1(1)));
}

static inline vec derivative_relu(vec d, vec a)
{
    vec derivative = vec_select(vec_gt(a, vec_zero()), vec_set1(1), vec_select(vec_le(a, vec_zero()), vec_zero(), a));
    return vec_mul(d, derivative);
}
