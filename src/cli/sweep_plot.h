/*
 * The results of a sweep, drawn by gnuplot: a panel for each option that was varied, with the metric's mean and
 * standard deviation over all runs with a value, against that value. The data are in the script.
 */
#pragma once

#include "cli/drawing.h"

struct tp_sweep_value {
    const char *text;       /* as the option takes it */
    double mean, deviation; /* of the metric; not drawn where it is not finite */
    size_t count;           /* of runs that it is over; below 2 there is no deviation to be drawn */
};

struct tp_sweep_option {
    const char *name;
    const struct tp_sweep_value *values; /* [count] */
    size_t count;                        /* at least 1 */
};

struct tp_sweep_results {
    const char *metric; /* with its unit, as "validation loss (nats per sample)" */
    const struct tp_sweep_option *options;
    size_t count; /* at least 1 */
};

/*
 * Draws into the drawing that tp_drawing_open() began before the sweep. An option's axis is logarithmic if its values
 * are positive numbers that span a factor of 10 or more, linear for other numbers, and otherwise has one place for each
 * value, in their order. Does nothing if the drawing has no path. Errors: TILEPROP_FAILURE if no mean is finite; those
 * of tp_drawing_finish().
 */
tileprop_status tp_sweep_plot(struct tp_drawing *drawing, const struct tp_sweep_results *results,
                              struct tp_error *error);
