/*
 * The elementwise functions, written once as scalars. These sequences of operations define the bits: a vector
 * tier repeats them lane by lane. Nothing here may be reordered, contracted or replaced by libm.
 *
 * Error bounds over every float, against libm in double (check_kernels --exhaustive measures all of them, without it a
 * sample): exp 1 ulp, log 2, sigmoid 2.5, tanh 3.5, lecun_tanh 5 ulp of the exact result, relu exact.
 * Results below FLT_MIN come out as 0 or within FLT_MIN (lecun_tanh: below 2 FLT_MIN, within 2 FLT_MIN, since
 * 2z/3 is flushed first). Callers flush subnormals (kernels/flush.h). A NaN argument gives NaN.
 */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../kernels.h"

/* 1.5 * 2^23: adding it rounds to an integer, which the low bits of the sum then hold. */
#define TP_ROUNDER      12582912.0f
#define TP_ROUNDER_BITS 0x4B400000u

/* log2(e), and ln 2 in two parts; n times the high part (15 bits) is exact for |n| <= 511. */
#define TP_LOG2E  0x1.715476p+0f
#define TP_LN2_HI 0x1.62e4p-1f
#define TP_LN2_LO 0x1.7f7d1cp-20f

/* Clamping here keeps the exponent of 2^n in range: n is -127 (a scale of zero) to 127. */
#define TP_EXP_LIMIT 88.0f

/* tanh(10) is 1 - 4e-9, which is 1 in float. */
#define TP_TANH_LIMIT 10.0f

/* Efficient BackProp 4.4: f(z) = A tanh(2z/3), f'(z) = (2/3) (A - f(z)^2 / A), A = 1.7159. */
#define TP_LECUN_A     1.7159f
#define TP_LECUN_SCALE 0x1.555556p-1f
#define TP_LECUN_C1    ((float)(1.7159 * 2 / 3))
#define TP_LECUN_C2    ((float)(2.0 / 3 / 1.7159))

