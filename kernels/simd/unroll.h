/*
 * UNROLL before a loop of a constant number of rounds unrolls it, so that arrays of vectors indexed in it can
 * be registers: at -O2 neither compiler does that by itself. clang has to be asked for full unrolling: a
 * plain "unroll" splits a function's loops before inlining makes their rounds known, and keeps the arrays in
 * memory.
 *
 * UNROLL_STEPS before a loop over k takes four rounds at once. A core that issues four operations a cycle has
 * no room for loop counters beside 12 multiply-adds and their loads in 6 cycles. Two rounds gain half as
 * much, eight or more no more than four (results/kernels.md).
 */
#pragma once

/* Builds that need no speed (sanitizers, emulated intrinsics) keep the loops and compile in seconds. */
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
