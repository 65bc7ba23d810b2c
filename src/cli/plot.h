/*
 * The plots of a run, drawn by gnuplot: loss above, accuracy below, against gradient steps. For FILE.svg or
 * FILE.png these lie beside each other:
 *
 *     FILE.csv       the history of the run (history.h)
 *     FILE-loss.csv  its training loss: step, mean and deviation of so many steps
 *     FILE.gp        the script; `gnuplot FILE.gp` in its folder draws once more what has been edited
 */
#pragma once

#include "base/safe_file.h"
#include "base/status.h"
#include "cli/history.h"

/* What stands instead of the image's suffix in the names of the other files; ended by NULL. */
extern const char *const tp_plot_beside[];

enum { TP_PLOT_HISTORY, TP_PLOT_MEANS, TP_PLOT_SCRIPT, TP_PLOT_IMAGE, TP_PLOT_FILES };

struct tp_plot {
    const char *path; /* of the image; NULL: there is no plot */
    struct tp_safe_file files[TP_PLOT_FILES];
};

/*
 * Begins a plot at path (NULL: none), which must outlive it.
 * Errors: TILEPROP_USAGE for a path that is no name with .svg or .png after it, TILEPROP_FAILURE if its
 * files cannot be written there. The plot is to be discarded, on error too.
 */
tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, struct tp_error *error);

/*
 * Writes the history, data and script, and runs gnuplot. with_train: evaluations were of the training set
 * too.
 * Errors: TILEPROP_FAILURE without memory, if anything could not be written, or gnuplot is not installed or
 * failed; data and script are there then as far as they could be written.
 */
tileprop_status tp_plot_draw(struct tp_plot *plot, const struct tp_history *history, bool with_train,
                             struct tp_error *error);

/* Leaves nothing of files that are not finished. */
void tp_plot_discard(struct tp_plot *plot);
