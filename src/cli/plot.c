#include "cli/plot.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/file_list.h"

#define TP_BIN_STEPS    10   /* least number of steps that a point of the training loss averages */
#define TP_POINTS       1000 /* largest number of points of the training loss */
#define TP_POINTS_OTHER 100  /* the same for another run, so that its noise hides nothing */
#define TP_LEGEND_NAME  40   /* bytes of another run's path, above which the legend leaves out folders */

const char *const tp_plot_beside[] = {[TP_PLOT_HISTORY] = ".csv", [TP_PLOT_MEANS] = "-loss.csv", ".gp", NULL};

static tileprop_status read_others(struct tp_plot *plot, const char *with, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    char path[PATH_MAX];
    while (status == TILEPROP_OK && tp_file_list_next(&with, path, sizeof path)) {
        if (plot->other_count == TP_PLOT_OTHERS)
            return tp_fail(error, TILEPROP_USAGE, "--plot-with: expected at most %d files, found more", TP_PLOT_OTHERS);
        struct tp_other_run *other = &plot->others[plot->other_count++];
        if (!(other->path = strdup(path)))
            return tp_fail_memory(error, "--plot-with", "a path");
        status = tp_history_read(&other->history, "--plot-with", other->path, error);
    }
    return status;
}

tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, const char *with, struct tp_error *error)
{
    *plot = (struct tp_plot){.other_count = 0};
    if (!path)
        return TILEPROP_OK;
    tileprop_status status = tp_drawing_open(&plot->drawing, "--plot", path, error);
    for (size_t i = 0; status == TILEPROP_OK && i < TP_PLOT_DATA; i++) {
        char name[PATH_MAX + 16]; /* a name that is cut off is too long for a path */
        snprintf(name, sizeof name, "%.*s%s", tp_drawing_stem(path), path, tp_plot_beside[i]);
        status = tp_safe_file_open(&plot->data[i], "--plot", name, error);
    }
    return status == TILEPROP_OK ? read_others(plot, with, error) : status;
}

/*
 * The loss of each step, to be freed by the caller; NULL if out of memory. Includes the steps before the run was
 * resumed, from the history's text. NAN for a missing value, which only a damaged checkpoint has.
 */
static double *parse_losses(const char *text, size_t *count)
{
    size_t rows = 0;
    for (const char *c = text; *c; c++)
        rows += *c == '\n';
    double *losses = malloc((rows + 1) * sizeof *losses);
    double values[TP_HISTORY_COLUMNS];
    *count = 0;
    for (const char *line = strchr(text, '\n'); losses && line && line[1]; line = strchr(line, '\n')) {
        line++;
        tp_history_row(&line, values);
        losses[(*count)++] = values[TP_HISTORY_LOSS];
    }
    return losses;
}

/* A point stands in the middle of its steps; a last, shorter bin is left out unless it is the only one. */
static void write_means(const double *losses, size_t count, size_t points, FILE *file)
{
    size_t bin = (count / points + TP_BIN_STEPS) / TP_BIN_STEPS * TP_BIN_STEPS;
    if (bin > count)
        bin = count;
    fprintf(file, "step,mean,deviation\n");
    for (size_t begin = 0; bin && begin + bin <= count; begin += bin) {
        double sum = 0, squares = 0;
        for (size_t i = begin; i < begin + bin; i++)
            sum += losses[i];
        const double mean = sum / (double)bin;
        for (size_t i = begin; i < begin + bin; i++)
            squares += (losses[i] - mean) * (losses[i] - mean);
        fprintf(file, "%.9g,%.9g,%.9g\n", (double)begin + (double)(bin - 1) / 2, mean, sqrt(squares / (double)bin));
    }
}

/* Writes the evaluated rows; returns whether these evaluations include the training set. */
static bool write_evaluations(const char *text, FILE *file)
{
    double v[TP_HISTORY_COLUMNS];
    bool with_train = false;
    for (const char *row = strchr(text, '\n') + 1; *row; row += *row == '\n') {
        tp_history_row(&row, v);
        if (isnan(v[TP_HISTORY_ACCURACY]))
            continue;
        fprintf(file, "%.0f,%.9g,%.9g", v[0], v[TP_HISTORY_VALIDATION], v[TP_HISTORY_ACCURACY]);
        fprintf(file, isnan(v[TP_HISTORY_TRAIN_ACCURACY]) ? ",\n" : ",%.9g\n", v[TP_HISTORY_TRAIN_ACCURACY]);
        with_train |= !isnan(v[TP_HISTORY_TRAIN_ACCURACY]);
    }
    return with_train;
}

