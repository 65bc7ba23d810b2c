#include "system/peak.h"

#include <float.h>
#include <stdlib.h>

#include "base/clock.h"
#include "system/cpus.h"
#include "system/team.h"

/* Many short rounds, of which the best counts: a neighbour on the same core spoils some, not all. */
#define TP_PEAK_ROUNDS     15
#define TP_PEAK_MAX_ROUNDS 100     /* of peak and chain, until the units are found full */
#define TP_PEAK_SECONDS    0.15e-3 /* minimum of a round; makes the clock's own 50 ns negligible */
/* An iteration takes at least a nanosecond: if this many seem to take no time, the probe or the clock is broken. */
#define TP_PEAK_MAX_ITERATIONS ((size_t)1 << 18)

/* The ratios that peak.h explains. */
#define TP_PEAK_TWO_UNITS 7.6
#define TP_PEAK_TOO_MANY  10.5

struct team_rounds {
    tp_fma_peak_fn *probe;
    size_t iterations;
    double *seconds; /* each member's best round */
};

static double probe_seconds(tp_fma_peak_fn *probe, size_t iterations)
{
    double begin = tp_clock_seconds();
    volatile float kept = probe(iterations);
    (void)kept;
    return tp_clock_seconds() - begin;
}

/*
 * How many iterations make a round: enough to reach its time twice, because an interrupted attempt must not pass for a
 * slow probe. The attempts also let the core power up its vector units and raise its clock.
 */
static size_t round_iterations(tp_fma_peak_fn *probe)
{
    size_t iterations = 64;
    while (iterations < TP_PEAK_MAX_ITERATIONS &&
           (probe_seconds(probe, iterations) < TP_PEAK_SECONDS || probe_seconds(probe, iterations) < TP_PEAK_SECONDS))
        iterations *= 2;
    return iterations;
}

/*
 * One core's peak rate over its chain rate, measured alternately so that both see the same clock. Takes the best of
 * each: the best quotient would be that of the most disturbed chain.
 */
static double measure_ratio(const struct tp_tier *tier, size_t iterations)
{
    size_t chain_iterations = round_iterations(tier->chain);
    double peak_flops = (double)iterations * tier->blocks->peak_flops;
    double chain_flops = (double)chain_iterations * tier->blocks->chain_flops;
    double peak = DBL_MAX, chain = DBL_MAX, ratio = 0;
    for (size_t round = 0; round < TP_PEAK_ROUNDS || (round < TP_PEAK_MAX_ROUNDS && ratio < TP_PEAK_TWO_UNITS);
         round++) {
        chain = tp_clock_shorter(chain, probe_seconds(tier->chain, chain_iterations));
        peak = tp_clock_shorter(peak, probe_seconds(tier->peak, iterations));
        ratio = peak_flops / peak / (chain_flops / chain);
    }
    return ratio;
}

static bool is_proved(double ratio)
{
    return (ratio >= TP_PEAK_TWO_UNITS && ratio <= TP_PEAK_TOO_MANY) || (ratio >= 3.8 && ratio <= 4.2);
}

/*
 * Members begin each round together, so that shared resources are in fact shared. The best round may differ between
 * members: on a busy machine hardly any round is undisturbed for all.
 */
static void run_rounds(void *context, size_t member, size_t members)
{
    (void)members;
    struct team_rounds *rounds = context;
    double best = DBL_MAX;
    for (size_t round = 0; round < TP_PEAK_ROUNDS; round++) {
        tp_team_barrier();
        best = tp_clock_shorter(best, probe_seconds(rounds->probe, rounds->iterations));
    }
    rounds->seconds[member] = best;
}

/* Iterations per second of all threads; threads that take turns on a CPU count as one. */
static double sum_rates(const struct team_rounds *rounds, size_t threads)
{
    double sum = 0;
    for (size_t member = 0; member < threads; member++)
        sum += (double)rounds->iterations / rounds->seconds[member];
    size_t cpus = tp_cpus_available();
    return threads <= cpus ? sum : sum * (double)cpus / (double)threads;
}

tileprop_status tp_peak_measure(const struct tp_tier *tier, size_t threads, struct tp_peak *peak,
                                struct tp_error *error)
{
    *peak = (struct tp_peak){0};
    if (!tier->peak || !tier->chain)
        return TILEPROP_OK;

    struct team_rounds rounds = {.probe = tier->peak, .seconds = calloc(threads, sizeof(double))};
    if (!rounds.seconds)
        return tp_fail_memory(error, NULL, "the times of threads");

    rounds.iterations = round_iterations(tier->peak);
    const double ratio = measure_ratio(tier, rounds.iterations);
    const tileprop_status status = tp_team_run(threads, run_rounds, &rounds, error);
    if (status == TILEPROP_OK)
        *peak = (struct tp_peak){
            .gflops = sum_rates(&rounds, threads) * tier->blocks->peak_flops * 1e-9,
            .ratio = ratio,
            .proved = is_proved(ratio),
        };
    free(rounds.seconds);
    return status;
}
