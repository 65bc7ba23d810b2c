/*
 * --checkpoint and --resume: writes checkpoints while a run goes on, and has a run go on from one.
 */
#ifndef TP_CHECKPOINTER_H
#define TP_CHECKPOINTER_H

#include "base/safe_file.h"
#include "cli/history.h"
#include "cli/train_command.h"

struct tp_checkpointer {
    const struct tp_train_command *command;
    struct tp_history *history;
    struct tp_safe_file file;  /* the next checkpoint, open from the start to the end of the run */
    const char *source;        /* what the run goes on from; NULL: it begins */
    tileprop_checkpoint *from; /* the same, read */
    size_t steps_per_epoch;
    double written;         /* when the last one was, in seconds on the monotonic clock */
    tileprop_status status; /* of the last one */
    struct tp_error error;
};

/*
 * Opens the checkpoint that is to be written and reads the one that the run is to go on from.
 * Errors: as tp_safe_file_open and tileprop_checkpoint_load. The checkpointer may be discarded either way.
 */
tileprop_status tp_checkpointer_open(struct tp_checkpointer *checkpointer,
                                     const struct tp_train_command *command, struct tp_error *error);

/* Whether a file is there that the first checkpoint replaces, though the run does not go on from it. */
bool tp_checkpointer_replaces(const struct tp_checkpointer *checkpointer);

/*
 * Has the run and the history go on where the checkpoint is. The checkpointer is to outlive the run, and the
 * history the checkpointer.
 * Errors: TILEPROP_USAGE for outputs that need what the checkpoint does not have.
 */
tileprop_status tp_checkpointer_prepare(struct tp_checkpointer *checkpointer, struct tp_history *history,
                                        tileprop_run_options *run, struct tp_error *error);

/* The callbacks of a run; the last two only of one with --checkpoint. */
void tp_checkpointer_started(struct tp_checkpointer *checkpointer, const tileprop_run *run);
bool tp_checkpointer_due(const struct tp_checkpointer *checkpointer, size_t step);
void tp_checkpointer_checkpoint(struct tp_checkpointer *checkpointer, const tileprop_training_state *state);

/* Errors: TILEPROP_FAILURE if the last checkpoint could not be written; the one before it is still there
 * then. */
tileprop_status tp_checkpointer_finish(const struct tp_checkpointer *checkpointer, struct tp_error *error);

void tp_checkpointer_discard(struct tp_checkpointer *checkpointer);

#endif
