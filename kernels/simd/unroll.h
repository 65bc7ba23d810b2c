/*
 * UNROLL before a loop of a constant number of rounds unrolls it, so that arrays of vectors indexed in it can
 * be registers: at -O2 neither compiler does that by itself. clang has to be asked for all of it: a plain
 * "unroll" splits the loops of a function before it is inlined and their rounds are known, and then keeps the
 * arrays in memory.
 */
#ifndef TP_SIMD_UNROLL_H
#define TP_SIMD_UNROLL_H

/* Builds that are not made for speed (sanitizers, emulated intrinsics) keep the loops and compile in seconds.
 */
#if defined(TP_KEEP_LOOPS)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
