/*
 * Intrinsics for a CPU that lacks them: SIMDe under the native names, and what Debian's SIMDe 0.7.4 has not
 * got. With this folder first in the include path a tier's sources compile for any x86-64; with -mavx2 -mfma
 * the emulation of AVX-512 uses those. What is defined here gives the bits of its instruction:
 * tests/kernels/test_emulation.c.
 */
#pragma once

/* include_next is not pedantic C. Vectors wider than the flags allow are passed in memory, by all alike. */
#pragma GCC system_header
#pragma GCC diagnostic ignored "-Wpsabi"

/* What the compiler's flags do allow is native; SIMDe looks for it under this header's name. */
#include_next <immintrin.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include <math.h>

/* Defined here whatever SIMDe and the compiler have: clang's own _mm512_shuffle_f32x4 is a macro. */
#undef _mm512_cvtss_f32
#define _mm512_cvtss_f32(a) emulated_mm512_cvtss_f32(a)

static inline float emulated_mm512_cvtss_f32(simde__m512 a)
{
    return simde__m512_to_private(a).f32[0];
}

#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32(a) emulated_mm512_cvtepu8_epi32(a)

static inline simde__m512i emulated_mm512_cvtepu8_epi32(simde__m128i a)
{
    simde__m128i_private from = simde__m128i_to_private(a);
    simde__m512i_private to;
    for (int i = 0; i < 16; i++)
        to.i32[i] = from.u8[i];
    return simde__m512i_from_private(to);
}

#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps(a) emulated_mm512_cvtepi32_ps(a)

static inline simde__m512 emulated_mm512_cvtepi32_ps(simde__m512i a)
{
    simde__m512i_private from = simde__m512i_to_private(a);
    simde__m512_private to;
    for (int i = 0; i < 16; i++)
        to.f32[i] = (float)from.i32[i];
    return simde__m512_from_private(to);
}

#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4(a, b, imm8) emulated_mm512_shuffle_f32x4(a, b, imm8)

/* Quarters 0 and 1 of the result are quarters of a, 2 and 3 of b; two bits of imm8 choose each. */
static inline simde__m512 emulated_mm512_shuffle_f32x4(simde__m512 a, simde__m512 b, int imm8)
{
    simde__m512_private from_a = simde__m512_to_private(a), from_b = simde__m512_to_private(b), to;
    for (int i = 0; i < 4; i++)
        to.m128[i] = (i < 2 ? from_a : from_b).m128[imm8 >> 2 * i & 3];
    return simde__m512_from_private(to);
}

/* What a hint to the caches leaves out of a store is nothing to see. */
#undef _mm512_stream_ps
#define _mm512_stream_ps(p, a) _mm512_store_ps(p, a)

/* Without FMA instructions SIMDe multiplies and adds, which rounds twice. */
#if !defined(__FMA__)
#undef _mm256_fmadd_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#define _mm256_fmadd_ps(a, b, c)  emulated_mm256_fmadd_ps(1.0f, a, b, c)
#define _mm256_fnmadd_ps(a, b, c) emulated_mm256_fmadd_ps(-1.0f, a, b, c)
#define _mm512_fmadd_ps(a, b, c)  emulated_mm512_fmadd_ps(1.0f, a, b, c)
#define _mm512_fnmadd_ps(a, b, c) emulated_mm512_fmadd_ps(-1.0f, a, b, c)

/* sign a b + c. */
static inline simde__m256 emulated_mm256_fmadd_ps(float sign, simde__m256 a, simde__m256 b, simde__m256 c)
{
    simde__m256_private x = simde__m256_to_private(a), y = simde__m256_to_private(b), z = simde__m256_to_private(c);
    for (int i = 0; i < 8; i++)
        z.f32[i] = fmaf(sign * x.f32[i], y.f32[i], z.f32[i]);
    return simde__m256_from_private(z);
}

static inline simde__m512 emulated_mm512_fmadd_ps(float sign, simde__m512 a, simde__m512 b, simde__m512 c)
{
    simde__m512_private x = simde__m512_to_private(a), y = simde__m512_to_private(b), z = simde__m512_to_private(c);
    for (int i = 0; i < 16; i++)
        z.f32[i] = fmaf(sign * x.f32[i], y.f32[i], z.f32[i]);
    return simde__m512_from_private(z);
}
#endif
