#include "cli/sweep_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/sweep_plot.h"

#define TP_RENEWED    0.1 /* seconds between lines on a terminal */
#define TP_LINES      20  /* of progress, off a terminal */
#define TP_ROWS_SHOWN 50
#define TP_CELL       64

typedef double figure_of(const struct tp_sweep_run *run);

static double accuracy_of(const struct tp_sweep_run *run)
{
    return run->validation_accuracy;
}

static double loss_of(const struct tp_sweep_run *run)
{
    return run->validation_loss;
}

static double train_accuracy_of(const struct tp_sweep_run *run)
{
    return run->train_accuracy;
}

static double train_loss_of(const struct tp_sweep_run *run)
{
    return run->train_loss;
}

static figure_of *metric_of(const struct tp_sweep *sweep)
{
    return sweep->command->metric == TP_METRIC_LOSS ? loss_of : accuracy_of;
}

static bool counts(const struct tp_sweep_run *run)
{
    return run->done && run->stopped_by != TILEPROP_STOP_DIVERGED;
}

/* Mean and deviation of `count` values, in two passes. */
static struct tp_spread spread_of(const double *values, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (struct tp_spread){count ? mean : (double)NAN,
                              count > 1 ? sqrt(squares / (double)(count - 1)) : (double)NAN};
}

static struct tp_spread figures(const struct tp_sweep *sweep, size_t configuration, figure_of *figure, double *room)
{
    const struct tp_sweep_run *runs = &sweep->runs[configuration * sweep->repeats];
    size_t count = 0;
    for (size_t r = 0; r < sweep->repeats; r++)
        if (counts(&runs[r]))
            room[count++] = figure(&runs[r]);
    return spread_of(room, count);
}