static inline uint32_t tp_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float tp_float_from(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x limited to [lo, hi]. The order of the comparisons lets NaN through. */
static inline float tp_scalar_clamp(float x, float lo, float hi)
{
    float t = lo > x ? lo : x;
    return hi < t ? hi : t;
}

/* x, or NaN where x is not finite. */
static inline float tp_scalar_propagate(float x)
{
    return x + (x - x);
}

/*
 * What exp and expm1 share: x = n ln 2 + r with |r| <= ln 2 / 2, q = (e^r - 1) / r by its Taylor series, cut
 * after r^6 / 5040 (the next term is below 0.1 ulp of e^r), and 2^n. No float is converted to an integer, so
 * NaN has no undefined behaviour: n is read from the low bits of the rounded sum.
 */
struct tp_scalar_power {
    float r, q, scale;
};

static inline struct tp_scalar_power tp_scalar_split(float x)
{
    struct tp_scalar_power s;
    float t = fmaf(x, TP_LOG2E, TP_ROUNDER);
    float n = t - TP_ROUNDER;
    s.r = fmaf(n, -TP_LN2_HI, x);
    s.r = fmaf(n, -TP_LN2_LO, s.r);
    s.q = 1.0f / 5040;
    s.q = fmaf(s.q, s.r, 1.0f / 720);
    s.q = fmaf(s.q, s.r, 1.0f / 120);
    s.q = fmaf(s.q, s.r, 1.0f / 24);
    s.q = fmaf(s.q, s.r, 1.0f / 6);
    s.q = fmaf(s.q, s.r, 0.5f);
    s.q = fmaf(s.q, s.r, 1.0f);
    s.scale = tp_float_from((tp_float_bits(t) + 127u) << 23);
    return s;
}

/* exp(x) for x clamped to [-88, 88]. */
static inline float tp_scalar_exp(float x)
{
    struct tp_scalar_power s = tp_scalar_split(tp_scalar_clamp(x, -TP_EXP_LIMIT, TP_EXP_LIMIT));
    return fmaf(s.q, s.r, 1.0f) * s.scale;
}

/* exp(x) - 1 for x in [0, 88]. */
static inline float tp_scalar_expm1(float x)
{
    struct tp_scalar_power s = tp_scalar_split(x);
    return fmaf(s.scale, s.q * s.r, s.scale - 1.0f);
}

static inline float tp_scalar_sigmoid(float z)
{
    return 1.0f / (1.0f + tp_scalar_exp(-z));
}

/* tanh(|z|) = m / (m + 2) with m = exp(2|z|) - 1, then the sign of z. */
static inline float tp_scalar_tanh(float z)
{
    float u = tp_scalar_clamp(tp_float_from(tp_float_bits(z) & 0x7fffffffu), 0.0f, TP_TANH_LIMIT);
    float m = tp_scalar_expm1(u + u);
    float t = m / (m + 2.0f);
    return tp_float_from(tp_float_bits(t) | (tp_float_bits(z) & 0x80000000u));
}

/* 1.7159 tanh(2z/3). */
static inline float tp_scalar_lecun_tanh(float z)
{
    return TP_LECUN_A * tp_scalar_tanh(TP_LECUN_SCALE * z);
}

/*
 * 0 > z ? 0 : z; -0 and NaN pass. Exact. Flushed arithmetic yields no subnormal z; any other subnormal may
 * pass or become zero (maxps flushes it, a comparison and a blend do not).
 */
static inline float tp_scalar_relu(float z)
{
    return 0.0f > z ? 0.0f : z;
}

/*
 * log(x) for positive normal x. x = 2^e m with m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1),
 * and log(m) = 2s + 2/3 s^3 + 2/5 s^5 + 2/7 s^7 + 2/9 s^9 (the next term is below 0.03 ulp).
 * Subtracting the bits of sqrt(1/2) leaves e in bits 23 and up. Adding 2^30 makes that e + 128, never negative; placed
 * in the low bits of the rounder, with the 128 subtracted, it becomes a float without a conversion.
 */
static inline float tp_scalar_log(float x)
{
    uint32_t b = tp_float_bits(x) - 0x3f3504f3u;
    float e = tp_float_from(((b + 0x40000000u) >> 23) + TP_ROUNDER_BITS - 128u) - TP_ROUNDER;
    float f = tp_float_from((b & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float s = f / (2.0f + f);
    float v = s * s;
    float w = 2.0f / 9;
    w = fmaf(w, v, 2.0f / 7);
    w = fmaf(w, v, 2.0f / 5);
    w = fmaf(w, v, 2.0f / 3);
    float y = fmaf(s, 2.0f, (s * v) * w);
    y = fmaf(e, TP_LN2_LO, y);
    y = fmaf(e, TP_LN2_HI, y);
    return y + (x - x); /* x - x: NaN stays NaN */
}

/* f(z). */
static inline float tp_scalar_activate(tileprop_activation activation, float z)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        return tp_scalar_sigmoid(z);
    case TILEPROP_LECUN_TANH:
        return tp_scalar_lecun_tanh(z);
    case TILEPROP_TANH:
        return tp_scalar_tanh(z);
    case TILEPROP_RELU:
        return tp_scalar_relu(z);
    case TILEPROP_LINEAR:
        break;
    }
    return z;
}

/* d * f'(z), from the activation a = f(z). */
static inline float tp_scalar_derive(tileprop_activation activation, float a, float d)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        return d * fmaf(-a, a, a);
    case TILEPROP_LECUN_TANH:
        return d * fmaf(a * a, -TP_LECUN_C2, TP_LECUN_C1);
    case TILEPROP_TANH:
        return d * fmaf(-a, a, 1.0f);
    case TILEPROP_RELU:
        return d * (a > 0.0f ? 1.0f : a <= 0.0f ? 0.0f : a);
    case TILEPROP_LINEAR:
        break;
    }
    return d;
}
