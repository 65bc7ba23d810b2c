/*
 * Timing on machines whose speed changes from one millisecond to the next: contenders run in turn, round by
 * round, and what is reported are medians over the rounds of ratios within a round.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "disturbance.h"

struct bench_contender {
    void (*run)(void *context, size_t times);
    void *context;
    bool may_rest;       /* in most rounds, if its single call takes much longer than others' */
    size_t times;        /* calls of one round, set by bench_compete() */
    size_t threads;      /* that compute all the time; 0: it is not known how many */
    double *seconds;     /* [rounds] of one call; NaN: it did not run in that round */
    double call_seconds; /* of one call when it was first run, set by bench_compete() */
};

/*
 * Runs every contender once in every round, forwards in even rounds and backwards in odd ones, for about
 * `burst` seconds each, and untimed before that until the caches hold what it uses; a first burst finds out
 * how many calls that is. A contender that may rest and whose single call takes much longer than a burst and
 * than the fastest one's call runs in every fifth round only, where there are as many as three rounds.
 * Returns what those used whose threads are known, in all that was timed.
 */
struct bench_usage bench_compete(struct bench_contender *contenders, size_t count, size_t rounds,
                                 double burst);

/* Says on standard error how long a run takes, if that is long. */
void bench_announce(double seconds);

/* Of the values that are not NaN; NaN if there are none. */
double bench_median(const double *values, size_t count);

/* Median of above[i] / below[i] over the rounds that have both. */
double bench_ratio(const double *above, const double *below, size_t count);
