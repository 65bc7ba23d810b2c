/* The vector of the avx512 tier: 16 lanes, so one vector is one row of a panel. */
#pragma once

#include <immintrin.h>

#define VEC_LANES  16
#define PANEL_VECS 1 /* vectors in a row of a panel */

typedef __m512 vec;
typedef __mmask16 mask;

#define VEC(operation) _mm512_##operation
#define VEC_COMPARE    _mm512_cmp_ps_mask

#include "../simd/vector.h"

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

/* Lanes j + 8 of a panel's row, or lanes j + 4 of a vector, brought to lane j. */
static inline vec row_swap_8(const vec row[PANEL_VECS])
{
    return _mm512_shuffle_f32x4(row[0], row[0], 0x4e);
}

static inline vec vec_swap_4(vec x)
{
    return _mm512_shuffle_f32x4(x, x, 0xb1);
}

/*
 * to[c][r] = from[r][c] for a 16 x 16 block, both stored as 16 rows of 16 floats. Two levels exchange within
 * 128-bit quarters, two exchange quarters.
 */
INLINE void panel_transpose(const float *from, float *to, bool nontemporal)
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