/* Abramowitz and Stegun, table 26.10. Between its rows, the next smaller row counts, whose quantile is larger. */
double tp_student_quantile(size_t freedom)
{
    static const double first[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                   2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                   2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    static const size_t listed = sizeof first / sizeof *first;
    return freedom <= listed ? first[freedom - 1] : freedom < 60 ? 2.021 : freedom < 120 ? 2.000 : 1.980;
}

static void compare(const struct tp_sweep *sweep, size_t best, struct tp_sweep_row *row, double *room)
{
    const struct tp_sweep_run *mine = &sweep->runs[row->configuration * sweep->repeats];
    const struct tp_sweep_run *other = &sweep->runs[best * sweep->repeats];
    figure_of *metric = metric_of(sweep);
    size_t count = 0;
    for (size_t r = 0; row->configuration != best && r < sweep->repeats; r++)
        if (counts(&mine[r]) && counts(&other[r]))
            room[count++] = metric(&mine[r]) - metric(&other[r]);
    const struct tp_spread spread = spread_of(room, count);
    row->difference = spread.mean;
    row->half_width = count > 1 ? tp_student_quantile(count - 1) * spread.deviation / sqrt((double)count) : (double)NAN;
}

static int by_rank(const void *left, const void *right, void *context)
{
    const struct tp_sweep_row *a = left, *b = right;
    const struct tp_sweep *sweep = context;
    const bool by_loss = sweep->command->metric == TP_METRIC_LOSS;
    const double x = by_loss ? -a->loss.mean : a->accuracy.mean, y = by_loss ? -b->loss.mean : b->accuracy.mean;
    if ((a->diverged > 0) != (b->diverged > 0))
        return a->diverged ? 1 : -1;
    if (isnan(x) || isnan(y) || x == y)
        return isnan(x) != isnan(y) ? (isnan(x) ? 1 : -1) : a->configuration < b->configuration ? -1 : 1;
    return x > y ? -1 : 1;
}

void tp_sweep_rank(const struct tp_sweep *sweep, struct tp_sweep_row *rows)
{
    const size_t count = sweep->command->grid.count;
    double room[TP_REPEATS_MAX];
    for (size_t c = 0; c < count; c++) {
        struct tp_sweep_row *row = &rows[c];
        *row = (struct tp_sweep_row){.configuration = c,
                                     .accuracy = figures(sweep, c, accuracy_of, room),
                                     .loss = figures(sweep, c, loss_of, room),
                                     .train_accuracy = figures(sweep, c, train_accuracy_of, room),
                                     .train_loss = figures(sweep, c, train_loss_of, room)};
        for (size_t r = 0; r < sweep->repeats; r++) {
            const struct tp_sweep_run *run = &sweep->runs[c * sweep->repeats + r];
            row->runs += run->done;
            row->diverged += run->done && run->stopped_by == TILEPROP_STOP_DIVERGED;
            row->seconds += run->seconds;
        }
        row->seconds /= row->runs ? (double)row->runs : 1;
    }
    qsort_r(rows, count, sizeof *rows, by_rank, (void *)(uintptr_t)sweep);
    const size_t best = rows[0].configuration;
    for (size_t c = 0; c < count; c++)
        compare(sweep, best, &rows[c], room);
}

/* --- For people --------------------------------------------------------------------------------------------------- */

static int width_of(const struct tp_varied *varied)
{
    size_t width = strlen(varied->name);
    for (size_t i = 0; i < varied->count; i++)
        width = strlen(tp_varied_value(varied, i)) > width ? strlen(tp_varied_value(varied, i)) : width;
    return (int)width;
}

static void put_spread(char *cell, double mean, double deviation, int digits, const char *unit)
{
    if (isnan(mean))
        snprintf(cell, TP_CELL, "-");
    else if (isnan(deviation))
        snprintf(cell, TP_CELL, "%.*f%s", digits, mean, unit);
    else
        snprintf(cell, TP_CELL, "%.*f +- %.*f%s", digits, mean, digits, deviation, unit);
}

static void write_row(const struct tp_sweep *sweep, const struct tp_sweep_row *row, bool best, FILE *out)
{
    const struct tp_grid *grid = &sweep->command->grid;
    const bool by_loss = sweep->command->metric == TP_METRIC_LOSS;
    const double scale = by_loss ? 1 : 100;
    char accuracy[TP_CELL], loss[TP_CELL], difference[TP_CELL];
    put_spread(accuracy, 100 * row->accuracy.mean, 100 * row->accuracy.deviation, 2, " %");
    put_spread(loss, row->loss.mean, row->loss.deviation, 4, "");
    put_spread(difference, scale * row->difference, scale * row->half_width, by_loss ? 4 : 2, "");
    for (size_t i = 0; i < grid->varied_count; i++)
        fprintf(out, "%-*s  ", width_of(&grid->varied[i]), tp_grid_text(grid, row->configuration, i));
    fprintf(out, "%4zu  %-17s  %-18s  %7.2f  %s", row->runs, accuracy, loss, row->seconds, best ? "best" : difference);
    if (row->diverged)
        fprintf(out, "  %zu diverged", row->diverged);
    putc('\n', out);
}

static void write_choice(const struct tp_sweep *sweep, size_t configuration, FILE *out)
{
    const struct tp_grid *grid = &sweep->command->grid;
    for (size_t i = 0; i < grid->varied_count; i++)
        fprintf(out, "%s%s=%s", i ? " " : "", grid->varied[i].name, tp_grid_text(grid, configuration, i));
}

void tp_sweep_write(const struct tp_sweep *sweep, const struct tp_sweep_row *rows, const tileprop_result *test,
                    FILE *out)
{
    const struct tp_grid *grid = &sweep->command->grid;
    for (size_t i = 0; i < grid->varied_count; i++)
        fprintf(out, "%-*s  ", width_of(&grid->varied[i]), grid->varied[i].name);
    fprintf(out, "%4s  %-17s  %-18s  %7s  %s\n", "runs", "accuracy", "loss", "seconds",
            sweep->command->metric == TP_METRIC_LOSS ? "loss minus the best" : "accuracy minus the best");
    for (size_t i = 0; i < grid->count && i < TP_ROWS_SHOWN; i++)
        write_row(sweep, &rows[i], i == 0, out);
    if (grid->count > TP_ROWS_SHOWN)
        fprintf(out, "and %zu more\n", grid->count - TP_ROWS_SHOWN);
    if (sweep->repeats > 1)
        fprintf(out, "+- is the standard deviation over %s; for differences, paired by %s, the 95 %% interval\n",
                sweep->command->folds ? "folds" : "seeds", sweep->command->folds ? "fold" : "seed");
    if (!test)
        return;
    fputs("test: ", out);
    write_choice(sweep, rows[0].configuration, out);
    fprintf(out, ", first %s: accuracy %.2f %%, loss %.4f, on %zu samples not used for any choice\n",
            sweep->command->folds ? "fold" : "seed", 100 * test->test_accuracy, test->test_loss,
            sweep->data.rows ? sweep->data.test.count : sweep->command->train.test_holdout);
}

/* --- As data ------------------------------------------------------------------------------------------------------ */

void tp_sweep_write_csv(const struct tp_sweep *sweep, const struct tp_sweep_row *rows, FILE *out)
{
    const struct tp_grid *grid = &sweep->command->grid;
    for (size_t i = 0; i < grid->varied_count; i++)
        fprintf(out, "%s,", grid->varied[i].name);
    fputs("runs,diverged,accuracy,accuracy_deviation,loss,loss_deviation,train_accuracy,train_accuracy_deviation,"
          "train_loss,train_loss_deviation,difference,difference_half_width,seconds\n",
          out);
    for (size_t c = 0; c < grid->count; c++) {
        const struct tp_sweep_row *row = &rows[c];
        const struct tp_spread spreads[] = {
            row->accuracy, row->loss, row->train_accuracy, row->train_loss, {row->difference, row->half_width}};
        for (size_t i = 0; i < grid->varied_count; i++) {
            const char *value = tp_grid_text(grid, row->configuration, i);
            fprintf(out, strchr(value, ',') ? "\"%s\"," : "%s,", value);
        }
        fprintf(out, "%zu,%zu", row->runs, row->diverged);
        for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) { /* what is not known is empty */
            fprintf(out, isnan(spreads[i].mean) ? "," : ",%.17g", spreads[i].mean);
            fprintf(out, isnan(spreads[i].deviation) ? "," : ",%.17g", spreads[i].deviation);
        }
        fprintf(out, ",%.3f\n", row->seconds);
    }
}

