#include "cli/report.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/ranks.h"
#include "cli/table_report.h"
#include "data/choices.h"

#define TP_PROGRESS_LINES 50  /* about so many lines off a terminal: all of the default run */
#define TP_LINE_MAX       256 /* bytes of a line of progress */

FILE *tp_report_stream(const struct tp_train_command *command)
{
    if (!command->json)
        return stdout;
    return command->quiet ? NULL : stderr;
}

void tp_report_begin(struct tp_report *report, const struct tp_train_command *command, const struct tp_train_data *data)
{
    *report = (struct tp_report){.command = command,
                                 .out = tp_report_stream(command),
                                 .data = data,
                                 .result.size = sizeof report->result,
                                 .begun = tp_clock_seconds(),
                                 .terminal = isatty(STDERR_FILENO),
                                 .line = SIZE_MAX};
}

void tp_report_network(const tileprop_options *options, size_t inputs, size_t classes, FILE *out)
{
    fprintf(out, TP_LABEL "%zu", "network", inputs);
    for (size_t l = 0; l < options->hidden_count; l++)
        fprintf(out, "-%zu", options->hidden[l]);
    fprintf(out, "-%zu, %s, bias %s", classes,
            options->hidden_count ? tp_choice_name(tp_activation_choices, (int)options->activation) : "no hidden layer",
            tp_choice_name(tp_bias_choices, options->bias));
}

static void write_table(const struct tp_report *report, FILE *out)
{
    const struct tp_train_data *data = report->data;
    tp_report_table(data, report->command->table.weight, out);
    if (data->is_part)
        fprintf(out, TP_LABEL "%zu sample%s of the same file, stratified by class, drawn with seed %llu\n",
                "validation", data->validation.count, data->validation.count == 1 ? "" : "s",
                (unsigned long long)report->command->options.seed);
}

/* --explain: how the work is divided. */
static void explain_run(const tileprop_run *run, FILE *out)
{
    fputs(run->plan, out);
    fprintf(out, TP_LABEL "%s, tiles of %s\n", "kernels", run->isa, run->tile);
    fprintf(out, TP_LABEL "%zu of %zu threads bound to a core each\n", "binding", run->threads_bound, run->threads);
    if (!run->candidate_count)
        return;
    fprintf(out, TP_LABEL "%.2f ms; a step", "autotune", 1e3 * run->seconds_planning);
    for (size_t i = 0; i < run->candidate_count; i++) {
        const tileprop_candidate *candidate = &run->candidates[i];
        const char *zeros = candidate->skips ? " skipping zeros" : "";
        if (candidate->measured > 0)
            fprintf(out, "%s %.2f us on %zu%s", i ? "," : "", 1e6 * candidate->measured, candidate->threads, zeros);
        else
            fprintf(out, "%s untimed on %zu%s", i ? "," : "", candidate->threads, zeros);
    }
    fprintf(out, "\n" TP_LABEL "%.1f %% of the inputs are 0 and can be skipped; steps %s them\n", "zeros",
            100 * run->zeros, run->skips ? "skip" : "multiply");
}

static bool is_slower_together(const tileprop_run *run)
{
    return run->rank_count && run->seconds_together >= run->seconds_alone;
}

/* The ranks, and whether they pay. */
static void write_ranks(const struct tp_report *report, FILE *out)
{
    const tileprop_run *run = &report->run;
    for (size_t r = 0; r < run->rank_count; r++)
        fprintf(out, TP_LABEL "%zu of %zu on %s, %s, %zu thread%s, %.1f MB besides the data\n", "rank", r,
                run->rank_count, tp_ranks_host(r), run->ranks[r].isa, run->ranks[r].threads,
                run->ranks[r].threads == 1 ? "" : "s", 1e-6 * (double)run->ranks[r].bytes);
    if (!run->rank_count)
        return;
    fprintf(
        out, TP_LABEL "a step takes %.3g ms on %zu ranks, %.3g ms on one alone; the exchange takes %.3g ms by itself\n",
        "ranks", 1e3 * run->seconds_together, run->rank_count, 1e3 * run->seconds_alone, 1e3 * run->seconds_exchanging);
    if (is_slower_together(run) && run->batch_that_pays <= report->data->train.count)
        fprintf(out, TP_LABEL "slower than one alone; faster from about --batch %zu\n", "ranks", run->batch_that_pays);
    else if (is_slower_together(run))
        fprintf(out, TP_LABEL "slower than one alone, with any batch of these samples\n", "ranks");
}

