/*
 * The history of a run as CSV: a row for each step with its training loss; the row of a step that was
 * evaluated also has what the evaluation found. Columns without a value are empty.
 *
 *     step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy[,grad_norm_1,...]
 *
 * There is never half a history under its name (safe_file.h).
 */
#ifndef TP_HISTORY_H
#define TP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/safe_file.h"
#include "base/status.h"
#include "tileprop/tileprop.h"

/* Places of columns, from 0. */
#define TP_HISTORY_LOSS  2
#define TP_HISTORY_TRAIN 5

/* The files of --history and of --plot have the same rows. */
#define TP_HISTORY_FILES 2

struct tp_history {
    struct tp_safe_file files[TP_HISTORY_FILES]; /* the open ones first; none: nothing is written */
    bool pending;                                /* the row of the last step waits for an evaluation */
    size_t step, epoch;
    double loss;
    size_t layers; /* columns grad_norm_1 to grad_norm_<layers>; 0: none */
};

/*
 * Begins a file that tp_history_commit() will leave at path, with a column for the gradient norm of each of
 * `layers` layers (0: without them), before any row; without a path nothing. Messages begin with option,
 * which must outlive it. Errors: TILEPROP_FAILURE if it cannot be written there: no such directory, no
 * permission, not a regular file.
 */
tileprop_status tp_history_open(struct tp_history *history, const char *option, const char *path,
                                size_t layers, struct tp_error *error);

/* The option that the first file is of; NULL: none is open. */
const char *tp_history_option(const struct tp_history *history);

/* Add to the rows. Failures are kept for tp_history_commit(). */
void tp_history_step(struct tp_history *history, size_t step, size_t epoch, double loss);
void tp_history_evaluated(struct tp_history *history, const tileprop_progress *evaluation);

/* Goes on behind the content of a history with these columns, before any row. */
void tp_history_restore(struct tp_history *history, const void *content, size_t size);

/*
 * All that was written, with a zero byte behind its size, to be freed, of a history with a file; a row that
 * waits for an evaluation is complete without.
 * Errors: TILEPROP_FAILURE if any row could not be written, or without memory.
 */
tileprop_status tp_history_content(struct tp_history *history, void **content, size_t *size,
                                   struct tp_error *error);

/*
 * Finishes the files, which are closed afterwards, on error too.
 * Errors: TILEPROP_FAILURE if any row could not be written; what was at that path before is still there then.
 */
tileprop_status tp_history_commit(struct tp_history *history, struct tp_error *error);

/* Closes the files and leaves nothing of them. */
void tp_history_discard(struct tp_history *history);

#endif