static json_t *describe(const struct tp_sweep *sweep, const struct tp_sweep_row *row)
{
    const struct tp_grid *grid = &sweep->command->grid;
    json_t *options = json_object();
    for (size_t i = 0; i < grid->varied_count; i++)
        tp_json_text_set(&options, grid->varied[i].name, json_string(tp_grid_text(grid, row->configuration, i)));
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}", "options", options,
                     "runs", (json_int_t)row->runs, "diverged", (json_int_t)row->diverged, "accuracy",
                     tp_json_text_real(row->accuracy.mean), "accuracy_deviation",
                     tp_json_text_real(row->accuracy.deviation), "loss", tp_json_text_real(row->loss.mean),
                     "loss_deviation", tp_json_text_real(row->loss.deviation), "train_accuracy",
                     tp_json_text_real(row->train_accuracy.mean), "train_accuracy_deviation",
                     tp_json_text_real(row->train_accuracy.deviation), "train_loss",
                     tp_json_text_real(row->train_loss.mean), "train_loss_deviation",
                     tp_json_text_real(row->train_loss.deviation), "difference", tp_json_text_real(row->difference),
                     "difference_half_width", tp_json_text_real(row->half_width), "seconds", row->seconds);
}

tileprop_status tp_sweep_write_json(const struct tp_sweep *sweep, const struct tp_sweep_row *rows,
                                    const tileprop_result *test, struct tp_error *error)
{
    const struct tp_sweep_command *command = sweep->command;
    json_t *list = json_array();
    for (size_t c = 0; c < command->grid.count; c++)
        tp_json_text_append(&list, describe(sweep, &rows[c]));
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:f, s:o, s:o, s:o}", "metric",
                               command->metric == TP_METRIC_LOSS ? "loss" : "accuracy", "repeated_by",
                               command->folds ? "fold" : "seed", "repeats", (json_int_t)sweep->repeats, "runs",
                               (json_int_t)sweep->done, "seconds", tp_clock_seconds() - sweep->began, "configurations",
                               list, "test_accuracy", tp_json_text_real(test ? test->test_accuracy : (double)NAN),
                               "test_loss", tp_json_text_real(test ? test->test_loss : (double)NAN));
    return tp_program_json(object, error);
}

