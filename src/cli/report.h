/*
 * What a run prints: opening and closing lines on standard output, or with --json on standard error and the JSON object
 * on standard output; progress on standard error. On a terminal progress is one line that is redrawn, otherwise a line
 * for each evaluation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/model_writer.h"
#include "cli/train_command.h"
#include "cli/train_data.h"

#define TP_REDRAW_SECONDS 0.1 /* seconds between progress lines on a terminal */

struct tp_report {
    const struct tp_train_command *command;
    const struct tp_train_data *data;
    FILE *out;              /* for report lines; NULL: none are wanted */
    tileprop_run run;       /* except members valid only during its callback */
    tileprop_result result; /* for the run to fill */
    double peak;            /* of the threads used, in FLOP/s; 0: not measured reliably */
    bool terminal;
    size_t drawn; /* columns of the line on the terminal */
    size_t line;  /* of the lines elsewhere, the last that was written; SIZE_MAX: none */

    struct tp_error warned; /* the last warning */
    size_t repeated;        /* how often it was repeated */

    /* Times are those of CLOCK_MONOTONIC in seconds. */
    double begun, loaded, started, redrawn;
    double marked;                     /* end of the last step or evaluation */
    double step_seconds;               /* of steps alone */
    tileprop_progress now, evaluation; /* the last one, and the last with an evaluation */
};

/*
 * Where report lines go: standard output, or with --json, which needs that for itself, standard error; NULL (nowhere)
 * with --quiet too.
 */
FILE *tp_report_stream(const struct tp_train_command *command);

/* Begins the line of the network: its layers, activation and biases. */
void tp_report_network(const tileprop_options *options, size_t inputs, size_t classes, FILE *out);

/* Starts the clock of seconds_total. The data, still to be loaded, must outlive the report. */
void tp_report_begin(struct tp_report *report, const struct tp_train_command *command,
                     const struct tp_train_data *data);

/* For the callbacks of a training. */
void tp_report_started(struct tp_report *report, const tileprop_run *run);
void tp_report_progress(struct tp_report *report, const tileprop_progress *progress);

/* Prints a warning to standard error, unless the run is quiet. Repetitions are counted and reported at the end. */
void tp_report_warn(struct tp_report *report, const char *text);

/* Removes the progress from a terminal, before anything else is written. */
void tp_report_clear(struct tp_report *report);

/*
 * Writes the closing lines, also of what was saved, and the JSON object. times: of the steps, if the command
 * has them explained.
 * Errors: TILEPROP_FAILURE if out of memory. Errors of standard output are left to the stream.
 */
tileprop_status tp_report_finish(struct tp_report *report, const tileprop_time *times,
                                 const struct tp_model_writer *writer, struct tp_error *error);
