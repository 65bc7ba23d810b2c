#include "paired.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define SLOW       4 /* times as long as a burst and as the fastest contender's call: then a contender rests */
#define SLOW_EVERY 5
#define SLOW_FIRST 2 /* so that its rounds go in both directions */

/*
 * What runs untimed before a burst: half of its calls, in which the operands move into caches that the
 * contender before has filled and that one's threads fall asleep; and at least so many calls, up to so many
 * seconds, because a last cache that keeps what others evict fills only over many calls.
 */
#define SETTLING         0.5
#define SETTLING_CALLS   12
#define SETTLING_SECONDS 6e-3

struct stopwatch {
    double began, seconds;
};

static void start(void *context)
{
    ((struct stopwatch *)context)->began = tp_clock_seconds();
}

static void stop(void *context)
{
    struct stopwatch *watch = context;
    watch->seconds += tp_clock_seconds() - watch->began;
}

static tileprop_status run(const struct bench_contender *c, size_t times, double *seconds,
                           struct tp_error *error)
{
    struct stopwatch stopwatch = {0};
    const struct bench_watch watch = {start, stop, &stopwatch};
    const tileprop_status status = c->run(c->context, times, &watch, error);
    *seconds = stopwatch.seconds;
    return status;
}

/* Doubles the number of calls until they take a tenth of a burst. The first call is cold and does not count.
 */
static tileprop_status calibrate(struct bench_contender *c, double burst, struct tp_error *error)
{
    double seconds = 0;
    tileprop_status status = run(c, 1, &seconds, error);
    for (c->times = 1; !status; c->times *= 2) {
        status = run(c, c->times, &seconds, error);
        if (seconds >= burst / 10)
            break;
    }
    c->call_seconds = seconds / (double)c->times;
    c->times = (size_t)fmax(1, burst / c->call_seconds);
    return status;
}

static tileprop_status time_burst(const struct bench_contender *c, double *seconds, struct tp_error *error)
{
    const double calls = fmin(SETTLING_CALLS, SETTLING_SECONDS / c->call_seconds);
    const size_t settling = (size_t)fmax(SETTLING * (double)c->times, calls);
    tileprop_status status = settling ? run(c, settling, seconds, error) : TILEPROP_OK;
    if (!status)
        status = run(c, c->times, seconds, error);
    *seconds /= (double)c->times;
    return status;
}

tileprop_status bench_compete(struct bench_contender *contenders, size_t count, size_t rounds, double burst,
                              struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    double slow = INFINITY;
    for (size_t i = 0; i < count && !status; i++) {
        status = calibrate(&contenders[i], burst, error);
        slow = fmin(slow, contenders[i].call_seconds);
    }
    slow = SLOW * fmax(slow, burst);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count && !status; i++) {
            struct bench_contender *c = &contenders[round % 2 ? count - 1 - i : i];
            const bool rests = c->may_rest && rounds > SLOW_FIRST && c->call_seconds > slow &&
                               round % SLOW_EVERY != SLOW_FIRST;
            c->seconds[round] = NAN;
            if (!rests)
                status = time_burst(c, &c->seconds[round], error);
        }
    }
    return status;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(const double *values, size_t count)
{
    double sorted[BENCH_ROUNDS_MAX];
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
    double ratios[BENCH_ROUNDS_MAX];
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return bench_median(ratios, count);
}