static void write_opening(const struct tp_report *report)
{
    const tileprop_options *options = &report->command->options;
    const tileprop_run *run = &report->run;
    const struct tp_train_data *data = report->data;
    FILE *out = report->out;

    if (data->rows)
        write_table(report, out);
    fprintf(out,
            TP_LABEL "%s, %zu training and %zu validation samples, %zu inputs, %zu classes, mean %.6g, "
                     "deviation %.6g\n",
            "data", data->directory, data->train.count, data->validation.count, run->inputs, run->classes, run->mean,
            run->deviation);
    tp_report_notes(&data->notes, out);

    tp_report_network(options, run->inputs, run->classes, out);
    const bool varies = options->lr_schedule != TILEPROP_SCHEDULE_CONSTANT;
    fprintf(out, ", %zu parameters, %s, lr %g%s%s, batch %zu, seed %llu\n", run->parameters,
            tp_choice_name(tp_optimizer_choices, (int)options->optimizer), run->learning_rate, varies ? " " : "",
            varies ? tp_choice_name(tp_schedule_choices, (int)options->lr_schedule) : "", run->batch,
            (unsigned long long)options->seed);

    fprintf(out, TP_LABEL "%s, %zu thread%s used of %zu %s", "machine", run->isa, run->threads,
            run->threads == 1 ? "" : "s", run->threads_most,
            options->threads_exact || options->threads ? "asked for" : "available");
    if (run->threads_of_steps < run->threads)
        fprintf(out, ", %zu in steps", run->threads_of_steps);
    putc('\n', out);
    write_ranks(report, out);
    if (run->steps_before)
        fprintf(out, TP_LABEL "after step %zu\n", "resumed", run->steps_before - 1);
    if (report->command->explain)
        explain_run(run, out);
    fflush(out);
}

void tp_report_started(struct tp_report *report, const tileprop_run *run)
{
    report->run = *run;
    if (report->out)
        write_opening(report);
    if (!report->command->quiet || report->command->explain)
        report->peak = tileprop_peak(run->isa, run->threads);
    report->started = report->marked = report->redrawn = tp_clock_seconds();
}

/* Samples in the first `steps` steps; the last batch of an epoch may be a short one. */
static double samples_in(const struct tp_report *report, size_t steps)
{
    const size_t per_epoch = report->run.steps_per_epoch, batch = report->run.batch;
    const size_t all = report->command->options.drop_last ? per_epoch * batch : report->data->train.count;
    return (double)(steps / per_epoch) * (double)all + (double)(steps % per_epoch) * (double)batch;
}

/* The part of them that this process has trained on. */
static double samples_done(const struct tp_report *report, size_t steps)
{
    return samples_in(report, steps) - samples_in(report, report->run.steps_before);
}

/* Operations of so many samples, in billions. */
static double gflops_of(const tileprop_run *run, double samples)
{
    return 1e-9 * run->flops_per_step / (double)run->batch * samples;
}

static double ratio(double dividend, double divisor)
{
    return divisor > 0 ? dividend / divisor : 0;
}

/* What a progress line leaves out to be shorter. */
enum width { TP_WIDE, TP_NARROW, TP_NARROWEST };

