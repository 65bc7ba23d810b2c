#include "cli/sweep_plot.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TP_PANEL_WIDTH 48   /* characters that fit side by side below a panel */
#define TP_LABEL       20   /* bytes of a value below a panel, at most */
#define TP_MARGIN      0.08 /* of an axis, beyond the first and the last value */

enum axis { TP_AXIS_CATEGORIES, TP_AXIS_LINEAR, TP_AXIS_LOGARITHMIC };

static bool parse(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && !*end && !isspace((unsigned char)*text) && isfinite(*number);
}

/* The smallest and the largest of the numbers; false if a value is none. */
static bool find_range(const struct tp_sweep_option *option, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t i = 0; i < option->count; i++) {
        double number;
        if (!parse(option->values[i].text, &number))
            return false;
        range[0] = fmin(range[0], number);
        range[1] = fmax(range[1], number);
    }
    return true;
}

static enum axis choose_axis(const struct tp_sweep_option *option)
{
    double range[2];
    if (!find_range(option, range))
        return TP_AXIS_CATEGORIES;
    if (range[0] > 0)
        return range[1] / range[0] >= 10 ? TP_AXIS_LOGARITHMIC : TP_AXIS_LINEAR;

    double least = INFINITY; /* size of one but 0 */
    for (size_t i = 0; i < option->count; i++) {
        const double size = fabs(strtod(option->values[i].text, NULL));
        least = size > 0 ? fmin(least, size) : least;
    }
    /* If 0 stands beside 0.001 and 0.1, the first two would coincide. */
    return fmax(-range[0], range[1]) / least >= 10 ? TP_AXIS_CATEGORIES : TP_AXIS_LINEAR;
}

struct point {
    double x;
    const struct tp_sweep_value *value;
};

static int compare_points(const void *a, const void *b)
{
    const double x = ((const struct point *)a)->x, y = ((const struct point *)b)->x;
    return (x > y) - (x < y);
}

/* The values from left to right, to be freed; NULL if out of memory. */
static struct point *arrange(const struct tp_sweep_option *option, enum axis axis)
{
    struct point *points = malloc(option->count * sizeof *points);
    for (size_t i = 0; points && i < option->count; i++) {
        const char *text = option->values[i].text;
        points[i] = (struct point){axis == TP_AXIS_CATEGORIES ? (double)i : strtod(text, NULL), &option->values[i]};
    }
    if (points)
        qsort(points, option->count, sizeof *points, compare_points);
    return points;
}

/* The position of a value on an axis that is not logarithmic. */
static double place(double x, enum axis axis)
{
    return axis == TP_AXIS_LOGARITHMIC ? log10(x) : x;
}

static size_t label_size(const struct point *point)
{
    const size_t size = strlen(point->value->text);
    return size < TP_LABEL ? size : TP_LABEL;
}

/* Labels that would touch the previous one are left out, or turned if they are categories. */
static void write_tics(struct tp_drawing *drawing, const struct point *points, size_t count, enum axis axis)
{
    FILE *file = drawing->script.file;
    const double first = place(points[0].x, axis), width = place(points[count - 1].x, axis) - first;
    double end = -INFINITY; /* of the last label, in characters */
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = label_size(&points[i]) > longest ? label_size(&points[i]) : longest;
    const bool turn = axis == TP_AXIS_CATEGORIES && (longest + 1) * count > TP_PANEL_WIDTH;
    fprintf(file, "set bmargin %.1f\nset xtics %s (", turn ? 3.5 + 0.32 * (double)longest : 4,
            turn ? "rotate by 45 right" : "norotate center");
    for (size_t i = 0; i < count; i++) {
        const char *text = points[i].value->text;
        const double size = (double)label_size(&points[i]) + 1;
        const double middle = width > 0 ? (place(points[i].x, axis) - first) / width * TP_PANEL_WIDTH : 0;
        const bool fits = axis == TP_AXIS_CATEGORIES || middle - size / 2 >= end;
        tp_drawing_quote(drawing, fits ? text : "", TP_LABEL);
        fprintf(file, " %.9g%s", points[i].x, i + 1 < count ? ", " : ")\n");
        end = fits ? middle + size / 2 : end;
    }
}

