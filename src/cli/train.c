/*
 * train: trains a multi-layer perceptron from the command line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "cli/checkpointer.h"
#include "cli/data_report.h"
#include "cli/gradient_report.h"
#include "cli/history.h"
#include "cli/model_writer.h"
#include "cli/plot.h"
#include "cli/report.h"
#include "cli/select_isa.h"
#include "cli/standard_output.h"
#include "cli/stop_signal.h"
#include "cli/train_command.h"
#include "cli/train_data.h"
#include "cli/version.h"

struct observed {
    tileprop_run_options run;
    const struct tp_train_data *data;
    struct tp_report report;
    struct tp_history history;
    struct tp_plot plot;
    struct tp_model_writer writer;
    struct tp_checkpointer checkpointer;
};

static void on_started(void *context, const tileprop_run *run)
{
    struct observed *observed = context;
    tp_data_report(observed->data, observed->report.command->options.seed);
    tp_report_started(&observed->report, run);
    tp_checkpointer_started(&observed->checkpointer, run);
}

static int on_progress(void *context, const tileprop_progress *progress)
{
    struct observed *observed = context;
    if (progress->evaluated) {
        tp_history_evaluated(&observed->history, progress);
        tp_report_evaluated(&observed->report, progress);
    } else {
        tp_history_step(&observed->history, progress->step, progress->epoch, progress->loss);
        tp_report_step(&observed->report, progress->epoch, progress->loss);
    }
    return 0;
}

static int on_interrupted(void *context)
{
    (void)context;
    return tp_stop_signal_number() != 0;
}

static int on_checkpoint_due(void *context, size_t step)
{
    const struct observed *observed = context;
    return tp_checkpointer_due(&observed->checkpointer, step);
}

static void on_checkpoint(void *context, const tileprop_training_state *state)
{
    struct observed *observed = context;
    struct tp_error error;
    tp_checkpointer_checkpoint(&observed->checkpointer, state);
    if (tp_checkpointer_finish(&observed->checkpointer, &error) != TILEPROP_OK)
        tp_report_warn(&observed->report, error.text);
}

/* Opens what is to be written, so that it fails before any work is done. */
static tileprop_status open_outputs(struct observed *observed, const struct tp_train_command *command,
                                    struct tp_error *error)
{
    const size_t layers = command->options.log_gradients ? command->options.hidden_count + 1 : 0;
    tileprop_status status = tp_model_writer_open(&observed->writer, command, error);
    if (status == TILEPROP_OK)
        status = tp_checkpointer_open(&observed->checkpointer, command, error);
    if (status == TILEPROP_OK && tp_checkpointer_replaces(&observed->checkpointer))
        tp_report_warn(&observed->report, "--checkpoint: the file is there already and will be replaced; "
                                          "with --resume auto the run would go on from it");
    if (status == TILEPROP_OK)
        status = tp_history_open(&observed->history, "--history", command->history, layers, error);
    if (status == TILEPROP_OK)
        status = tp_plot_open(&observed->plot, command->plot, &observed->history, layers, error);
    return status;
}

/* What a training gives. */
struct outcome {
    tileprop_result result;
    tileprop_model *last, *best; /* NULL: there is none, or it is not wanted */
    tileprop_time *times;        /* NULL: not wanted */
};

/* Of a run that diverged or was stopped, what there is is written too. The first error is printed. */
static tileprop_status finish_outputs(struct observed *observed, const struct outcome *outcome,
                                      tileprop_status status, struct tp_error *error)
{
    tileprop_status written = tp_model_writer_finish(&observed->writer, outcome->last, outcome->best,
                                                     &outcome->result, status ? NULL : error);
    status = status ? status : written;
    written = tp_report_finish(&observed->report, &outcome->result, outcome->times, &observed->writer,
                               status ? NULL : error);
    status = status ? status : written;
    written = tp_plot_read(&observed->plot, &observed->history, status ? NULL : error);
    status = status ? status : written;
    written = tp_history_commit(&observed->history, status ? NULL : error);
    status = status ? status : written;
    written = tp_checkpointer_finish(&observed->checkpointer, status ? NULL : error);
    status = status ? status : written;
    written = tp_plot_finish(&observed->plot, status ? NULL : error);
    return status ? status : written;
}

