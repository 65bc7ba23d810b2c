/*
 * The peak: how many floating-point operations per second the cores actually achieve, measured in this run,
 * as the denominator of every reported share of peak.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "kernels/kernels.h"

struct tp_peak {
    double gflops; /* 10^9 operations per second, all threads together; an FMA counts as two */
    double ratio;  /* one core's peak rate over its rate on a single dependent chain of FMAs */
    bool proved;   /* the ratio shows that the FMA units were full; else report no share of this peak */
};

/*
 * Measures the tier's FMA peak on `threads` threads (at least 1) running concurrently. Takes 10 to 20 ms on a
 * quiet machine, longer if the units do not seem full. More threads than CPUs (tp_cpus_available) count as
 * that many CPUs.
 *
 * The probe is validated against a single dependent chain timed alongside it on one core, whatever the clock.
 * A chain does one FMA per latency, 4 cycles on current CPUs; two full units do 8 in that time, so a ratio of
 * 7.6 is 95 % of them. A CPU does not report whether it has two units, so a ratio between 3.8 and 4.2 that
 * does not rise counts as one full unit, although two half-full ones would look the same. Above 10.5 (two
 * units at latency 5, as in Haswell and Zen 2, give 10) the probe did not do the operations it counts.
 *
 * A tier without probes (reference) gets gflops 0, ratio 0, not proved, and TILEPROP_OK.
 * Errors: TILEPROP_FAILURE if out of memory or threads; *peak is then all zero.
 */
tileprop_status tp_peak_measure(const struct tp_tier *tier, size_t threads, struct tp_peak *peak,
                                struct tp_error *error);
