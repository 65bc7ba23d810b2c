#include "disturbance.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

/*
 * Measured: 0.87 to 1.07 of two threads before whom other processes had to stand back, 0.2 to 0.6 beside a
 * process on one of two CPUs: the thread that shares takes twice as long, and the other sleeps until it is
 * there.
 */
#define SHARE_MIN 0.8

/* Of less the time until a team's threads are awake is too large a part. */
#define WALL_MIN 0.02

struct bench_usage bench_usage_now(size_t threads)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (struct bench_usage){.cpu = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec,
                                .wall = (double)threads * tp_clock_seconds()};
}

void bench_usage_add(struct bench_usage *usage, const struct bench_usage *began, size_t threads)
{
    const struct bench_usage now = bench_usage_now(threads);
    usage->cpu += now.cpu - began->cpu;
    usage->wall += now.wall - began->wall;
}

void bench_disturbance_note(struct bench_disturbance *d, const struct bench_usage *usage, const char *name)
{
    d->figures++;
    if (usage->wall < WALL_MIN || usage->cpu >= SHARE_MIN * usage->wall)
        return;
    const double share = usage->cpu / usage->wall;
    if (!d->disturbed++ || share < d->least) {
        d->least = share;
        snprintf(d->name, sizeof d->name, "%s", name);
    }
}

void bench_disturbance_write(const struct bench_disturbance *d, const char *about)
{
    if (d->disturbed)
        fprintf(
            stderr,
            "bench: %s: in %zu of %zu timings the threads had less than %.0f %% of their CPUs, in %s only "
            "%.0f %%: something else is running, and these figures say little\n",
            about, d->disturbed, d->figures, 100 * SHARE_MIN, d->name, 100 * d->least);
}
