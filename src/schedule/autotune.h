/*
 * Autotuning: which plan to train by. Real steps of a scratch network of the same shapes are timed under each
 * candidate, in turns.
 */
#ifndef TP_AUTOTUNE_H
#define TP_AUTOTUNE_H

#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "system/cpus.h"
#include "tileprop/run.h"

/* What a plan is sought for; steps begin with the first samples of train. */
struct tp_autotune {
    const struct tp_tier *tier;
    const struct tp_network *network; /* shaped for `members`, without memory */
    const struct tp_dataset *train;
    const struct tp_normalization *normalization;
    tileprop_optimizer optimizer;
    const struct tp_cpus *binding;
    size_t members;      /* the most that there may be */
    size_t batch, steps; /* steps: that the run will have, if nothing ends it sooner */
    double seconds;      /* that the process has taken so far */
};

#define TP_CANDIDATES_MAX 16 /* 1, 2, 4, ... members */

/* What was found out. */
struct tp_autotune_result {
    struct tp_plan plan;
    size_t count;
    tileprop_candidate candidates[TP_CANDIDATES_MAX];
    double seconds; /* that all of it took, but for the making of threads, which the run needs anyway */
};

/*
 * The plan for at most autotune->members. It takes 20 ms at most, and no more than a small part of what the
 * run will take. Where that leaves no time, large steps take all members, and short runs one.
 * Errors: TILEPROP_FAILURE without memory or threads.
 */
tileprop_status tp_autotune_plan(const struct tp_autotune *autotune, struct tp_autotune_result *result,
                                 struct tp_error *error);

#endif
