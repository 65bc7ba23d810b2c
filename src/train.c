/*
 * train: trains a multi-layer perceptron from the command line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "data_report.h"
#include "gradient_report.h"
#include "history.h"
#include "keeper.h"
#include "plot.h"
#include "report.h"
#include "saver.h"
#include "standard_output.h"
#include "status.h"
#include "stop_signal.h"
#include "tier_choice.h"
#include "train_command.h"
#include "train_data.h"
#include "trainer.h"
#include "version.h"

struct observed {
    struct tp_report report;
    struct tp_history history;
    struct tp_plot plot;
    struct tp_saver saver;
    struct tp_keeper keeper;
};

static void on_started(void *context, const struct tp_run *run)
{
    struct observed *observed = context;
    tp_report_started(&observed->report, run);
    tp_keeper_started(&observed->keeper, run);
}

static void on_step(void *context, size_t step, size_t epoch, double loss)
{
    struct observed *observed = context;
    tp_history_step(&observed->history, step, epoch, loss);
    tp_plot_step(&observed->plot, step, epoch, loss);
    tp_report_step(&observed->report, epoch, loss);
}

static void on_evaluated(void *context, const struct tp_evaluation *evaluation)
{
    struct observed *observed = context;
    tp_history_evaluated(&observed->history, evaluation);
    tp_plot_evaluated(&observed->plot, evaluation);
    tp_report_evaluated(&observed->report, evaluation);
}

static void on_weights(void *context, const struct tp_weights_shown *shown)
{
    struct observed *observed = context;
    tp_saver_weights(&observed->saver, shown);
}

static bool on_interrupted(void *context)
{
    (void)context;
    return tp_stop_signal_number() != 0;
}

static bool on_checkpoint_due(void *context, size_t step)
{
    const struct observed *observed = context;
    return tp_keeper_due(&observed->keeper, step);
}

static void on_checkpoint(void *context, const struct tp_checkpoint_shown *shown)
{
    struct observed *observed = context;
    struct tp_error error;
    tp_keeper_checkpoint(&observed->keeper, shown);
    if (tp_keeper_finish(&observed->keeper, &error) != TP_OK)
        tp_report_warn(&observed->report, error.text);
}

/* Opens what is to be written, so that it fails before any work is done. */
static enum tp_status open_outputs(struct observed *observed, const struct tp_train_command *command,
                                   struct tp_error *error)
{
    const size_t layers = command->options.log_gradients ? command->options.hidden_count + 1 : 0;
    enum tp_status status = tp_saver_open(&observed->saver, command, error);
    if (status == TP_OK)
        status = tp_keeper_open(&observed->keeper, command, error);
    if (status == TP_OK && command->history)
        status = tp_history_open(&observed->history, "--history", command->history, layers, error);
    if (status == TP_OK && command->plot)
        status = tp_plot_check(command->plot, error);
    if (status == TP_OK && command->plot)
        status = tp_plot_open(&observed->plot, command->plot, layers, error);
    return status;
}

/* Of a run that diverged or was stopped, what there is is written too. The first error is printed. */
static enum tp_status finish_outputs(struct observed *observed, const struct tp_result *result,
                                     enum tp_status status, struct tp_error *error)
{
    enum tp_status written = tp_saver_finish(&observed->saver, status ? NULL : error);
    status = status ? status : written;
    written = tp_report_finish(&observed->report, result, &observed->saver, status ? NULL : error);
    status = status ? status : written;
    written = tp_history_commit(&observed->history, status ? NULL : error);
    status = status ? status : written;
    written = tp_keeper_finish(&observed->keeper, status ? NULL : error);
    status = status ? status : written;
    written = tp_plot_finish(&observed->plot, status ? NULL : error);
    return status ? status : written;
}

/* The weights of --init-from, of which a run that is resumed has more already. */
static enum tp_status read_first_weights(struct tp_train_command *command, bool resumes,
                                         const struct tp_dataset *train, struct tp_model *start,
                                         struct tp_error *error)
{
    if (!command->init_from || resumes)
        return TP_OK;
    enum tp_status status = tp_model_read(start, command->init_from, error);
    if (status == TP_OK)
        status = tp_model_starts(start, command->init_from, &command->options, train->features,
                                 train->classes, error);
    command->options.first_weights = &start->weights;
    return status;
}