/* What the library is to do, apart from the command's options. */
static tileprop_status prepare(struct tp_train_command *command, const struct tp_train_data *data,
                               struct observed *observed, tileprop_data *train, struct outcome *outcome,
                               struct tp_error *error)
{
    tileprop_options *options = &command->options;
    tileprop_run_options *run = &observed->run;
    options->progress = on_progress;
    options->run = run;
    options->context = run->context = observed;
    run->started = on_started;
    run->interrupted = on_interrupted;
    if (command->checkpoint) {
        run->checkpoint_due = on_checkpoint_due;
        run->checkpoint = on_checkpoint;
    }
    if (command->explain) {
        outcome->times = calloc(TILEPROP_VERBS * (options->hidden_count + 1), sizeof *outcome->times);
        if (!outcome->times)
            return tp_fail(error, TILEPROP_FAILURE, "out of memory: the times of steps");
        run->times = outcome->times;
    }
    tileprop_options_resolve(options, train->type, train->rows);
    tileprop_status status =
        tp_model_writer_prepare(&observed->writer, command, &data->train, train, run, error);
    return status == TILEPROP_OK
               ? tp_checkpointer_prepare(&observed->checkpointer, &observed->history, run, error)
               : status;
}

static tileprop_status run(struct tp_train_command *command, const struct tp_train_data *data,
                           struct observed *observed, struct outcome *outcome, struct tp_error *error)
{
    tileprop_data train = tp_train_data_of(&data->train, command->data);
    const tileprop_data validation = tp_train_data_of(&data->validation, NULL),
                        test = tp_train_data_of(&data->test, NULL);
    if (data->test.count)
        observed->run.test = &test;
    tileprop_status status = prepare(command, data, observed, &train, outcome, error);
    if (status != TILEPROP_OK)
        return status;
    observed->data = data;
    tp_report_loaded(&observed->report, data->directory, &data->train, &data->validation, &data->test);
    status = tileprop_train(&command->options, &train, &validation, command->save ? &outcome->last : NULL,
                            command->save_best ? &outcome->best : NULL, &outcome->result, error->text,
                            sizeof error->text);
    tp_report_clear(&observed->report);
    return status;
}

static tileprop_status train(struct tp_train_command *command, struct tp_error *error, bool *stopped)
{
    struct tp_train_data data = {0};
    struct observed observed = {.run.size = sizeof observed.run};
    struct outcome outcome = {.result.size = sizeof outcome.result};

    tp_report_begin(&observed.report, command);
    tileprop_status status = open_outputs(&observed, command, error);
    if (status == TILEPROP_OK)
        status = tp_train_data_load(&data, command, error);
    if (status == TILEPROP_OK)
        status = run(command, &data, &observed, &outcome, error);
    if (status == TILEPROP_OK || status == TILEPROP_DIVERGED)
        status = finish_outputs(&observed, &outcome, status, error);
    *stopped = outcome.result.stopped_by == TILEPROP_STOP_PROGRESS;
    tp_checkpointer_discard(&observed.checkpointer);
    tp_model_writer_discard(&observed.writer);
    tp_history_discard(&observed.history);
    tp_plot_discard(&observed.plot);
    tileprop_model_free(outcome.last);
    tileprop_model_free(outcome.best);
    free(outcome.times);
    tp_train_data_free(&data);
    return status;
}

/* --stats and --check-gradient, which look at the data and train nothing. */
static tileprop_status examine(struct tp_train_command *command, struct tp_error *error, bool *stopped)
{
    struct tp_train_data data = {0};
    tileprop_status status = tp_train_data_load(&data, command, error);
    if (status == TILEPROP_OK)
        status = command->stats ? tp_report_stats(command, data.directory, &data.train, error)
                                : tp_gradient_report(command, data.directory, &data.train, stopped, error);
    tp_train_data_free(&data);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_train_command command;
    struct tp_error error;
    bool stopped = false;

    tp_stop_signal_catch();
    tileprop_status status = tp_train_command_parse(&command, argc, argv, &error);
    if (status == TILEPROP_OK && command.help) {
        tp_train_command_write(tp_options_write_help, stdout);
    } else if (status == TILEPROP_OK && command.version) {
        tp_version_write(stdout);
    } else if (status == TILEPROP_OK && command.print_config) {
        tp_train_command_write_config(&command, stdout);
    } else if (status == TILEPROP_OK && (command.stats || command.check_gradient)) {
        status = examine(&command, &error, &stopped);
    } else if (status == TILEPROP_OK) {
        if (getenv("OMP_PROC_BIND") || getenv("OMP_PLACES") || getenv("GOMP_CPU_AFFINITY"))
            tp_train_command_unbind(&command);
        tp_train_command_threads(&command, getenv("OMP_NUM_THREADS"));
        status = tp_select_isa(&command.options.isa, getenv("TILEPROP_ISA"), &error);
        if (status == TILEPROP_OK)
            status = train(&command, &error, &stopped);
    }
    status = tp_standard_output_finish("train", status, &error);
    if (status == TILEPROP_OK && stopped && !command.quiet)
        fprintf(stderr, "train: stopped by %s\n", tp_stop_signal_name());
    tp_train_command_free(&command);
    return status == TILEPROP_OK && stopped ? 128 + tp_stop_signal_number() : (int)status;
}
