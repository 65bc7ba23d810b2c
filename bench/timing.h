/*
 * Timing on machines whose speed changes from one millisecond to the next: contenders run in turn, round by
 * round, and what is reported are medians over the rounds of ratios within a round.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>

struct bench_contender {
    void (*run)(void *context, size_t times);
    void *context;
    size_t times;    /* calls of one round, set by bench_compete() */
    double *seconds; /* [rounds] of one call */
};

/*
 * Runs every contender once in every round, forwards in even rounds and backwards in odd ones, for about
 * `burst` seconds each, after a first burst that warms up and finds out how many calls that is.
 */
void bench_compete(struct bench_contender *contenders, size_t count, size_t rounds, double burst);

double bench_median(const double *values, size_t count);

/* Median of above[i] / below[i]. */
double bench_ratio(const double *above, const double *below, size_t count);

#endif
