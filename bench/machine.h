/*
 * What figures depend on: the CPU, its caches, its peaks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"

struct bench_machine {
    char key[64];    /* vendor-family-model-stepping: marketing names of virtual machines say little */
    char name[64];   /* the marketing name */
    size_t cache[3]; /* bytes of the first core's L1 data, L2, L3; 0: unknown */
    size_t cpus;     /* that this process may keep busy */
};

struct bench_machine bench_machine_here(void);

/*
 * Bytes per second, read and written together, of y = 3 x (struct loops) on `threads` threads that run at the
 * same time, with `bytes` of operands each: all bytes over the time from the first one's beginning to the
 * last one's end, in the best of some rounds. 0 without memory or threads.
 */
double bench_bandwidth(const struct tp_tier *tier, size_t threads, size_t bytes);

/* Where operands are: L1 or L2 of a core, or beyond. */
enum { BENCH_LEVELS = 3 };

const char *bench_level_name(size_t level); /* "L1", "L2", "memory" */

/* Which of them holds so many bytes for each thread. */
size_t bench_level(const struct bench_machine *machine, double bytes);

/* Bandwidth of a level, measured when it is first asked for; 0: the level's size is unknown. */
double bench_level_bandwidth(const struct bench_machine *machine, size_t level, const struct tp_tier *tier,
                             size_t threads);

/* The tier's FMA peak in operations per second on so many threads; 0 where it could not be proved. */
double bench_peak(const struct tp_tier *tier, size_t threads);

/* Bursts of the tier's peak probe on so many threads, as a contender's context. */
struct bench_peak_run {
    const struct tp_tier *tier; /* has a probe */
    size_t threads;
    size_t times; /* set by bench_run_peak() */
};

void bench_run_peak(void *context, size_t times);

/* Operations of one of these times. */
double bench_run_peak_flops(const struct bench_peak_run *run);
