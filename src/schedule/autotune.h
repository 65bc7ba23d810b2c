/*
 * Autotuning: chooses a plan by timing real steps of a scratch network of the same shapes under each
 * candidate, in turn.
 */
#pragma once

#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "system/cpus.h"
#include "tileprop/run.h"

/* What to find a plan for; the timed steps use the first samples of train. */
struct tp_autotune {
    const struct tp_tier *tier;
    const struct tp_network *network; /* shaped for `members`, without memory */
    const struct tp_dataset *train;
    const struct tp_normalization *normalization;
    tileprop_optimizer optimizer;
    const struct tp_cpus *binding;
    size_t members;      /* maximum */
    bool exact;          /* all members take part in steps */
    size_t batch, steps; /* steps: in the run, if nothing ends it sooner */
    size_t shards;       /* of a batch */
    tileprop_zeros zeros;
    double zero_share; /* approximate share of the inputs that can be skipped */
    double seconds;    /* CPU time of the process so far */
    bool probes;       /* time each plan for at least a step, however long that takes */
};

#define TP_CANDIDATES_MAX 32 /* 1, 2, 4, ... members, multiplying or skipping */

/* The outcome. */
struct tp_autotune_result {
    struct tp_plan plan;
    size_t count;
    tileprop_candidate candidates[TP_CANDIDATES_MAX];
    double seconds; /* total, except for creating threads, which the run needs anyway */
};

/*
 * Finds the plan for at most autotune->members. Takes at most 20 ms and a small fraction of the run's
 * expected time. If that leaves no time, large steps get all members and short runs one.
 * Errors: TILEPROP_FAILURE if out of memory or threads.
 */
tileprop_status tp_autotune_plan(const struct tp_autotune *autotune, struct tp_autotune_result *result,
                                 struct tp_error *error);