static enum tp_status train(struct tp_train_command *command, struct tp_error *error, bool *stopped)
{
    struct tp_train_data data = {0};
    struct tp_model start = {0};
    struct tp_result result = {0};
    struct observed observed = {0};
    const struct tp_observer observer = {.context = &observed,
                                         .started = on_started,
                                         .step = on_step,
                                         .evaluated = on_evaluated,
                                         .weights = on_weights,
                                         .interrupted = on_interrupted,
                                         .checkpoint_due = on_checkpoint_due,
                                         .checkpoint = on_checkpoint};

    tp_report_begin(&observed.report, command);
    enum tp_status status = open_outputs(&observed, command, error);
    if (status == TP_OK)
        status = tp_train_data_load(&data, command, error);
    if (status == TP_OK)
        status = read_first_weights(command, tp_keeper_resumes(&observed.keeper), &data.train, &start, error);
    if (status == TP_OK)
        status = tp_saver_prepare(&observed.saver, command, &data.train, error);
    if (status == TP_OK)
        status = tp_keeper_prepare(&observed.keeper, command, &data, &observed.saver, &observed.history,
                                   &observed.plot.history, error);
    if (status == TP_OK) {
        tp_data_report(&data, command->options.seed);
        tp_report_loaded(&observed.report, data.directory, &data.train, &data.validation);
        status = tp_train(&command->options, &data.train, &data.validation,
                          data.test.count ? &data.test : NULL, &observer, &result, error);
        tp_report_clear(&observed.report);
    }
    if (status == TP_OK || status == TP_DIVERGED)
        status = finish_outputs(&observed, &result, status, error);
    *stopped = result.stopped_by == TP_STOP_SIGNAL;
    tp_keeper_discard(&observed.keeper);
    tp_saver_discard(&observed.saver);
    tp_history_discard(&observed.history);
    tp_plot_discard(&observed.plot);
    tp_model_free(&start);
    tp_train_data_free(&data);
    return status;
}

static enum tp_status write_stats(struct tp_train_command *command, struct tp_error *error)
{
    struct tp_train_data data = {0};
    enum tp_status status = tp_train_data_load(&data, command, error);
    if (status == TP_OK)
        status = tp_report_stats(command, data.directory, &data.train, error);
    tp_train_data_free(&data);
    return status;
}

static enum tp_status check_gradient(struct tp_train_command *command, struct tp_error *error, bool *stopped)
{
    struct tp_train_data data = {0};
    enum tp_status status = tp_train_data_load(&data, command, error);
    if (status == TP_OK)
        status = tp_gradient_report(command, data.directory, &data.train, stopped, error);
    tp_train_data_free(&data);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_train_command command;
    struct tp_error error;
    bool stopped = false;

    tp_stop_signal_catch();
    enum tp_status status = tp_train_command_parse(&command, argc, argv, &error);
    if (status == TP_OK && command.help) {
        tp_train_command_write(tp_options_write_help, stdout);
    } else if (status == TP_OK && command.version) {
        tp_version_write(stdout);
    } else if (status == TP_OK && command.print_config) {
        tp_train_command_write_config(&command, stdout);
    } else if (status == TP_OK && command.stats) {
        status = write_stats(&command, &error);
    } else if (status == TP_OK && command.check_gradient) {
        status = check_gradient(&command, &error, &stopped);
    } else if (status == TP_OK) {
        if (getenv("OMP_PROC_BIND") || getenv("OMP_PLACES") || getenv("GOMP_CPU_AFFINITY"))
            tp_train_command_unbind(&command);
        tp_train_command_threads(&command, getenv("OMP_NUM_THREADS"));
        status = tp_tier_choose(&command.options.isa, getenv("TILEPROP_ISA"), &error);
        if (status == TP_OK)
            status = train(&command, &error, &stopped);
    }
    if (status == TP_OK)
        status = tp_standard_output_finish(&error);
    if (status != TP_OK)
        fprintf(stderr, "train: %s\n", error.text);
    tp_train_command_free(&command);
    return status == TP_OK && stopped ? 128 + tp_stop_signal_number() : (int)status;
}
