/*
 * The plots of a run, drawn by gnuplot: loss above, accuracy below, against gradient steps. For FILE.svg or
 * FILE.png these lie beside each other:
 *
 *     FILE.csv       the history of the run (history.h)
 *     FILE-loss.csv  its training loss: step, mean and deviation of so many steps
 *     FILE.gp        the script; `gnuplot FILE.gp` in its folder draws once more what has been edited
 *
 * Other runs can be drawn behind it, from their histories; what is drawn of them is in the script.
 */
#pragma once

#include "cli/drawing.h"
#include "cli/history.h"

#define TP_PLOT_OTHERS 5 /* plot.gp has no more distinct colours */

/* Suffixes of the other files, in place of the image's; ends with a NULL. */
extern const char *const tp_plot_beside[];

enum { TP_PLOT_HISTORY, TP_PLOT_MEANS, TP_PLOT_DATA };

struct tp_other_run {
    char *path; /* owned */
    struct tp_history history;
};

struct tp_plot {
    struct tp_drawing drawing;
    struct tp_safe_file data[TP_PLOT_DATA];
    struct tp_other_run others[TP_PLOT_OTHERS];
    size_t other_count;
};

/*
 * Begins a plot at path (NULL: none), which must outlive it, with the histories listed in `with` (NULL: none),
 * separated by commas. Reads them at once, so that later changes to the files do not matter. Errors: as
 * tp_drawing_open() and tp_history_read(); TILEPROP_USAGE for more than TP_PLOT_OTHERS. Discard the plot in any case.
 */
tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, const char *with, struct tp_error *error);

/*
 * Writes the history, data and script, and runs gnuplot. with_train: evaluations included the training set. Errors:
 * TILEPROP_FAILURE if out of memory, if a file could not be written, or if gnuplot is not installed or failed; data and
 * script are kept as far as they could be written.
 */
tileprop_status tp_plot_draw(struct tp_plot *plot, const struct tp_history *history, bool with_train,
                             struct tp_error *error);

/* Removes files that are not finished. */
void tp_plot_discard(struct tp_plot *plot);
