/*
 * The trainer: epochs of steps, evaluations between them, and the reasons to stop. It prints nothing; the
 * callbacks of the options see what happens while it happens.
 */
#ifndef TP_TRAINER_H
#define TP_TRAINER_H

#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/training_state.h"
#include "network/weights.h"
#include "tileprop/run.h"

/* Weights that are worth keeping; all of it is valid during the call alone. */
struct tp_kept {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t step; /* the one before them, counted from 0 */
    struct tp_metrics validation;
    bool last; /* those that the run ends with; else the ones with the lowest validation loss so far */
};

/* The public handle: a run that can be resumed from here. */
struct tileprop_training_state {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    const struct tp_training_state *state;
    void *keeper; /* of the training below */
};

/* What a training is made of. Everything outlives the call; what may be absent is NULL. */
struct tp_training {
    const tileprop_options *options;
    const tileprop_run_options *run; /* of which the trainer uses the callbacks and times; may be absent */
    const struct tp_dataset *train, *validation;
    const struct tp_dataset *test;            /* evaluated once, at the end; may be absent */
    const struct tp_weights *initial_weights; /* of the network's shape; absent: random ones */
    const struct tp_plan *plan;               /* who computes what, by a test; absent: it is chosen */

    /* Where a run goes on; absent: it begins. The states are as many as the optimizer keeps. */
    const struct tp_training_state *resumed;
    const struct tp_weights *resumed_weights, *resumed_states;

    /*
     * Called by one thread at each evaluation with the lowest validation loss so far, and at the end, unless
     * the run diverged; the team waits. May be absent.
     */
    void (*keep)(void *keeper, const struct tp_kept *kept);
    void *keeper;
};

/*
 * Trains a network. *result is filled but for its size, also where the run diverges.
 * Errors: TILEPROP_USAGE for options that do not fit each other, the data or the run that is resumed,
 * TILEPROP_BAD_INPUT for data sets that do not fit each other or are empty, TILEPROP_FAILURE without memory
 * or threads, TILEPROP_DIVERGED (error names step, epoch, layer and a remedy).
 */
tileprop_status tp_train(const struct tp_training *training, tileprop_result *result, struct tp_error *error);

#endif
