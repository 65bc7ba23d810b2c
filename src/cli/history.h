/*
 * The history of a run as CSV: a row for each step with its training loss; rows of steps followed by an evaluation also
 * hold its results. Columns without a value are empty.
 *
 *     step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy[,grad_norm_1,...]
 *         [,activation_rms_1,...,saturation_1,...]
 *
 * It grows in memory, because --history, --plot and each checkpoint need all of it.
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
 * Begins a history whose option, path and columns are set and whose other members are 0: with a header line, or with
 * content[size] (NULL: none), a history with these columns. Errors: as tp_history_check(). Free the text in any case.
 */
tileprop_status tp_history_begin(struct tp_history *history, const void *content, size_t size, struct tp_error *error);

/*
 * Reads the history of an earlier run into *history; option is for messages, and path must outlive it. Uses 4 times the
 * memory of the file. Errors: TILEPROP_BAD_INPUT with the line for a file that cannot be read, is not a history, or has
 * no evaluations; TILEPROP_FAILURE if out of memory. Free the text in any case.
 */
tileprop_status tp_history_read(struct tp_history *history, const char *option, const char *path,
                                struct tp_error *error);

/*
 * Reads the numbers of a row except gradients, NAN for empty fields, and moves *row to the row's end: a line break or
 * the end of the text. Returns false with *row at a field that is not a number; this value and the following ones are
 * NAN.
 */
bool tp_history_row(const char **row, double values[TP_HISTORY_COLUMNS]);

/* Adds to the rows, if there is a history. */
void tp_history_progress(struct tp_history *history, const tileprop_progress *progress);

/* Completes the last row: no evaluation follows. Does nothing without a history. */
void tp_history_complete(struct tp_history *history);

/* Errors: TILEPROP_FAILURE with option and path if a row is missing, for lack of memory. */
tileprop_status tp_history_check(const struct tp_history *history, struct tp_error *error);

/*
 * Writes the history as the content of a file and finishes the file. If the disk is full, the rows that fit are kept,
 * unless there was a file before, which then remains. Errors: TILEPROP_FAILURE with option, path and number of rows
 * kept, unless all are.
 */
tileprop_status tp_history_write(const struct tp_history *history, struct tp_safe_file *file, struct tp_error *error);
