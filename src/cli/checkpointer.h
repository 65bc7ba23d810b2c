/* --checkpoint and --resume: writes checkpoints during a run, and resumes from one. */
#pragma once

#include "base/safe_file.h"
#include "cli/history.h"
#include "cli/train_command.h"

struct tp_checkpointer {
    const struct tp_train_command *command;
    struct tp_safe_file file;  /* the next checkpoint; closed only where it could not be opened again */
    tileprop_checkpoint *from; /* the checkpoint to resume from; NULL: a new run */
    bool replaces;             /* the first checkpoint replaces a file that the run did not resume from */
    bool told;                 /* a checkpoint was skipped because the history lacks a row */
    double written;            /* time of the last one, in seconds on the monotonic clock */
};

/*
 * Opens the checkpoint to be written, reads the one to resume from, and begins or continues the history. Errors: as
 * tp_safe_file_open, tileprop_checkpoint_load and tp_history_begin; TILEPROP_USAGE for outputs that need what the
 * checkpoint does not have. The checkpointer may be discarded either way.
 */
tileprop_status tp_checkpointer_open(struct tp_checkpointer *checkpointer, const struct tp_train_command *command,
                                     struct tp_history *history, struct tp_error *error);

/* Whether a checkpoint is due after the step, which is counted from 0. */
bool tp_checkpointer_due(const struct tp_checkpointer *checkpointer, size_t step, size_t steps_per_epoch);

/* Errors: TILEPROP_FAILURE if it could not be written; the previous one then remains. */
tileprop_status tp_checkpointer_write(struct tp_checkpointer *checkpointer, struct tp_history *history,
                                      const tileprop_training_state *state, struct tp_error *error);

void tp_checkpointer_discard(struct tp_checkpointer *checkpointer);
