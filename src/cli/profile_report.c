#include "cli/profile_report.h"

#include <stdbool.h>
#include <stdio.h>

#include "cli/standard_output.h"

void tp_profile_report_run(const tileprop_run *run)
{
    fputs(run->plan, stdout);
    printf(TP_LABEL "%s, tiles of %s\n", "kernels", run->isa, run->tile);
    printf(TP_LABEL "%zu of %zu threads bound to a core each\n", "binding", run->threads_bound, run->threads);
    if (!run->candidate_count)
        return;
    printf(TP_LABEL "%.2f ms; a step", "autotune", 1e3 * run->seconds_planning);
    for (size_t i = 0; i < run->candidate_count; i++) {
        const tileprop_candidate *candidate = &run->candidates[i];
        if (candidate->measured > 0)
            printf("%s %.2f us on %zu", i ? "," : "", 1e6 * candidate->measured, candidate->threads);
        else
            printf("%s untimed on %zu", i ? "," : "", candidate->threads);
    }
    putchar('\n');
}

/* Operations of one sample in a layer, or 0 where none are counted. */
static double flops_of(const tileprop_options *options, const tileprop_run *run, int verb, size_t l)
{
    const size_t inputs = l == 0 ? run->inputs : options->hidden[l - 1];
    const size_t units = l + 1 == run->layers ? run->classes : options->hidden[l];
    const bool bias = options->bias == TILEPROP_BIAS_ALL || (options->bias == TILEPROP_BIAS_INPUT && l == 0);
    if (verb == TILEPROP_PACK || verb == TILEPROP_LOSS)
        return 0;
    return 2 * (double)(inputs + bias) * (double)units;
}

void tp_profile_report_steps(const tileprop_options *options, const tileprop_run *run,
                             const tileprop_time *times, double samples, double seconds, double peak)
{
    const double share = (double)run->threads_of_steps / (double)run->threads;
    double accounted = 0, waited = 0;
    printf(TP_LABEL "%-8s %5s %10s %9s %7s %10s %9s\n", "time", "verb", "layer", "ms", "GFLOP/s", "of peak",
           "waited ms", "imbalance");
    for (int v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < run->layers; l++) {
            const tileprop_time *cell = &times[(size_t)v * run->layers + l];
            if (!(cell->seconds > 0) && !(cell->waited > 0))
                continue;
            accounted += cell->seconds + cell->waited;
            waited += cell->waited;
            const double flops = flops_of(options, run, v, l) * samples;
            const double gflops = cell->seconds > 0 ? 1e-9 * flops / cell->seconds : 0;
            char rate[32] = "", of_peak[32] = "";
            if (flops > 0)
                snprintf(rate, sizeof rate, "%.1f", gflops);
            if (flops > 0 && peak > 0)
                snprintf(of_peak, sizeof of_peak, "%.0f %%", 1e11 * gflops / (peak * share));
            printf(TP_LABEL "%-8s %5zu %10.2f %9s %7s %10.2f", "time", tileprop_verb_name(v), l + 1,
                   1e3 * cell->seconds, rate, of_peak, 1e3 * cell->waited);
            if (cell->seconds > 0)
                printf(" %9.2f", cell->longest / cell->seconds);
            putchar('\n');
        }
    }
    printf(TP_LABEL "%.2f of %.2f ms accounted for, %.2f of them waiting at barriers\n", "time",
           1e3 * accounted, 1e3 * seconds, 1e3 * waited);
}