static void print_progress(const struct tp_report *report, enum width width, FILE *out)
{
    const tileprop_run *run = &report->run;
    const tileprop_progress *now = &report->now, *evaluation = &report->evaluation;
    const size_t done = now->step + 1;
    const double rate = ratio(samples_done(report, done), report->step_seconds);
    const double gflops = gflops_of(run, rate), share = ratio(1e9 * gflops, report->peak);
    const double steps_left = run->steps_planned > done ? (double)(run->steps_planned - done) : 0;
    const size_t seconds =
        (size_t)rint(ratio((report->marked - report->started) * steps_left, (double)(done - run->steps_before)));
    const bool wide = width == TP_WIDE;
    const char *gap = wide ? "  " : " ";

    fprintf(out, wide ? "epoch %zu/%zu  %zu/%zu steps  loss %.4f" : "%zu/%zu %zu/%zu loss %.4f", now->epoch,
            report->command->options.epochs, done, run->steps_planned, now->loss);
    if (evaluation->evaluated)
        fprintf(out, wide ? "  validation %.4f %.2f%%" : " val %.4f %.2f%%", evaluation->validation_loss,
                100 * evaluation->validation_accuracy);
    if (evaluation->train_evaluated)
        fprintf(out, "%strain %.2f%%", gap, 100 * evaluation->train_accuracy);
    if (width != TP_NARROWEST) {
        fprintf(out, wide ? "  %.0f samples/s" : " %.0fk/s", wide ? rate : 1e-3 * rate);
        fprintf(out, wide ? "  %.1f GFLOP/s" : " %.0f GFLOP/s", gflops);
        /* A share above 1 would prove the peak wrong. */
        if (report->peak > 0 && share <= 1)
            fprintf(out, wide ? " (%.0f%% of peak)" : " %.0f%%", 100 * share);
    }
    fprintf(out, "%sETA ", gap);
    if (seconds >= 3600)
        fprintf(out, "%zu:%02zu:%02zu", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        fprintf(out, "%zu:%02zu", seconds / 60, seconds % 60);
}

/* Cuts off what does not fit; without memory the line is empty. */
static void format_progress(const struct tp_report *report, enum width width, char line[TP_LINE_MAX])
{
    line[0] = line[TP_LINE_MAX - 1] = '\0';
    FILE *out = fmemopen(line, TP_LINE_MAX - 1, "w");
    if (!out)
        return;
    print_progress(report, width, out);
    fclose(out);
}

/* The last column stays free: a cursor after it would be on the next line. */
static void redraw(struct tp_report *report)
{
    char line[TP_LINE_MAX];
    struct winsize size;
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
    const size_t width = known ? size.ws_col - 1u : 79;
    size_t length = SIZE_MAX;
    for (enum width form = TP_WIDE; form <= TP_NARROWEST && length > width; form++) {
        format_progress(report, form, line);
        length = strlen(line);
    }
    length = length < width ? length : width;
    const size_t blanks = report->drawn > length && report->drawn <= width ? report->drawn - length : 0;
    fprintf(stderr, "\r%.*s%*s", (int)length, line, (int)blanks, "");
    report->drawn = length;
}

void tp_report_clear(struct tp_report *report)
{
    if (report->drawn)
        fprintf(stderr, "\r%*s\r", (int)report->drawn, "");
    report->drawn = 0;
}

/* Reports how often the last warning was repeated. */
static void finish_warnings(struct tp_report *report)
{
    tp_report_clear(report);
    if (report->repeated)
        fprintf(stderr, "%s: warning: %zu more of: %s\n", program_invocation_short_name, report->repeated,
                report->warned.text);
    report->repeated = 0;
}

void tp_report_warn(struct tp_report *report, const char *text)
{
    if (report->command->quiet)
        return;
    if (strcmp(report->warned.text, text) == 0) {
        report->repeated++;
        return;
    }
    finish_warnings(report);
    fprintf(stderr, "%s: warning: %s\n", program_invocation_short_name, text);
    snprintf(report->warned.text, sizeof report->warned.text, "%s", text);
}

void tp_report_progress(struct tp_report *report, const tileprop_progress *progress)
{
    const double time = tp_clock_seconds();
    const size_t steps = report->run.steps_planned, line = progress->step * TP_PROGRESS_LINES / steps;
    if (!progress->evaluated)
        report->step_seconds += time - report->marked;
    report->marked = time;
    report->now = *progress;
    if (progress->evaluated)
        report->evaluation = *progress;
    if (report->command->quiet)
        return;
    if (report->terminal && time - report->redrawn >= TP_REDRAW_SECONDS) {
        redraw(report);
        report->redrawn = time;
    } else if (!report->terminal && progress->evaluated && (steps <= TP_PROGRESS_LINES || line != report->line)) {
        char text[TP_LINE_MAX];
        format_progress(report, TP_WIDE, text);
        fprintf(stderr, "%s\n", text);
        report->line = line;
    }
}

/* held_out: number of samples that the network was not trained on, for the standard error; 0: omit it. */
static void write_figures(double loss, double accuracy, size_t held_out, FILE *out)
{
    fprintf(out, "loss %.6g nats per sample, accuracy %.2f", loss, 100 * accuracy);
    if (held_out)
        fprintf(out, " +- %.2f", 100 * sqrt(accuracy * (1 - accuracy) / (double)held_out));
    fputs(" %", out);
}

/* Only samples of equal weight have this standard error. */
static void write_metrics(const char *label, double loss, double accuracy, const struct tp_dataset *set, bool held_out,
                          bool stopped, FILE *out)
{
    const bool weighted = set->sample_weights;
    fprintf(out, TP_LABEL, label);
    if (isfinite(loss))
        write_figures(loss, accuracy, held_out && !weighted ? set->count : 0, out);
    else
        fputs(stopped ? "not evaluated: the run was stopped" : "the loss is not finite", out);
    fputs(weighted && isfinite(loss) ? " (weighted)\n" : "\n", out);
}

/*
 * Seconds until the accuracy to stop at was reached, from the start of the program, and those of a run that
 * was resumed before; NAN: it was not. The final weights tell: a run that stopped there ends with those that
 * reached it; in any other the evaluation after the last step may be the first that does.
 */
static double find_goal(const struct tp_report *report)
{
    const double accuracy = report->command->options.stop_at_accuracy;
    const bool stopped = report->result.stopped_by == TILEPROP_STOP_ACCURACY;
    if (!(accuracy > 0 && report->result.validation_accuracy >= accuracy))
        return NAN;
    return report->run.seconds_before + (stopped ? report->marked : tp_clock_seconds()) - report->begun;
}

/* why: the reason if there is no model. */
static void write_saved(const char *label, const struct tp_saved *saved, size_t held_out, const char *why, FILE *out)
{
    if (!saved->path)
        return;
    if (!saved->written) {
        fprintf(out, TP_LABEL "nothing written to %s%s%s\n", label, saved->path, saved->model ? "" : ": ",
                saved->model ? "" : why);
        return;
    }
    fprintf(out, TP_LABEL "%s: step %zu, ", label, saved->path, saved->step);
    if (isfinite(saved->loss)) {
        fputs("validation ", out);
        write_figures(saved->loss, saved->accuracy, held_out, out);
    } else {
        fputs("not evaluated", out);
    }
    putc('\n', out);
}

#define TP_STEPS_FEW    100  /* after which a network has hardly begun to learn */
#define TP_LIKE_A_GUESS 0.99 /* of its loss */
#define TP_RATE_SMALL   1e-4 /* a tenth of the smallest default */

/* Reports a network that did not learn: its loss is finite, but too large, or never changed. */
static void write_advice(const struct tp_report *report)
{
    const tileprop_result *result = &report->result;
    const double guess = report->data->guess;
    if (result->steps < TP_STEPS_FEW || report->data->class_weights || guess == 0 /* of one class */ ||
        !(result->train_loss > TP_LIKE_A_GUESS * guess))
        return;
    fprintf(report->out,
            TP_LABEL "no better than guessing by class frequencies (loss %.6g): try a %s --lr (it is %g)\n", "note",
            guess, report->run.learning_rate < TP_RATE_SMALL ? "larger" : "smaller", report->run.learning_rate);
}

/* Why the run ended before its last step; divergence is reported as an error. */
static void write_stop(const tileprop_options *options, const tileprop_result *result, size_t steps_per_epoch,
                       FILE *out)
{
    const size_t evaluations = options->early_stop;
    switch (result->stopped_by) {
    case TILEPROP_STOP_EPOCHS:
    case TILEPROP_STOP_DIVERGED:
        return;
    case TILEPROP_STOP_EARLY:
        fprintf(out, TP_LABEL "no better validation loss in %zu evaluation%s", "stopped", evaluations,
                evaluations == 1 ? "" : "s");
        break;
    case TILEPROP_STOP_ACCURACY:
        fprintf(out, TP_LABEL "validation accuracy of %g %% reached", "stopped", 100 * options->stop_at_accuracy);
        break;
    case TILEPROP_STOP_LOSS:
        fprintf(out, TP_LABEL "validation loss of %g reached", "stopped", options->stop_at_loss);
        break;
    case TILEPROP_STOP_TIME:
        fprintf(out, TP_LABEL "after %g s", "stopped", options->max_seconds);
        break;
    case TILEPROP_STOP_PROGRESS:
        fprintf(out, TP_LABEL "by SIG%s", "stopped", sigabbrev_np(tp_program_stopped()));
        break;
    }
    if (result->steps)
        fprintf(out, ", in epoch %zu of %zu\n", (result->steps - 1) / steps_per_epoch + 1, options->epochs);
    else
        fputs(", before the first step\n", out);
}

static void write_closing(const struct tp_report *report, const struct tp_model_writer *writer, double goal)
{
    const tileprop_result *result = &report->result;
    const double accuracy = report->command->options.stop_at_accuracy;
    const struct tp_train_data *data = report->data;
    const size_t held_out = data->validation.sample_weights ? 0 : data->validation.count;
    const bool stopped = result->stopped_by == TILEPROP_STOP_PROGRESS;
    FILE *out = report->out;
    write_stop(&report->command->options, result, report->run.steps_per_epoch, out);
    write_metrics("train", result->train_loss, result->train_accuracy, &data->train, false, stopped, out);
    write_metrics("validation", result->validation_loss, result->validation_accuracy, &data->validation, true, stopped,
                  out);
    if (data->test.count)
        write_metrics("test", result->test_loss, result->test_accuracy, &data->test, true, stopped, out);
    fprintf(out, TP_LABEL, "best");
    if (isfinite(result->best_validation_loss)) {
        write_figures(result->best_validation_loss, result->best_validation_accuracy, held_out, out);
        fprintf(out, "%s, at step %zu, counted from 0\n", held_out ? " (standard error)" : "", result->best_step);
    } else {
        fputs("none: no evaluation with a finite loss\n", out);
    }
    write_advice(report);
    if (isfinite(goal))
        fprintf(out, TP_LABEL "accuracy %g %% reached at step %zu, %.3f s after the start, of which %.3f s training\n",
                "goal", 100 * accuracy, writer->last.step, goal, result->seconds_training);
    else if (accuracy > 0)
        fprintf(out, TP_LABEL "accuracy %g %% not reached\n", "goal", 100 * accuracy);
    if (result->numa != TILEPROP_NUMA_OFF)
        fprintf(out, TP_LABEL "%zu memory nodes, weights on those of their threads, data %s\n", "memory",
                result->numa_nodes, result->numa == TILEPROP_NUMA_REPLICATE ? "on each" : "interleaved");
    fprintf(out, TP_LABEL "%016llx", "weights", (unsigned long long)result->weights_hash);
    if (stopped)
        fprintf(out, " after %zu of %zu steps", result->steps, report->run.steps_planned);
    fprintf(out, "%s\n", writer->last.path || writer->best.path ? "" : ", not saved; --save does that");
    write_saved("saved", &writer->last, held_out,
                result->steps ? "the run diverged" : "the run was stopped before its first step", out);
    write_saved("saved best", &writer->best, held_out, "no evaluation with a finite loss", out);
}

/* A place among steps; null unless it is known. */
static json_t *json_step(bool known, size_t step)
{
    return known ? json_integer((json_int_t)step) : json_null();
}

/* null unless there is one. */
static json_t *json_goal(const struct tp_report *report, size_t step, double goal)
{
    const double accuracy = report->command->options.stop_at_accuracy;
    const bool reached = isfinite(goal);
    if (!(accuracy > 0))
        return json_null();
    return json_pack("{s:f, s:b, s:o, s:o, s:o}", "accuracy", accuracy, "reached", reached, "step",
                     json_step(reached, step), "seconds", tp_json_text_real(goal), "seconds_training",
                     tp_json_text_real(reached ? report->result.seconds_training : NAN));
}

/* null unless it is there. */
static json_t *json_saved(const struct tp_saved *saved)
{
    if (!saved->written)
        return json_null();
    return json_pack("{s:s, s:I, s:o, s:o}", "path", saved->path, "step", (json_int_t)saved->step, "validation_loss",
                     tp_json_text_real(saved->loss), "validation_accuracy", tp_json_text_real(saved->accuracy));
}

static tileprop_status write_json(const struct tp_report *report, const struct tp_model_writer *writer, double goal,
                                  struct tp_error *error)
{
    const tileprop_run *run = &report->run;
    const tileprop_result *result = &report->result;
    const double rate = ratio(samples_in(report, result->steps), result->seconds_training);
    const bool any_best = isfinite(result->best_validation_loss), weighted = report->data->train.sample_weights;
    return tp_program_json(
        json_pack(
            "{s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:f, "
            "s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:o, s:o, s:o, s:s, s:o}",
            "parameters", (json_int_t)run->parameters, "steps", (json_int_t)result->steps, "epochs",
            (json_int_t)result->epochs, "train_loss", tp_json_text_real(result->train_loss), "train_accuracy",
            tp_json_text_real(result->train_accuracy), "validation_loss", tp_json_text_real(result->validation_loss),
            "weighted", weighted, "validation_accuracy", tp_json_text_real(result->validation_accuracy), "test_loss",
            tp_json_text_real(result->test_loss), "test_accuracy", tp_json_text_real(result->test_accuracy),
            "best_validation_loss", tp_json_text_real(result->best_validation_loss), "best_step",
            json_step(any_best, result->best_step), "best_validation_accuracy",
            tp_json_text_real(any_best ? result->best_validation_accuracy : NAN), "seconds_total",
            tp_clock_seconds() - report->begun, "seconds_loading", report->loaded - report->begun, "seconds_planning",
            run->seconds_planning, "seconds_training", result->seconds_training, "seconds_evaluation",
            result->seconds_evaluation, "samples_per_second", rate, "gflops", gflops_of(run, rate), "isa", run->isa,
            "threads_requested", (json_int_t)run->threads_most, "threads_used", (json_int_t)run->threads,
            "threads_of_steps", (json_int_t)run->threads_of_steps, "threads_worked", (json_int_t)result->threads_worked,
            "ranks", (json_int_t)(run->rank_count ? run->rank_count : 1), "numa",
            tp_choice_name(tp_numa_choices, (int)result->numa), "numa_nodes", (json_int_t)result->numa_nodes,
            "weights_hash", json_sprintf("%016llx", (unsigned long long)result->weights_hash), "saved",
            json_saved(&writer->last), "saved_best", json_saved(&writer->best), "stopped_by",
            tileprop_stop_name(result->stopped_by), "stop_at_accuracy", json_goal(report, writer->last.step, goal)),
        error);
}

/* Operations of one sample in a layer, or 0 where none are counted. */
static double flops_of_layer(const tileprop_options *options, const tileprop_run *run, int verb, size_t l)
{
    const size_t inputs = l == 0 ? run->inputs : options->hidden[l - 1];
    const size_t units = l + 1 == run->layers ? run->classes : options->hidden[l];
    const bool bias = options->bias == TILEPROP_BIAS_ALL || (options->bias == TILEPROP_BIAS_INPUT && l == 0);
    if (verb == TILEPROP_PACK || verb == TILEPROP_LOSS || verb == TILEPROP_EXCHANGE)
        return 0;
    return 2 * (double)(inputs + bias) * (double)units * (l == 0 && run->skips ? 1 - run->zeros : 1);
}

/* Whether evaluations skipped zeros, and the times that decided it. */
static void explain_evaluations(const tileprop_result *result, FILE *out)
{
    fprintf(out, TP_LABEL "evaluations %s them", "zeros", result->evaluation_skips ? "skip" : "multiply");
    if (result->seconds_multiplying > 0 && result->seconds_skipping > 0)
        fprintf(out, "; a sample took %.3f us multiplying, %.3f us skipping", 1e6 * result->seconds_multiplying,
                1e6 * result->seconds_skipping);
    putc('\n', out);
}

/* How much of the exchange with other ranks was hidden behind computation. One thread waits for it. */
static void explain_exchange(const tileprop_run *run, const tileprop_time *times, double steps, FILE *out)
{
    double waited = 0;
    for (size_t l = 0; l < run->layers; l++)
        waited += times[TILEPROP_EXCHANGE * run->layers + l].longest / steps;
    const double hidden = 1 - waited / run->seconds_exchanging;
    fprintf(out,
            TP_LABEL "%.3g ms by itself; a step waits %.3g ms, slower ranks included: at least %.0f %% is hidden "
                     "behind computation\n",
            "exchange", 1e3 * run->seconds_exchanging, 1e3 * waited, 100 * (hidden > 0 ? hidden : 0));
}

/* Where the time of steps went. */
static void explain_steps(const tileprop_options *options, const tileprop_run *run, const tileprop_time *times,
                          size_t steps, double samples, double seconds, double peak, FILE *out)
{
    const double share = (double)run->threads_of_steps / (double)run->threads;
    double accounted = 0, waited = 0;
    fprintf(out, TP_LABEL "%-8s %5s %10s %9s %7s %10s %9s\n", "time", "verb", "layer", "ms", "GFLOP/s", "of peak",
            "waited ms", "imbalance");
    for (int v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < run->layers; l++) {
            const tileprop_time *cell = &times[(size_t)v * run->layers + l];
            if (!(cell->seconds > 0) && !(cell->waited > 0))
                continue;
            accounted += cell->seconds + cell->waited;
            waited += cell->waited;
            const double flops = flops_of_layer(options, run, v, l) * samples;
            const double gflops = cell->seconds > 0 ? 1e-9 * flops / cell->seconds : 0;
            char rate[32] = "", of_peak[32] = "";
            if (flops > 0)
                snprintf(rate, sizeof rate, "%.1f", gflops);
            if (flops > 0 && peak > 0)
                snprintf(of_peak, sizeof of_peak, "%.0f %%", 1e11 * gflops / (peak * share));
            fprintf(out, TP_LABEL "%-8s %5zu %10.2f %9s %7s %10.2f", "time", tileprop_verb_name(v), l + 1,
                    1e3 * cell->seconds, rate, of_peak, 1e3 * cell->waited);
            if (cell->seconds > 0)
                fprintf(out, " %9.2f", cell->longest / cell->seconds);
            putc('\n', out);
        }
    }
    fprintf(out, TP_LABEL "%.2f of %.2f ms accounted for, %.2f of them waiting at barriers\n", "time", 1e3 * accounted,
            1e3 * seconds, 1e3 * waited);
    if (run->rank_count && steps)
        explain_exchange(run, times, (double)steps, out);
}

tileprop_status tp_report_finish(struct tp_report *report, const tileprop_time *times,
                                 const struct tp_model_writer *writer, struct tp_error *error)
{
    const tileprop_result *result = &report->result;
    const double goal = find_goal(report);
    finish_warnings(report);
    if (report->out && report->command->explain) {
        const double ranks = report->run.rank_count ? (double)report->run.rank_count : 1;
        explain_steps(&report->command->options, &report->run, times, result->steps - report->run.steps_before,
                      samples_done(report, result->steps) / ranks, result->seconds_training, report->peak, report->out);
        explain_evaluations(result, report->out);
    }
    if (report->out)
        write_closing(report, writer, goal);
    return report->command->json ? write_json(report, writer, goal, error) : TILEPROP_OK;
}
