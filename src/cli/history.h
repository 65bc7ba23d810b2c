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

struct tp_history {
    struct tp_safe_file safe;
    bool pending; /* the row of the last step waits for an evaluation */
    size_t step, epoch;
    double loss;
    size_t layers; /* columns grad_norm_1 to grad_norm_<layers>; 0: none */
};

/*
 * Begins the history that tp_history_commit() will leave at path, with a column for the gradient norm of each
 * of `layers` layers (0: without them). Messages begin with option, which must outlive it.
 * Errors: TILEPROP_FAILURE if it cannot be written there: no such directory, no permission, not a regular
 * file. On error *history is closed.
 */
tileprop_status tp_history_open(struct tp_history *history, const char *option, const char *path,
                                size_t layers, struct tp_error *error);

/* Add to the rows. On a closed history they do nothing; failures are kept for tp_history_commit(). */
void tp_history_step(struct tp_history *history, size_t step, size_t epoch, double loss);
void tp_history_evaluated(struct tp_history *history, const tileprop_progress *evaluation);

/* Goes on behind the content of a history with these columns, before any row; nothing on a closed history. */
void tp_history_restore(struct tp_history *history, const void *content, size_t size);

/*
 * All that was written, with a zero byte behind its size, to be freed; a row that waits for an evaluation is
 * complete without.
 * Errors: TILEPROP_FAILURE if any row could not be written, or without memory.
 */
tileprop_status tp_history_content(struct tp_history *history, void **content, size_t *size,
                                   struct tp_error *error);

/*
 * Finishes a history, which is closed afterwards, on error too; TILEPROP_OK if it is closed already.
 * Errors: TILEPROP_FAILURE if any row could not be written; what was at path before is still there then.
 */
tileprop_status tp_history_commit(struct tp_history *history, struct tp_error *error);

/* Closes the history and leaves nothing of it. */
void tp_history_discard(struct tp_history *history);

#endif
