/*
 * What figures depend on: the CPU, its caches, its peaks.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../kernels/kernels.h"

struct bench_machine {
    char key[64];    /* vendor-family-model-stepping: marketing names of virtual machines say little */
    char name[64];   /* the marketing name */
    size_t cache[3]; /* bytes of the first core's L1 data, L2, L3; 0: unknown */
};

struct bench_machine bench_machine_here(void);

/*
 * Bytes per second, read and written together, of copying floats through relu of the tier, on `threads`
 * threads with `bytes` of operands each.
 */
double bench_bandwidth(const struct tp_tier *tier, size_t threads, size_t bytes);

/* The tier's FMA peak in operations per second on so many threads; 0 where it could not be proved. */
double bench_peak(const struct tp_tier *tier, size_t threads);

#endif
