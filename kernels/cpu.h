/*
 * What the CPU and its operating system can run.
 */
#ifndef TP_CPU_H
#define TP_CPU_H

#include <stdbool.h>

/* AVX2 and FMA, and an operating system that saves the 256-bit registers. */
bool tp_cpu_has_avx2(void);

/* AVX-512 F, BW, DQ and VL besides, and an operating system that saves masks and 512-bit registers. */
bool tp_cpu_has_avx512(void);

#endif
