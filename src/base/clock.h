/* The clock for all times. */
#pragma once

#include <time.h>

/* Seconds on the monotonic clock. */
static inline double tp_clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The shorter of two times. */
static inline double tp_clock_shorter(double a, double b)
{
    return a < b ? a : b;
}
