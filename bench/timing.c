#include "timing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ROUNDS_MAX 1024

/* A contender that may rest and whose single call takes so many times as long as a burst and as the fastest
 * one's call... */
#define SLOW 4
/* ...runs in every fifth round only, in the third first, so that its rounds go in both directions. */
#define SLOW_EVERY 5
#define SLOW_FIRST 2

/*
 * Part of a burst that runs untimed before the rest: the operands move into the caches that the contender
 * before has filled with its own, and that one's threads, which spin for a while, fall asleep. That takes
 * more than a millisecond where two threads own state that large: after 0.4 ms, update of 785 x 64 x 32
 * still took 1.2 to 1.6 times as long as after 1.5.
 */
#define SETTLING 0.5

/*
 * A last cache that keeps what others evict fills over many calls: those of update of 1024 x 1024 x 32, 12
 * MB, took 0.85, 0.66, 0.53, 0.42, 0.41, 0.41, 0.40 ms after another's operands, and 0.39 from the eighth
 * on. So at least so many calls, as long as they take no more than so many seconds.
 */
#define SETTLING_CALLS   12
#define SETTLING_SECONDS 6e-3

static double timed(struct bench_contender *c, size_t times)
{
    const double began = tp_clock_seconds();
    c->run(c->context, times);
    return tp_clock_seconds() - began;
}

/*
 * Doubles the number of calls until they take a tenth of a burst. The first call does not count: a burst for
 * which it stood had one cold call of update of 1024 x 1024 x 32, 0.8 ms, where others had seven of 0.4.
 */
static void calibrate(struct bench_contender *c, double burst)
{
    c->run(c->context, 1);
    double seconds = timed(c, 1);
    for (c->times = 1; seconds < burst / 10; seconds = timed(c, c->times))
        c->times *= 2;
    const double wanted = burst * (double)c->times / seconds;
    c->call_seconds = seconds / (double)c->times;
    c->times = wanted < 1 ? 1 : (size_t)wanted;
}

static double burst_of(struct bench_contender *c, struct bench_usage *usage)
{
    const double calls = fmin(SETTLING_CALLS, SETTLING_SECONDS / c->call_seconds);
    const size_t settling = (size_t)fmax(SETTLING * (double)c->times, calls);
    if (settling)
        c->run(c->context, settling);
    const struct bench_usage began = bench_usage_now(c->threads);
    const double seconds = timed(c, c->times);
    if (c->threads)
        bench_usage_add(usage, &began, c->threads);
    return seconds / (double)c->times;
}

struct bench_usage bench_compete(struct bench_contender *contenders, size_t count, size_t rounds,
                                 double burst)
{
    struct bench_usage usage = {0};
    double slow = 0;
    for (size_t i = 0; i < count; i++) {
        calibrate(&contenders[i], burst);
        slow = i == 0 ? contenders[i].call_seconds : fmin(slow, contenders[i].call_seconds);
    }
    slow = SLOW * fmax(slow, burst);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            struct bench_contender *c = &contenders[round % 2 ? count - 1 - i : i];
            const bool rests = c->may_rest && rounds > SLOW_FIRST && c->call_seconds > slow &&
                               round % SLOW_EVERY != SLOW_FIRST;
            c->seconds[round] = rests ? NAN : burst_of(c, &usage);
        }
    }
    return usage;
}

#define LONG 10 /* seconds that nobody minds to wait */

void bench_announce(double seconds)
{
    if (seconds > LONG)
        fprintf(stderr, "bench: this takes about %.0f s\n", ceil(seconds / LONG) * LONG);
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            sorted[known++] = values[i];
    if (!known)
        return NAN;
    qsort(sorted, known, sizeof *sorted, by_value);
    return known % 2 ? sorted[known / 2] : (sorted[known / 2 - 1] + sorted[known / 2]) / 2;
}

double bench_ratio(const double *above, const double *below, size_t count)
{
    double ratios[ROUNDS_MAX];
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return bench_median(ratios, count);
}