static void write_range(const struct point *points, size_t count, enum axis axis, FILE *file)
{
    double low = place(points[0].x, axis), high = place(points[count - 1].x, axis);
    const double margin = high > low ? TP_MARGIN * (high - low) : 0.5 * (fabs(low) > 0 ? fabs(low) : 1);
    low -= margin;
    high += margin;
    if (axis == TP_AXIS_LOGARITHMIC)
        fprintf(file, "set logscale x\nset xrange [%.9g:%.9g]\n", pow(10, low), pow(10, high));
    else
        fprintf(file, "unset logscale x\nset xrange [%.9g:%.9g]\n", low, high);
}

/* Writes the title, with the number of runs of a value, and the data. Returns whether there are any. */
static bool write_values(const struct point *points, size_t count, FILE *file)
{
    size_t least = SIZE_MAX, most = 0;
    bool any = false;
    fprintf(file, "$values << END\n");
    for (size_t i = 0; i < count; i++) {
        const struct tp_sweep_value *value = points[i].value;
        const bool spread = value->count > 1 && isfinite(value->deviation);
        least = value->count < least ? value->count : least;
        most = value->count > most ? value->count : most;
        if (value->count == 0 || !isfinite(value->mean))
            continue;
        fprintf(file, "%.9g %.9g %.9g\n", points[i].x, value->mean, spread ? value->deviation : 0);
        any = true;
    }
    fprintf(file, "END\nset title '%zu", least);
    if (most > least)
        fprintf(file, " to %zu", most);
    fprintf(file, " run%s for each value'\n", most == 1 ? "" : "s");
    return any;
}

static const char *const script[] = {
#include "cli/sweep.gp.inc"
    NULL};

static tileprop_status write_panel(struct tp_drawing *drawing, const struct tp_sweep_option *option,
                                   struct tp_error *error)
{
    FILE *file = drawing->script.file;
    const enum axis axis = choose_axis(option);
    struct point *points = arrange(option, axis);
    if (!points)
        return tp_fail_memory(error, drawing->option, "the values of an option");
    fprintf(file, "\nset xlabel ");
    tp_drawing_quote(drawing, option->name, TP_DRAWING_TEXT);
    fprintf(file, " noenhanced\n");
    write_range(points, option->count, axis, file);
    write_tics(drawing, points, option->count, axis);
    const bool any = write_values(points, option->count, file);
    tp_drawing_write(drawing, script, !any ? "EMPTY" : axis == TP_AXIS_CATEGORIES ? "CATEGORIES" : "NUMBERS");
    free(points);
    return TILEPROP_OK;
}

/* The axis of the metric is the same for all panels. False if no value lies on it. */
static bool find_metric(const struct tp_sweep_results *results, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t i = 0; i < results->count; i++) {
        for (size_t v = 0; v < results->options[i].count; v++) {
            const struct tp_sweep_value *value = &results->options[i].values[v];
            const double deviation = value->count > 1 && isfinite(value->deviation) ? value->deviation : 0;
            if (value->count == 0 || !isfinite(value->mean))
                continue;
            range[0] = fmin(range[0], value->mean - deviation);
            range[1] = fmax(range[1], value->mean + deviation);
        }
    }
    const double margin = range[1] > range[0] ? TP_MARGIN * (range[1] - range[0]) : 0.5;
    range[0] -= margin;
    range[1] += margin;
    return range[0] < range[1];
}

tileprop_status tp_sweep_plot(struct tp_drawing *drawing, const struct tp_sweep_results *results,
                              struct tp_error *error)
{
    double range[2];
    if (!drawing->path)
        return TILEPROP_OK;
    if (!find_metric(results, range))
        return tp_fail(error, TILEPROP_FAILURE, "%s: expected a run with a %s, found none", drawing->option,
                       results->metric);
    FILE *file = drawing->script.file;
    const size_t columns = results->count < 2 ? 1 : results->count < 5 ? 2 : 3;
    fprintf(file, "# Draws %s.\ncolumns = %zu\nrows = %zu\n", basename(drawing->path), columns,
            (results->count + columns - 1) / columns);
    fprintf(file, "set yrange [%.9g:%.9g]\nset ylabel ", range[0], range[1]);
    tp_drawing_quote(drawing, results->metric, TP_DRAWING_TEXT);
    fprintf(file, " noenhanced\n");
    tp_drawing_write(drawing, script, "BEGIN");
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; status == TILEPROP_OK && i < results->count; i++)
        status = write_panel(drawing, &results->options[i], error);
    tp_drawing_write(drawing, script, "FINISH");
    return status == TILEPROP_OK ? tp_drawing_finish(drawing, error) : status;
}
