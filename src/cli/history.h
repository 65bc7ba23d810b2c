/*
 * The history of a run as CSV: a row for each step with its training loss; the row of a step that was
 * evaluated also has what the evaluation found. Columns without a value are empty.
 *
 *     step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy[,grad_norm_1,...]
 *
 * It grows in memory, since --history, --plot and each checkpoint want the whole of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/safe_file.h"
#include "base/status.h"
#include "tileprop/tileprop.h"

#define TP_HISTORY_LOSS 2 /* place of the column, from 0 */

struct tp_history {
    char *text; /* [size] and a zero byte, owned; NULL: nobody wants a history */
    size_t size, capacity;
    const char *option, *path; /* that want it, for messages */
    size_t layers;             /* columns grad_norm_1 to grad_norm_<layers>; 0: none */
    bool pending;              /* the row of the last step waits for an evaluation */
    bool failed;               /* memory was short for a row, which is missing */
};

/*
 * Begins one of which option, path and layers are set and all else is 0: with the columns, or after
 * content[size] (NULL: none), a history with these columns.
 * Errors: as tp_history_check(). The text is to be freed, on error too.
 */
tileprop_status tp_history_begin(struct tp_history *history, const void *content, size_t size, struct tp_error *error);

/* Adds to the rows, if there is a history. */
void tp_history_progress(struct tp_history *history, const tileprop_progress *progress);

/* Completes the last row: no evaluation follows. Nothing without a history. */
void tp_history_complete(struct tp_history *history);

/* Errors: TILEPROP_FAILURE with option and path if a row is missing, for want of memory. */
tileprop_status tp_history_check(const struct tp_history *history, struct tp_error *error);

/*
 * Writes the history as the whole of a file, and finishes that. If the disk is full, the rows that fit are left there,
 * unless there was a file before, which stays.
 * Errors: TILEPROP_FAILURE with option and path, and the number of rows that are left, if not all are.
 */
tileprop_status tp_history_write(const struct tp_history *history, struct tp_safe_file *file, struct tp_error *error);
