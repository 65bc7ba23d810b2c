#include "timing.h"

#include <stdlib.h>
#include <string.h>

#include "../src/clock.h"

#define ROUNDS_MOST 1024

static double timed(struct bench_contender *c, size_t times)
{
    const double began = tp_clock_seconds();
    c->run(c->context, times);
    return tp_clock_seconds() - began;
}

/* Doubles the number of calls until they take a tenth of a burst, which also warms up. */
static void calibrate(struct bench_contender *c, double burst)
{
    double seconds = timed(c, 1);
    for (c->times = 1; seconds < burst / 10; seconds = timed(c, c->times))
        c->times *= 2;
    const double wanted = burst * (double)c->times / seconds;
    c->times = wanted < 1 ? 1 : (size_t)wanted;
}

void bench_compete(struct bench_contender *contenders, size_t count, size_t rounds, double burst)
{
    for (size_t i = 0; i < count; i++)
        calibrate(&contenders[i], burst);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            struct bench_contender *c = &contenders[round % 2 ? count - 1 - i : i];
            c->seconds[round] = timed(c, c->times) / (double)c->times;
        }
    }
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(const double *values, size_t count)
{
    double sorted[ROUNDS_MOST];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

double bench_ratio(const double *above, const double *below, size_t count)
{
    double ratios[ROUNDS_MOST];
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return bench_median(ratios, count);
}
