/*
 * Paired timing, for machines whose speed changes from one millisecond to the next: contenders take turns,
 * round by round, and what counts are medians over the rounds of ratios within a round.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* What times a run: everything between start() and stop(), which a run calls once or more. */
struct bench_watch {
    void (*start)(void *context), (*stop)(void *context);
    void *context;
};

static inline void bench_start(const struct bench_watch *watch)
{
    watch->start(watch->context);
}

static inline void bench_stop(const struct bench_watch *watch)
{
    watch->stop(watch->context);
}

/* Does its work `times` times. */
typedef tileprop_status bench_run_fn(void *context, size_t times, const struct bench_watch *watch,
                                     struct tp_error *error);

struct bench_contender {
    bench_run_fn *run;
    void *context;
    bool may_rest;       /* in most rounds, if one call takes much longer than the others' */
    double *seconds;     /* [rounds] of one call; NaN: it rested */
    size_t times;        /* calls in a round, set by bench_compete() */
    double call_seconds; /* of one call before the first round, likewise */
};

/*
 * Runs every contender once in every round, forwards in even rounds and backwards in odd ones, for about
 * `burst` seconds each, after untimed calls that move its operands into the caches. A contender that may rest
 * and whose call takes more than four times as long as a burst and as the fastest contender's call runs only
 * in every fifth round, where there are three rounds or more.
 * Errors: those of the runs.
 */
tileprop_status bench_compete(struct bench_contender *contenders, size_t count, size_t rounds, double burst,
                              struct tp_error *error);

#define BENCH_ROUNDS_MAX 1000

/* Of the values that are not NaN; NaN if there are none. */
double bench_median(const double *values, size_t count);

/* Median of above[i] / below[i] over the rounds that have both. */
double bench_ratio(const double *above, const double *below, size_t count);
