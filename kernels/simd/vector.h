/*
 * What the vectors of all tiers have in common. + - * / are the compiler's, lane by lane.
 *
 * A tier's vector.h includes this after VEC_LANES, PANEL_VECS, the types vec and mask, and the names of intrinsics of
 * its width: VEC(operation), and VEC_COMPARE(a, b, predicate), which returns a mask.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"

/* The bits of a vec: a cast in either direction keeps them. */
typedef uint32_t ivec __attribute__((vector_size(sizeof(vec))));

/* p may have any alignment. */
static inline vec vec_load(const float *p)
{
    return VEC(loadu_ps)(p);
}

static inline void vec_store(float *p, vec x)
{
    VEC(storeu_ps)(p, x);
}

/* The same where p is aligned; nontemporal: call vec_fence() before another thread reads it. */
static inline void vec_write(bool nontemporal, float *p, vec x)
{
    if (nontemporal)
        VEC(stream_ps)(p, x);
    else
        VEC(store_ps)(p, x);
}

static inline void vec_fence(void)
{
    _mm_sfence();
}

static inline vec vec_set1(float x)
{
    return VEC(set1_ps)(x);
}

static inline vec vec_zero(void)
{
    return VEC(setzero_ps)();
}

static inline float vec_first(vec x)
{
    return VEC(cvtss_f32)(x);
}

/* x, or NaN where x is not finite. */
static inline vec vec_propagate(vec x)
{
    return x + (x - x);
}

static inline vec vec_sqrt(vec a)
{
    return VEC(sqrt_ps)(a);
}

/* a * b + c with one rounding. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return VEC(fmadd_ps)(a, b, c);
}

/* c - a * b with one rounding. */
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return VEC(fnmadd_ps)(a, b, c);
}

/* a > b ? a : b, so b where either is NaN. */
static inline vec vec_max(vec a, vec b)
{
    return VEC(max_ps)(a, b);
}

/* a < b ? a : b, so b where either is NaN. */
static inline vec vec_min(vec a, vec b)
{
    return VEC(min_ps)(a, b);
}

static inline mask vec_gt(vec a, vec b)
{
    return VEC_COMPARE(a, b, _CMP_GT_OQ);
}

static inline mask vec_le(vec a, vec b)
{
    return VEC_COMPARE(a, b, _CMP_LE_OQ);
}

static inline mask vec_eq(vec a, vec b)
{
    return VEC_COMPARE(a, b, _CMP_EQ_OQ);
}

/* True where either is NaN. */
static inline mask vec_ne(vec a, vec b)
{
    return VEC_COMPARE(a, b, _CMP_NEQ_UQ);
}

/* Lanes j + 2 or j + 1 brought to lane j, within each four. */
static inline vec vec_swap_2(vec x)
{
    return VEC(shuffle_ps)(x, x, 0x4e);
}

static inline vec vec_swap_1(vec x)
{
    return VEC(shuffle_ps)(x, x, 0xb1);
}
