/*
 * UNROLL before a loop of a constant number of rounds unrolls it, so that arrays of vectors indexed in it can
 * be registers: at -O2 neither compiler does that by itself.
 */
#ifndef TP_SIMD_UNROLL_H
#define TP_SIMD_UNROLL_H

/* Builds that are not made for speed (sanitizers, emulated intrinsics) keep the loops and compile in seconds.
 */
#if defined(TP_KEEP_LOOPS)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
