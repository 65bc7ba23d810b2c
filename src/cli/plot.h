/*
 * The plots of a run, drawn by gnuplot: loss above, accuracy below, against gradient steps. For FILE.svg or
 * FILE.png these lie beside each other:
 *
 *     FILE.csv       the history of the run (history.h)
 *     FILE-loss.csv  its training loss: step, mean and deviation of so many steps
 *     FILE.gp        the script; `gnuplot FILE.gp` in its folder draws once more what has been edited
 */
#ifndef TP_PLOT_H
#define TP_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "cli/history.h"

/* What stands instead of the image's suffix in the names of the other files; ended by NULL. */
extern const char *const tp_plot_beside[];

struct tp_plot {
    char *path;                               /* of the image; NULL: closed */
    char *stem;                               /* path without its suffix */
    struct tp_safe_file means, script, image; /* beside the history */
    double *losses;                           /* [count], one per step, as the history has them at the end */
    size_t count;
    bool any_train; /* some evaluation was of the training set too */
};

/*
 * Begins a plot at path (NULL: none), and a file of the history, as tp_history_open() does.
 * Errors: TILEPROP_USAGE for a path that is no name with .svg or .png behind it, TILEPROP_FAILURE if its
 * files cannot be written there. On error *plot is closed.
 */
tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, struct tp_history *history,
                             size_t layers, struct tp_error *error);

/*
 * Takes what is drawn from the rows of the history, before that is committed; nothing on a closed plot.
 * Errors: as tp_history_content(). On error *plot is closed.
 */
tileprop_status tp_plot_read(struct tp_plot *plot, struct tp_history *history, struct tp_error *error);

/*
 * Writes data and script, runs gnuplot and closes the plot, on error too; TILEPROP_OK if it is closed
 * already. The history is committed. Errors: TILEPROP_FAILURE if anything could not be written, or gnuplot is
 * not installed or failed; data and script are there then as far as they could be written.
 */
tileprop_status tp_plot_finish(struct tp_plot *plot, struct tp_error *error);

/* Closes the plot and leaves nothing of it. */
void tp_plot_discard(struct tp_plot *plot);

#endif
