#include "timing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/clock.h"

#define ROUNDS_MOST 1024
#define RESAMPLES   2000

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

struct bench_interval bench_ratio_interval(const double *above, const double *below, size_t count,
                                           double confidence)
{
    static double medians[RESAMPLES];
    double ratios[ROUNDS_MOST];
    uint64_t state = 1;
    for (size_t i = 0; i < RESAMPLES; i++) {
        for (size_t j = 0; j < count; j++) {
            state = state * 6364136223846793005u + 1442695040888963407u; /* Knuth, TAOCP 2, 3.3.4 */
            const size_t drawn = (size_t)((state >> 33) % count);
            ratios[j] = above[drawn] / below[drawn];
        }
        medians[i] = bench_median(ratios, count);
    }
    qsort(medians, RESAMPLES, sizeof *medians, by_value);
    const size_t cut = (size_t)((1 - confidence) / 2 * RESAMPLES);
    return (struct bench_interval){medians[cut], medians[RESAMPLES - 1 - cut]};
}
