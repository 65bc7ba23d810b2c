#include "explain.h"

#include <stdio.h>

#include "../kernels/kernels.h"
#include "plan_text.h"

#define LABEL "%-12s"

void tp_explain_run(const struct tp_run *run)
{
    const struct tp_probe_found *probe = &run->probe;
    tp_plan_write(&run->plan, run->layers, stdout);
    printf(LABEL "%s, tiles of %s\n", "kernels", run->isa, tp_tier_find(run->isa)->tile);
    printf(LABEL "%zu of %zu threads bound to a core each\n", "binding", run->threads_bound,
           run->threads_used);
    if (!probe->count)
        return;
    printf(LABEL "%.2f ms; a step", "probe", 1e3 * probe->seconds);
    for (size_t i = 0; i < probe->count; i++) {
        const bool measured = probe->candidates[i].measured > 0;
        printf("%s %.2f us on %zu (%s)", i ? "," : "",
               1e6 * (measured ? probe->candidates[i].measured : probe->candidates[i].model),
               probe->candidates[i].step_members, measured ? "timed" : "by the model");
    }
    putchar('\n');
}

/* Operations of one sample in a layer, or 0 where none are counted. */
static double flops_of(const struct tp_train_options *options, const struct tp_run *run, enum tp_verb verb,
                       size_t l)
{
    const size_t inputs = l == 0 ? run->inputs : options->hidden[l - 1];
    const size_t units = l + 1 == run->layers ? run->classes : options->hidden[l];
    const bool bias = options->bias == TP_BIAS_ALL || (options->bias == TP_BIAS_INPUT && l == 0);
    if (verb == TP_VERB_PACK || verb == TP_VERB_LOSS)
        return 0;
    return 2 * (double)(inputs + bias) * (double)units;
}

void tp_explain_steps(const struct tp_train_options *options, const struct tp_result *result, double samples,
                      const struct tp_peak *peak)
{
    const struct tp_run *run = &result->run;
    const struct tp_profile_sum *profile = &result->profile;
    const double share = (double)run->plan.step_members / (double)run->plan.members;
    double accounted = 0, waited = 0;
    printf(LABEL "%-8s %5s %10s %9s %7s %10s %9s\n", "time", "verb", "layer", "ms", "GFLOP/s", "of peak",
           "waited ms", "imbalance");
    for (int v = 0; v < TP_VERB_COUNT; v++) {
        for (size_t l = 0; l < run->layers; l++) {
            const struct tp_profile_cell *cell = &profile->mean[v][l];
            if (!(cell->seconds > 0) && !(cell->waited > 0))
                continue;
            accounted += cell->seconds + cell->waited;
            waited += cell->waited;
            const double flops = flops_of(options, run, (enum tp_verb)v, l) * samples;
            const double gflops = cell->seconds > 0 ? 1e-9 * flops / cell->seconds : 0;
            printf(LABEL "%-8s %5zu %10.2f", "time", tp_verb_name((enum tp_verb)v), l + 1,
                   1e3 * cell->seconds);
            if (flops > 0)
                printf(" %9.1f", gflops);
            else
                printf(" %9s", "");
            if (flops > 0 && peak->proved)
                printf(" %5.0f %%", 100 * gflops / (peak->gflops * share));
            else
                printf(" %7s", "");
            printf(" %10.2f", 1e3 * cell->waited);
            if (cell->seconds > 0)
                printf(" %9.2f", profile->longest[v][l] / cell->seconds);
            putchar('\n');
        }
    }
    printf(LABEL "%.2f of %.2f ms accounted for, %.2f of them waiting at barriers\n", "time", 1e3 * accounted,
           1e3 * result->seconds_training, 1e3 * waited);
}