/* The metric over all runs with a value of an option. */
static struct tp_sweep_value value_over(const struct tp_sweep *sweep, size_t varied, size_t value, double *room)
{
    figure_of *metric = metric_of(sweep);
    size_t count = 0;
    for (size_t i = 0; i < sweep->count; i++)
        if (tp_grid_value(&sweep->command->grid, i / sweep->repeats, varied) == value && counts(&sweep->runs[i]))
            room[count++] = metric(&sweep->runs[i]);
    const struct tp_spread spread = spread_of(room, count);
    return (struct tp_sweep_value){tp_varied_value(&sweep->command->grid.varied[varied], value), spread.mean,
                                   spread.deviation, count};
}

tileprop_status tp_sweep_draw(const struct tp_sweep *sweep, struct tp_drawing *drawing, struct tp_error *error)
{
    const struct tp_grid *grid = &sweep->command->grid;
    size_t all = 0;
    for (size_t i = 0; i < grid->varied_count; i++)
        all += grid->varied[i].count;
    struct tp_sweep_option options[TP_VARIED_MAX];
    struct tp_sweep_value *values = calloc(all + 1, sizeof *values), *next = values;
    double *room = calloc(sweep->count, sizeof *room);
    for (size_t i = 0; values && room && i < grid->varied_count; i++) {
        options[i] = (struct tp_sweep_option){grid->varied[i].name, next, grid->varied[i].count};
        for (size_t k = 0; k < grid->varied[i].count; k++)
            *next++ = value_over(sweep, i, k, room);
    }
    const struct tp_sweep_results results = {
        sweep->command->metric == TP_METRIC_LOSS ? "validation loss (nats per sample)" : "validation accuracy", options,
        grid->varied_count};
    const tileprop_status status =
        values && room ? tp_sweep_plot(drawing, &results, error) : tp_fail_memory(error, "--plot", "a drawing");
    free(values);
    free(room);
    return status;
}

/* --- Progress ----------------------------------------------------------------------------------------------------- */

/* The best mean so far; NaN before the first run has ended. */
static double best_mean(const struct tp_sweep *sweep)
{
    figure_of *metric = metric_of(sweep);
    const double sign = sweep->command->metric == TP_METRIC_LOSS ? -1 : 1;
    double best = NAN;
    for (size_t c = 0; c < sweep->command->grid.count; c++) {
        double sum = 0;
        size_t count = 0;
        for (size_t r = 0; r < sweep->repeats; r++) {
            const struct tp_sweep_run *run = &sweep->runs[c * sweep->repeats + r];
            sum += counts(run) ? metric(run) : 0;
            count += counts(run);
        }
        if (count && !(sign * best >= sign * sum / (double)count))
            best = sum / (double)count;
    }
    return best;
}

void tp_sweep_progress(const struct tp_sweep *sweep, size_t running)
{
    const bool terminal = isatty(STDERR_FILENO);
    const size_t done = sweep->done - sweep->before, all = sweep->count - sweep->before;
    static double shown; /* when the line was renewed */
    static size_t told;  /* runs done that a line was about */
    if (!terminal && (done == told || done * TP_LINES / all == (done - 1) * TP_LINES / all))
        return;
    told = done;
    const double now = tp_clock_seconds(), seconds = now - sweep->began;
    if (terminal && now - shown < TP_RENEWED && sweep->done < sweep->count)
        return;
    shown = now;
    const double best = best_mean(sweep);
    fprintf(stderr, "%s%zu of %zu runs done, %zu running", terminal ? "\r\033[K" : "", sweep->done, sweep->count,
            running);
    if (sweep->ranks)
        fprintf(stderr, " on %zu ranks", sweep->ranks->count);
    if (!isnan(best))
        fprintf(stderr, ", best mean %s so far %.4g", sweep->command->metric == TP_METRIC_LOSS ? "loss" : "accuracy",
                best);
    if (done)
        fprintf(stderr, ", ETA %.0f s", seconds / (double)done * (double)(all - done));
    if (!terminal || sweep->done == sweep->count)
        putc('\n', stderr);
}
