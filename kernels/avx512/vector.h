/*
 * The vector of the avx512 tier: 16 lanes, so one vector is one row of a panel.
 */
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../simd/unroll.h"

#define VEC_LANES  16
#define PANEL_VECS 1 /* vectors in a row of a panel */

typedef __m512 vec;
typedef __m512i ivec;
typedef __mmask16 mask;

static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vec_store(float *p, vec x)
{
    _mm512_storeu_ps(p, x);
}

/* The same where p is aligned; nontemporal: call vec_fence() before another thread reads it. */
static inline void vec_write(bool nontemporal, float *p, vec x)
{
    if (nontemporal)
        _mm512_stream_ps(p, x);
    else
        _mm512_store_ps(p, x);
}

static inline void vec_fence(void)
{
    _mm_sfence();
}

static inline vec vec_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

/* x, or NaN where x is not finite. */
static inline vec vec_propagate(vec x)
{
    return _mm512_add_ps(x, _mm512_sub_ps(x, x));
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}

static inline vec vec_sqrt(vec a)
{
    return _mm512_sqrt_ps(a);
}

/* a * b + c with one rounding. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* c - a * b with one rounding. */
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

/* a > b ? a : b, so b where either is NaN. */
static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

/* a < b ? a : b, so b where either is NaN. */
static inline vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

static inline mask vec_gt(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

static inline mask vec_le(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}

static inline mask vec_eq(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

/* True where either is NaN. */
static inline mask vec_ne(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

/* Lanes 0 to n - 1; none for n <= 0, all for n >= 16. */
static inline mask mask_first(ptrdiff_t n)
{
    return (mask)(n >= VEC_LANES ? 0xffff : n <= 0 ? 0 : (1u << n) - 1u);
}

/* Bit j for lane j. */
static inline uint32_t mask_bits(mask m)
{
    return m;
}

/* a where m, b elsewhere. */
static inline vec vec_select(mask m, vec a, vec b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

static inline ivec ivec_set1(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

static inline ivec ivec_add(ivec a, ivec b)
{
    return _mm512_add_epi32(a, b);
}

static inline ivec ivec_sub(ivec a, ivec b)
{
    return _mm512_sub_epi32(a, b);
}

static inline ivec ivec_and(ivec a, ivec b)
{
    return _mm512_and_si512(a, b);
}

static inline ivec ivec_or(ivec a, ivec b)
{
    return _mm512_or_si512(a, b);
}

/* Shift by the 23 bits of a float's fraction. */
static inline ivec ivec_shift_left_23(ivec a)
{
    return _mm512_slli_epi32(a, 23);
}

static inline ivec ivec_shift_right_23(ivec a)
{
    return _mm512_srli_epi32(a, 23);
}

static inline ivec vec_bits(vec a)
{
    return _mm512_castps_si512(a);
}

static inline vec vec_from_bits(ivec a)
{
    return _mm512_castsi512_ps(a);
}

static inline vec vec_load_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

/* Bit j is set if byte j of 64 is not 0. */
static inline uint64_t bytes_set(const uint8_t *p)
{
    const __m512i x = _mm512_loadu_si512(p);
    return _mm512_test_epi8_mask(x, x);
}

/* Lanes j + 8, j + 4, j + 2, j + 1 brought to lane j: the four levels of a reduction over a panel's row. */
static inline vec vec_swap_8(vec x)
{
    return _mm512_shuffle_f32x4(x, x, 0x4e);
}

static inline vec vec_swap_4(vec x)
{
    return _mm512_shuffle_f32x4(x, x, 0xb1);
}

static inline vec vec_swap_2(vec x)
{
    return _mm512_shuffle_ps(x, x, 0x4e);
}

static inline vec vec_swap_1(vec x)
{
    return _mm512_shuffle_ps(x, x, 0xb1);
}

/* Sum of a panel's row, in every lane: lanes j and j + 8 first, then j + 4, j + 2, j + 1. */
static inline vec panel_row_sum(const vec row[PANEL_VECS])
{
    vec x = vec_add(row[0], vec_swap_8(row[0]));
    x = vec_add(x, vec_swap_4(x));
    x = vec_add(x, vec_swap_2(x));
    return vec_add(x, vec_swap_1(x));
}

/* Maximum of a panel's row, in every lane. */
static inline vec panel_row_max(const vec row[PANEL_VECS])
{
    vec x = vec_max(row[0], vec_swap_8(row[0]));
    x = vec_max(x, vec_swap_4(x));
    x = vec_max(x, vec_swap_2(x));
    return vec_max(x, vec_swap_1(x));
}

static inline float vec_first(vec x)
{
    return _mm512_cvtss_f32(x);
}

/*
 * to[c][r] = from[r][c] for a 16 x 16 block, both stored as 16 rows of 16 floats. Two levels exchange within
 * 128-bit quarters, two exchange quarters.
 */
static inline __attribute__((always_inline)) void panel_transpose(const float *from, float *to, bool nontemporal)
{
    __m512 r[16], t[16];
    UNROLL
    for (int i = 0; i < 16; i += 2) {
        __m512 a = _mm512_loadu_ps(from + 16 * i), b = _mm512_loadu_ps(from + 16 * (i + 1));
        t[i] = _mm512_unpacklo_ps(a, b);
        t[i + 1] = _mm512_unpackhi_ps(a, b);
    }
    UNROLL
    for (int i = 0; i < 16; i += 4) {
        UNROLL
        for (int j = 0; j < 2; j++) {
            __m512d a = _mm512_castps_pd(t[i + j]), b = _mm512_castps_pd(t[i + j + 2]);
            r[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            r[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    }
    /* r[4q + c] holds, in quarter h, column 4h + c of rows 4q to 4q + 3. */
    UNROLL
    for (int c = 0; c < 4; c++) {
        __m512 low01 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x44);
        __m512 high01 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xee);
        __m512 low23 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x44);
        __m512 high23 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xee);
        vec_write(nontemporal, to + 16 * c, _mm512_shuffle_f32x4(low01, low23, 0x88));
        vec_write(nontemporal, to + 16 * (4 + c), _mm512_shuffle_f32x4(low01, low23, 0xdd));
        vec_write(nontemporal, to + 16 * (8 + c), _mm512_shuffle_f32x4(high01, high23, 0x88));
        vec_write(nontemporal, to + 16 * (12 + c), _mm512_shuffle_f32x4(high01, high23, 0xdd));
    }
}
