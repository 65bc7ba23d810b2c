/*
 * The runs of a sweep: one network each, on a thread of its own, or on several where there are fewer runs than threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "cli/sweep_command.h"
#include "cli/train_data.h"
#include "tileprop/run.h"

/* The record of a run. */
struct tp_sweep_run {
    bool done;
    int stopped_by;       /* tileprop_stop; a run that diverged has figures that are NaN */
    size_t steps, epochs; /* done */
    double train_loss, train_accuracy, validation_loss, validation_accuracy;
    double best_validation_loss, best_validation_accuracy;
    double seconds;
    uint64_t weights_hash;
};

struct tp_sweep {
    const struct tp_sweep_command *command;
    const tileprop_ranks *ranks; /* that share the runs; NULL: this process is alone */
    struct tp_train_data data;   /* as it was read */
    size_t repeats;              /* seeds or folds */
    struct tp_sweep_run *runs;   /* [configurations][repeats], owned */
    size_t count, done, before;  /* of runs; before: done by a sweep that this one continues */
    size_t workers, threads;     /* of this process; threads: of each run */
    bool abandoned;              /* after a signal other ranks go on, which are to be ended */
    double began;
    /* Called by one thread at a time, after a run has begun or ended; running: how many are under way. */
    void (*progress)(const struct tp_sweep *sweep, size_t running);
};

/* Reads the data, and the runs that --runs has already. Errors: those of both. The sweep is to be freed either way. */
tileprop_status tp_sweep_begin(struct tp_sweep *sweep, const struct tp_sweep_command *command,
                               const tileprop_ranks *ranks, struct tp_error *error);

/*
 * Trains the runs that are not done yet. The first error ends them; after a signal, runs under way are lost. Errors:
 * those of a run, with its configuration, unless it diverges; TILEPROP_FAILURE for --runs.
 */
tileprop_status tp_sweep_run(struct tp_sweep *sweep, struct tp_error *error);

/* Repeats one run, with the test set too. Errors: those of tileprop_train(). */
tileprop_status tp_sweep_test(const struct tp_sweep *sweep, size_t configuration, tileprop_result *result,
                              struct tp_error *error);

/* The seed of the run on the command line of train; for a fold, the common one. */
uint64_t tp_sweep_seed(const struct tp_sweep_command *command, size_t repeat);

void tp_sweep_free(struct tp_sweep *sweep);
