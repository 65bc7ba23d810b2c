/*
 * UNROLL before a loop of a constant number of rounds unrolls it, so that arrays of vectors indexed in it can
 * be registers: at -O2 neither compiler does that by itself. clang has to be asked for all of it: a plain
 * "unroll" splits the loops of a function before it is inlined and their rounds are known, and then keeps the
 * arrays in memory.
 *
 * UNROLL_STEPS before a loop over k takes four rounds at once. A core that issues four operations a cycle, as
 * Intel's to Cascade Lake, has no room for counters beside 12 multiply-adds and their loads in 6 cycles:
 * there update of 512 x 1024 x 1024 took 0.80 to 0.89 (avx2) and 0.94 to 0.98 (avx512) of the time, forward
 * of 32 x 64 x 785 0.93 (avx2). Two rounds gained half of that on avx2, eight and sixteen less again; forward
 * with AVX-512 lost: 32 x 10 x 64 took 1.05 times as long, beside a busy neighbour 32 x 64 x 785 1.08 times.
 *
 * On an Intel family 6 model 167, a wider core, in hours when others seemed to use it too, forward of 32 x 64
 * x 785 took 0.91, of 512 x 1024 x 1024 0.94 (avx512), and backward of 1000 x 64 x 10 0.97 (avx2 0.95); two
 * rounds gained half of that, sixteen no more than four.
 */
#ifndef TP_SIMD_UNROLL_H
#define TP_SIMD_UNROLL_H

/* Builds that are not made for speed (sanitizers, emulated intrinsics) keep the loops and compile in seconds.
 */
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

#endif
