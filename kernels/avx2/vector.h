/* The vector of the avx2 tier: 8 lanes, so two vectors are one row of a panel. */
#pragma once

#include <immintrin.h>

#define VEC_LANES  8
#define PANEL_VECS 2 /* vectors in a row of a panel */

typedef __m256 vec;
typedef __m256 mask; /* all bits of a lane, or none */

#define VEC(operation) _mm256_##operation
#define VEC_COMPARE    _mm256_cmp_ps

#include "../simd/vector.h"

/* Lanes 0 to n - 1; none for n <= 0, all for n >= 8. */
static inline mask mask_first(ptrdiff_t n)
{
    const int count = n >= VEC_LANES ? VEC_LANES : n <= 0 ? 0 : (int)n;
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
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

/* Lanes j + 8 of a panel's row, or lanes j + 4 of a vector, brought to lane j. */
static inline vec row_swap_8(const vec row[PANEL_VECS])
{
    return row[1];
}

static inline vec vec_swap_4(vec x)
{
    return _mm256_permute2f128_ps(x, x, 0x01);
}

/*
 * to[c][r] = from[r][c] for an 8 x 8 block of two matrices whose rows are 16 floats apart. Loads join rows r
 * and r + 4; what remains is a 4 x 4 transpose in each half.
 */
INLINE void transpose_8x8(const float *from, float *to, bool nontemporal)
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
INLINE void panel_transpose(const float *from, float *to, bool nontemporal)
{
    UNROLL
    for (int i = 0; i < 16; i += 8) {
        UNROLL
        for (int j = 0; j < 16; j += 8)
            transpose_8x8(from + 16 * j + i, to + 16 * i + j, nontemporal);
    }
}
