/*
 * The trainer: epochs of steps, evaluations between them, and the reasons to stop. It prints nothing;
 * progress is reported through the callbacks in the options.
 */
#pragma once

#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/training_state.h"
#include "network/weights.h"
#include "tileprop/run.h"

/* Weights worth keeping; everything is valid only during the call. */
struct tp_kept {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t step; /* the step that produced them, counted from 0 */
    struct tp_metrics validation;
    bool last; /* the run's final weights; else those with the lowest validation loss so far */
};

/* The public handle: a run that can be resumed from here. */
struct tileprop_training_state {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    const struct tp_training_state *state;
    void *snapshots; /* from the training below */
};

/* The inputs of a run. Everything outlives the call; optional members may be NULL. */
struct tp_training {
    const tileprop_options *options;
    const tileprop_run_options *run; /* the trainer uses its callbacks and times; optional */
    const struct tp_dataset *train, *validation;
    const struct tp_dataset *test;                /* evaluated once, at the end; optional */
    const struct tp_weights *initial_weights;     /* of the network's shape; NULL: random */
    const struct tp_normalization *normalization; /* the one the weights were trained with; NULL: fitted to train */
    const struct tp_plan *plan;                   /* set by tests; NULL: chosen */

    bool unverified; /* for the report: the file of the initial weights has no checksum */

    /* Where to resume; NULL: from the beginning. One array of resumed_states for each that the optimizer keeps. */
    const struct tp_training_state *resumed;
    const struct tp_weights *resumed_weights, *resumed_states;

    /*
     * Called by one thread, while the team waits, at each evaluation with the lowest validation loss so far
     * and at the end unless the run diverged. Optional.
     */
    void (*keep)(void *snapshots, const struct tp_kept *kept);
    void *snapshots;
    size_t pending_bytes; /* bytes that the caller has allocated for this run and not touched */
};

/*
 * Trains a network. Fills *result except for its size, even if the run diverges.
 * Errors: TILEPROP_USAGE for options that do not fit each other, the data or the run being resumed,
 * TILEPROP_BAD_INPUT for data sets that do not fit each other or are empty, TILEPROP_FAILURE if out of memory
 * or threads, TILEPROP_DIVERGED (error names step, epoch, layer and a remedy).
 */
tileprop_status tp_train(const struct tp_training *training, tileprop_result *result, struct tp_error *error);
