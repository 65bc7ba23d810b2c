/*
 * What figures depend on: the CPU, its caches, its peaks.
 */
#pragma once

#include "kernels/kernels.h"
#include "paired.h"

struct bench_machine {
    char key[64];    /* vendor-family-model-stepping: marketing names of virtual machines say little */
    char name[64];   /* the marketing name */
    size_t cache[3]; /* bytes of L1 data, L2, L3, as the kernels take them */
    size_t cpus;     /* that this process may keep busy */
};

struct bench_machine bench_machine_here(void);

/* Lets kernels take the blocks of one and the same machine, whatever this one is. */
void bench_assume_machine(void);

/* Where operands are: L1 or L2 of a core, or beyond. */
enum { BENCH_LEVELS = 3 };

const char *bench_level_name(size_t level); /* "L1", "L2", "memory" */

/*
 * Bytes per second, read and written together, of y = 3 x (struct loops) with operands of half that cache on
 * each of `threads` threads that run at once: all bytes over the time from the first one's beginning to the
 * last one's end, in the best of some rounds. 0 without memory or threads.
 */
double bench_bandwidth(const struct bench_machine *machine, size_t level, const struct tp_tier *tier,
                       size_t threads);

/* The tier's FMA peak in operations per second on so many threads; 0: it has none, or it was not proved. */
double bench_peak(const struct tp_tier *tier, size_t threads);

/* Bursts of the tier's peak probe: a bench_run_fn's context. */
struct bench_peak_run {
    const struct tp_tier *tier; /* has a probe */
    size_t threads;
    size_t times; /* set by the run */
};

bench_run_fn bench_run_peak;

/* Operations of one of these times. */
double bench_run_peak_flops(const struct bench_peak_run *run);
