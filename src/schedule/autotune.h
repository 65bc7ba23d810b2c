/*
 * The probe: which plan to train by. Where the cost model is certain it decides; else real steps of a scratch
 * network of the same shapes are timed under each candidate, in turns.
 */
#ifndef TP_PROBE_H
#define TP_PROBE_H

#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "system/binding.h"

/* The probe and what it is about; steps begin with the first samples of train. */
struct tp_autotune {
    const struct tp_tier *tier;
    const struct tp_network *network; /* shaped for `members`, without memory */
    const struct tp_dataset *train;
    const struct tp_normalization *normalization;
    tileprop_optimizer optimizer;
    const struct tp_binding *binding;
    size_t members;      /* the most that there may be */
    size_t batch, steps; /* steps: that the run will have, if nothing ends it sooner */
    double seconds;      /* that the process has taken so far */
};

#define TP_CANDIDATES_MAX 16 /* candidates: 1, 2, 4, ... members */

/* What was found out, for reports. */
struct tp_autotune_result {
    size_t count;
    struct {
        size_t step_members;
        double model;    /* seconds of a step by the model */
        double measured; /* 0: it was not timed */
    } candidates[TP_CANDIDATES_MAX];
    double seconds; /* that all of it took, but for the making of threads, which the run needs anyway */
};

/*
 * The plan for at most probe->members. It takes 20 ms at most, and no more than a small part of what the run
 * will take, which leaves short runs to the model.
 * Errors: TILEPROP_FAILURE without memory or threads.
 */
tileprop_status tp_autotune_plan(const struct tp_autotune *probe, struct tp_plan *plan,
                                 struct tp_autotune_result *found, struct tp_error *error);

#endif
