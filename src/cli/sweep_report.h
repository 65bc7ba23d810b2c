/* The results of a sweep: a table of its configurations, for people and as CSV and JSON. */
#pragma once

#include <stdio.h>

#include "base/status.h"
#include "cli/drawing.h"
#include "cli/sweep_runs.h"

/* Mean and sample standard deviation of a figure over runs; NaN without runs, the deviation also with one. */
struct tp_spread {
    double mean, deviation;
};

/* A configuration over its runs. */
struct tp_sweep_row {
    size_t configuration, runs, diverged;                        /* a run that diverged counts in none of the figures */
    struct tp_spread accuracy, loss, train_accuracy, train_loss; /* of the validation and the training samples */
    double seconds;                                              /* mean, of a run */
    /*
     * The metric less the best configuration's, paired by seed or fold: mean, and half the width of its 95 % interval
     * by Student's t; NaN where it takes two pairs and there are fewer, and of the best one.
     */
    double difference, half_width;
};

/* Fills rows[configurations], the best first. Configurations with a run that diverged come last. */
void tp_sweep_rank(const struct tp_sweep *sweep, struct tp_sweep_row *rows);

/* The 97.5 % quantile of Student's t with that many degrees of freedom, 1 or more: to 3 digits. */
double tp_student_quantile(size_t freedom);

/* Writes the table for people. test: of the best configuration's first run; NULL: there are no test samples. */
void tp_sweep_write(const struct tp_sweep *sweep, const struct tp_sweep_row *rows, const tileprop_result *test,
                    FILE *out);

/* Writes it as CSV. */
void tp_sweep_write_csv(const struct tp_sweep *sweep, const struct tp_sweep_row *rows, FILE *out);

/* Writes it as the one JSON object. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_sweep_write_json(const struct tp_sweep *sweep, const struct tp_sweep_row *rows,
                                    const tileprop_result *test, struct tp_error *error);

/* Draws the metric of all runs against each option that varies. Errors: those of tp_sweep_plot(). */
tileprop_status tp_sweep_draw(const struct tp_sweep *sweep, struct tp_drawing *drawing, struct tp_error *error);

/*
 * Shows the progress of the sweep on standard error: one line that is redrawn on a terminal, otherwise a line now and
 * then.
 */
void tp_sweep_progress(const struct tp_sweep *sweep, size_t running);