/* Writes the name and the data of each other run. Steps become those of the longest run. */
static tileprop_status write_others(struct tp_plot *plot, size_t *steps, struct tp_error *error)
{
    FILE *file = plot->drawing.script.file;
    bool with_train[TP_PLOT_OTHERS];
    if (plot->other_count)
        fprintf(file, "others = %zu\narray names[others]\n", plot->other_count);
    for (size_t i = 0; i < plot->other_count; i++) {
        const char *text = plot->others[i].history.text, *name = plot->others[i].path, *slash;
        while (strlen(name) > TP_LEGEND_NAME && (slash = strchr(name, '/')))
            name = slash + 1;
        fprintf(file, "names[%zu] = ", i + 1);
        tp_drawing_quote(&plot->drawing, name, TP_DRAWING_TEXT);
        size_t count;
        double *losses = parse_losses(text, &count);
        if (!losses)
            return tp_fail_memory(error, "--plot-with", "the training loss");
        fprintf(file, "\n$losses%zu << END\n", i + 1);
        write_means(losses, count, TP_POINTS_OTHER, file);
        free(losses);
        fprintf(file, "END\n$evaluations%zu << END\n", i + 1);
        with_train[i] = write_evaluations(text, file);
        fprintf(file, "END\n");
        *steps = count > *steps ? count : *steps;
    }
    if (plot->other_count)
        fprintf(file, "train_evaluated = '");
    for (size_t i = 0; i < plot->other_count; i++)
        if (with_train[i])
            fprintf(file, "%zu ", i + 1);
    if (plot->other_count)
        fprintf(file, "'\n");
    return TILEPROP_OK;
}

static const char *const script[] = {
#include "cli/plot.gp.inc"
    NULL};

static tileprop_status write_script(struct tp_plot *plot, size_t steps, bool with_train, struct tp_error *error)
{
    char conditions[64];
    struct tp_drawing *drawing = &plot->drawing;
    fprintf(drawing->script.file, "# Draws %s.\n", basename(drawing->path));
    const tileprop_status status = write_others(plot, &steps, error);
    if (status != TILEPROP_OK)
        return status;
    fprintf(drawing->script.file, "set xrange [0:%zu]\n", steps > 1 ? steps : 1);
    snprintf(conditions, sizeof conditions, "%s %s %s", steps >= 50 * TP_BIN_STEPS ? "CUT" : "WHOLE",
             with_train ? "TRAIN_EVALUATED" : "VALIDATION_ONLY", plot->other_count ? "OTHERS" : "ALONE");
    tp_drawing_write(drawing, script, conditions);
    return TILEPROP_OK;
}

tileprop_status tp_plot_draw(struct tp_plot *plot, const struct tp_history *history, bool with_train,
                             struct tp_error *error)
{
    size_t steps;
    if (!plot->drawing.path)
        return TILEPROP_OK;
    double *losses = parse_losses(history->text, &steps);
    if (!losses)
        return tp_fail_memory(error, "--plot", "the training loss");
    tp_safe_file_write(&plot->data[TP_PLOT_HISTORY], history->text, history->size);
    write_means(losses, steps, TP_POINTS, plot->data[TP_PLOT_MEANS].file);
    free(losses);
    tileprop_status status = write_script(plot, steps, with_train, error);
    for (size_t i = 0; status == TILEPROP_OK && i < TP_PLOT_DATA; i++)
        status = tp_safe_file_commit(&plot->data[i], error);
    return status == TILEPROP_OK ? tp_drawing_finish(&plot->drawing, error) : status;
}

void tp_plot_discard(struct tp_plot *plot)
{
    for (size_t i = 0; i < TP_PLOT_DATA; i++)
        tp_safe_file_discard(&plot->data[i]);
    for (size_t i = 0; i < plot->other_count; i++) {
        free(plot->others[i].path);
        free(plot->others[i].history.text);
    }
    tp_drawing_discard(&plot->drawing);
}
