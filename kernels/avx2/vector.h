/*
 * The vector of the avx2 tier: 8 lanes, so two vectors are one row of a panel.
 */
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../simd/unroll.h"

#define VEC_LANES  8
#define PANEL_VECS 2 /* vectors in a row of a panel */

typedef __m256 vec;
typedef __m256i ivec;
typedef __m256 mask; /* all bits of a lane, or none */

static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void vec_store(float *p, vec x)
{
    _mm256_storeu_ps(p, x);
}

/* The same where p is aligned; nontemporal: call vec_fence() before another thread reads it. */
static inline void vec_write(bool nontemporal, float *p, vec x)
{
    if (nontemporal)
        _mm256_stream_ps(p, x);
    else
        _mm256_store_ps(p, x);
}

static inline void vec_fence(void)
{
    _mm_sfence();
}

static inline vec vec_set1(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec vec_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

/* x, or NaN where x is not finite. */
static inline vec vec_propagate(vec x)
{
    return _mm256_add_ps(x, _mm256_sub_ps(x, x));
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}

static inline vec vec_sqrt(vec a)
{
    return _mm256_sqrt_ps(a);
}

/* a * b + c with one rounding. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* c - a * b with one rounding. */
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

/* a > b ? a : b, so b where either is NaN. */
static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

/* a < b ? a : b, so b where either is NaN. */
static inline vec vec_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

static inline mask vec_gt(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}

static inline mask vec_le(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}

static inline mask vec_eq(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

/* True where either is NaN. */
static inline mask vec_ne(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
}

/* Lanes 0 to n - 1; none for n <= 0, all for n >= 8. */
static inline mask mask_first(ptrdiff_t n)
{
    int count = n >= VEC_LANES ? VEC_LANES : n <= 0 ? 0 : (int)n;
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane));
}

/* Bit j for lane j. */
static inline uint32_t mask_bits(mask m)
{
    return (uint32_t)_mm256_movemask_ps(m);
}

/* a where m, b elsewhere. */
static inline vec vec_select(mask m, vec a, vec b)
{
    return _mm256_blendv_ps(b, a, m);
}

static inline ivec ivec_set1(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}

static inline ivec ivec_add(ivec a, ivec b)
{
    return _mm256_add_epi32(a, b);
}

static inline ivec ivec_sub(ivec a, ivec b)
{
    return _mm256_sub_epi32(a, b);
}

static inline ivec ivec_and(ivec a, ivec b)
{
    return _mm256_and_si256(a, b);
}

static inline ivec ivec_or(ivec a, ivec b)
{
    return _mm256_or_si256(a, b);
}

/* Shift by the 23 bits of a float's fraction. */
static inline ivec ivec_shift_left_23(ivec a)
{
    return _mm256_slli_epi32(a, 23);
}

static inline ivec ivec_shift_right_23(ivec a)
{
    return _mm256_srli_epi32(a, 23);
}

static inline ivec vec_bits(vec a)
{
    return _mm256_castps_si256(a);
}

static inline vec vec_from_bits(ivec a)
{
    return _mm256_castsi256_ps(a);
}

static inline vec vec_load_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

/* Bit j is set if byte j of 64 is not 0. */
static inline uint64_t bytes_set(const uint8_t *p)
{
    uint64_t clear = 0;
    for (int i = 0; i < 2; i++) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
        const int zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_setzero_si256()));
        clear |= (uint64_t)(uint32_t)zeros << 32 * i;
    }
    return ~clear;
}

/* Lanes j + 4, j + 2, j + 1 brought to lane j: the last three levels of a reduction over a panel's row. */
static inline vec vec_swap_4(vec x)
{
    return _mm256_permute2f128_ps(x, x, 0x01);
}

static inline vec vec_swap_2(vec x)
{
    return _mm256_shuffle_ps(x, x, 0x4e);
}

static inline vec vec_swap_1(vec x)
{
    return _mm256_shuffle_ps(x, x, 0xb1);
}

/* Sum of a panel's row, in every lane: lanes j and j + 8 first, then j + 4, j + 2, j + 1. */
static inline vec panel_row_sum(const vec row[PANEL_VECS])
{
    vec x = vec_add(row[0], row[1]);
    x = vec_add(x, vec_swap_4(x));
    x = vec_add(x, vec_swap_2(x));
    return vec_add(x, vec_swap_1(x));
}

/* Maximum of a panel's row, in every lane. */
static inline vec panel_row_max(const vec row[PANEL_VECS])
{
    vec x = vec_max(row[0], row[1]);
    x = vec_max(x, vec_swap_4(x));
    x = vec_max(x, vec_swap_2(x));
    return vec_max(x, vec_swap_1(x));
}

static inline float vec_first(vec x)
{
    return _mm256_cvtss_f32(x);
}

/*
 * to[c][r] = from[r][c] for an 8 x 8 block of two matrices whose rows are 16 floats apart. Loads join rows r
 * and r + 4; what remains is a 4 x 4 transpose in each half.
 */
static inline __attribute__((always_inline)) void transpose_8x8(const float *from, float *to, bool nontemporal)
{
    UNROLL
    for (int c = 0; c < 8; c += 4) {
        __m256 r[4];
        UNROLL
        for (int i = 0; i < 4; i++) {
            const float *row = from + 16 * i + c;
            r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row)), _mm_loadu_ps(row + 16 * 4), 1);
        }
        __m256 low01 = _mm256_unpacklo_ps(r[0], r[1]), high01 = _mm256_unpackhi_ps(r[0], r[1]);
        __m256 low23 = _mm256_unpacklo_ps(r[2], r[3]), high23 = _mm256_unpackhi_ps(r[2], r[3]);
        vec_write(nontemporal, to + 16 * c, _mm256_shuffle_ps(low01, low23, 0x44));
        vec_write(nontemporal, to + 16 * (c + 1), _mm256_shuffle_ps(low01, low23, 0xee));
        vec_write(nontemporal, to + 16 * (c + 2), _mm256_shuffle_ps(high01, high23, 0x44));
        vec_write(nontemporal, to + 16 * (c + 3), _mm256_shuffle_ps(high01, high23, 0xee));
    }
}

/* to[c][r] = from[r][c] for a 16 x 16 block, both stored as 16 rows of 16 floats. */
static inline __attribute__((always_inline)) void panel_transpose(const float *from, float *to, bool nontemporal)
{
    UNROLL
    for (int i = 0; i < 16; i += 8) {
        UNROLL
        for (int j = 0; j < 16; j += 8)
            transpose_8x8(from + 16 * j + i, to + 16 * i + j, nontemporal);
    }
}
