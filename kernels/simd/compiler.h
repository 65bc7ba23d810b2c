/*
 * What kernels ask of the compiler. INLINE functions take constants, such as a tile's rows, and must be inlined to
 * become straight code.
 *
 * UNROLL before a loop with a constant trip count unrolls it, so that arrays of vectors indexed in it can be registers:
 * at -O2 neither compiler does that by itself. clang must be asked for full unrolling: a plain "unroll" unrolls a
 * function's loops before inlining makes their trip counts known, and keeps the arrays in memory.
 *
 * UNROLL_STEPS before a loop over k unrolls it by four. A core that issues four operations a cycle has no room for loop
 * counters beside 12 multiply-adds and their loads in 6 cycles. Unrolling by two gains half as much, by eight or more
 * no more than by four (results/kernels.md).
 */
#pragma once

#define INLINE static inline __attribute__((always_inline))

/* Builds that need not be fast (sanitizers, emulated intrinsics) keep the loops and compile in seconds. */
#if defined(TP_KEEP_LOOPS)
#define UNROLL
#define UNROLL_STEPS
#elif defined(__clang__)
#define UNROLL       _Pragma("clang loop unroll(full)")
#define UNROLL_STEPS _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL       _Pragma("GCC unroll 16")
#define UNROLL_STEPS _Pragma("GCC unroll 4")
#endif
