/*
 * The history of a run as CSV: a row for each step with its training loss; the row of a step that was
 * evaluated also has what the evaluation found. Columns without a value are empty.
 *
 *     step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy[,grad_norm_1,...]
 *         [,activation_rms_1,...,saturation_1,...]
 *
 * It grows in memory, since --history, --plot and each checkpoint want the whole of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/safe_file.h"
#include "base/status.h"
#include "tileprop/tileprop.h"

/* Places of columns, from 0, and their number without gradient norms. */
enum { TP_HISTORY_LOSS = 2, TP_HISTORY_VALIDATION, TP_HISTORY_ACCURACY, TP_HISTORY_TRAIN_ACCURACY, TP_HISTORY_COLUMNS };

struct tp_history {
    char *text; /* [size] and a zero byte, owned; NULL: no history is wanted */
    size_t size, capacity;
    const char *option, *path; /* for messages */
    size_t layers;             /* columns grad_norm_1 to grad_norm_<layers>; 0: none */
    size_t hidden;             /* columns activation_rms_1 to activation_rms_<hidden>, and saturation_; 0: none */
    bool pending;              /* the row of the last step waits for an evaluation */
    bool failed;               /* a row is missing: out of memory */
};

/* Sets which columns of layers a history has. */
void tp_history_choose(struct tp_history *history, const tileprop_options *options);

/*
 * Begins one of which option, path and columns are set and all else is 0: with the columns, or after
 * content[size] (NULL: none), a history with these columns.
 * Errors: as tp_history_check(). The text is to be freed, on error too.
 */
tileprop_status tp_history_begin(struct tp_history *history, const void *content, size_t size, struct tp_error *error);

/*
 * Reads the history of an earlier run into *history, for which option asked; path must outlive it. Memory: 4 times the
 * file.
 * Errors: TILEPROP_BAD_INPUT with the line for a file that cannot be read or is not one, or has no evaluations;
 * TILEPROP_FAILURE if out of memory. The text is to be freed, on error too.
 */
tileprop_status tp_history_read(struct tp_history *history, const char *option, const char *path,
                                struct tp_error *error);

/*
 * Reads the numbers of a row but those of gradients, NAN where there is none, and moves *row to its end, a line break
 * or that of the text. False with *row at a field that is no number: that and those that follow are NAN.
 */
bool tp_history_row(const char **row, double values[TP_HISTORY_COLUMNS]);

/* Adds to the rows, if there is a history. */
void tp_history_progress(struct tp_history *history, const tileprop_progress *progress);

/* Completes the last row: no evaluation follows. Does nothing without a history. */
void tp_history_complete(struct tp_history *history);

/* Errors: TILEPROP_FAILURE with option and path if a row is missing, for lack of memory. */
tileprop_status tp_history_check(const struct tp_history *history, struct tp_error *error);

/*
 * Writes the history as the whole of a file, and finishes that. If the disk is full, the rows that fit are left there,
 * unless there was a file before, which stays.
 * Errors: TILEPROP_FAILURE with option and path, and the number of rows that are left, if not all are.
 */
tileprop_status tp_history_write(const struct tp_history *history, struct tp_safe_file *file, struct tp_error *error);
