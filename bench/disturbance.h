/*
 * Whether another process kept CPUs busy that were being timed: threads that compute all the time get as much
 * processor time as time passes, each, unless they wait for a CPU.
 */
#pragma once

#include <stddef.h>

/* Processor seconds of all threads, and seconds times threads. */
struct bench_usage {
    double cpu, wall;
};

/* This process now, as if `threads` computed; the difference of two is what lies between. */
struct bench_usage bench_usage_now(size_t threads);

/* Adds what was used since `began`. */
void bench_usage_add(struct bench_usage *usage, const struct bench_usage *began, size_t threads);

/* Of what a run printed: those figures whose threads got too little of their CPUs. */
struct bench_disturbance {
    size_t figures, disturbed;
    double least;
    char name[80]; /* of the figure with the least */
};

/* Counts a figure. */
void bench_disturbance_note(struct bench_disturbance *disturbance, const struct bench_usage *usage,
                            const char *name);

/* Says so in one line on standard error, if there are any. about: what the figures have in common. */
void bench_disturbance_write(const struct bench_disturbance *disturbance, const char *about);
