/* train: trains a multi-layer perceptron from the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/status.h"
#include "cli/checkpointer.h"
#include "cli/gradient_report.h"
#include "cli/history.h"
#include "cli/model_writer.h"
#include "cli/plot.h"
#include "cli/program.h"
#include "cli/ranks.h"
#include "cli/report.h"
#include "cli/stats_report.h"
#include "cli/train_command.h"
#include "cli/train_data.h"
#include "cli/version.h"
#include "data/choices.h"
#include "readers/stream.h"

#define SECONDS_TO_END 0.4 /* of a rank after a signal: mpirun kills those that are still there after a second */

struct training {
    struct tp_train_command *command;
    const tileprop_ranks *ranks; /* NULL: this process is alone */
    tileprop_model *start;       /* NULL: random weights, or bare layers */
    struct tp_train_data data;
    tileprop_data train, validation, test; /* the sets of data, as the library takes them */
    tileprop_run_options run;
    struct tp_report report;
    struct tp_history history;
    struct tp_safe_file history_file;
    struct tp_plot plot;
    struct tp_model_writer writer;
    struct tp_checkpointer checkpointer;
    struct tp_error checkpoint_error; /* of the last one; empty: it was written */
};

/* The file whose weights the run begins with; a run that is resumed has them in its checkpoint. */
static const char *start_path(const struct training *training)
{
    const struct tp_train_command *command = training->command;
    if (!training->checkpointer.from)
        return command->options.init_from;
    return strcmp(command->resume, "auto") == 0 ? command->checkpoint : command->resume;
}

static void on_started(void *context, const tileprop_run *run)
{
    struct training *training = context;
    if (run->unverified && !training->command->quiet)
        tp_program_note_unverified(start_path(training));
    tp_report_started(&training->report, run);
    training->checkpointer.written = training->report.started;
}

static int on_progress(void *context, const tileprop_progress *progress)
{
    struct training *training = context;
    tp_history_progress(&training->history, progress);
    tp_report_progress(&training->report, progress);
    return 0;
}

/* An interrupted read: the outputs are closed and the program ends as after a stopped run. */
static tileprop_status stop_if_asked(tileprop_status status, bool *stopped)
{
    *stopped = status == TILEPROP_FAILURE && tp_program_stopped();
    return *stopped ? TILEPROP_OK : status;
}

static int on_interrupted(void *context)
{
    (void)context;
    return tp_program_stopped() != 0;
}

static int on_checkpoint_due(void *context, size_t step)
{
    const struct training *training = context;
    return tp_checkpointer_due(&training->checkpointer, step, training->report.run.steps_per_epoch);
}

static void on_checkpoint(void *context, const tileprop_training_state *state)
{
    struct training *training = context;
    struct tp_error *error = &training->checkpoint_error;
    error->text[0] = '\0';
    if (tp_checkpointer_write(&training->checkpointer, &training->history, state, error) != TILEPROP_OK)
        tp_report_warn(&training->report, error->text);
}

/* Opens what is to be written, so that it fails before any work is done. */
static tileprop_status open_outputs(struct training *training, struct tp_error *error)
{
    const struct tp_train_command *command = training->command;
    struct tp_checkpointer *checkpointer = &training->checkpointer;
    tileprop_status status = tp_model_writer_open(&training->writer, command, error);
    if (status == TILEPROP_OK)
        status = tp_checkpointer_open(checkpointer, command, &training->history, error);
    if (status == TILEPROP_OK && checkpointer->replaces)
        tp_report_warn(&training->report,
                       "--checkpoint: the file exists and will be replaced; --resume auto would continue from it");
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&training->history_file, "--history", command->history, error);
    return status == TILEPROP_OK ? tp_plot_open(&training->plot, command->plot, command->plot_with, error) : status;
}

/*
 * The model of the initial weights, whose names are used to read the data. tileprop_train() reads the file again: it
 * may hold layers alone, without names, and tileprop_train() reports a file that is not a model.
 */
static tileprop_status load_start(struct training *training, const char *path, struct tp_error *error)
{
    if (!path)
        return TILEPROP_OK;
    const tileprop_status status = tileprop_model_load(&training->start, path, error->text, sizeof error->text);
    return status == TILEPROP_FAILURE ? status : TILEPROP_OK;
}

/* What the library is to do, apart from the command's options. */
static tileprop_status prepare_run(struct training *training, struct tp_error *error)
{
    struct tp_train_command *command = training->command;
    const struct tp_train_data *data = &training->data;
    tileprop_options *options = &command->options;
    tileprop_run_options *run = &training->run;
    training->train = tp_train_data_of(&data->train, 0, data->train.count, tp_stream_name(command->data));
    training->validation =
        tp_train_data_of(&data->validation, 0, data->validation.count, tp_stream_name(command->val_data));
    training->test = tp_train_data_of(&data->test, 0, data->test.count, NULL);
    options->progress = on_progress;
    options->run = run;
    options->context = run->context = training;
    run->ranks = training->ranks;
    run->test = data->test.count ? &training->test : NULL;
    run->started = on_started;
    run->interrupted = on_interrupted;
    run->resume = training->checkpointer.from;
    run->resume_inexact = command->resume_inexact;
    if (command->checkpoint) {
        run->checkpoint_due = on_checkpoint_due;
        run->checkpoint = on_checkpoint;
    }
    if (command->explain) {
        run->times = calloc(TILEPROP_VERBS * (options->hidden_count + 1), sizeof *run->times);
        if (!run->times)
            return tp_fail_memory(error, NULL, "the times of steps");
    }
    if (training->start && options->normalize == TILEPROP_AUTO && !options->renormalize) {
        const char *kept = tileprop_model_text(training->start, "normalize");
        const tileprop_status status =
            tileprop_options_set(options, "normalize", kept, error->text, sizeof error->text);
        if (status != TILEPROP_OK)
            return status;
    }
    tileprop_options_resolve(options, tp_train_data_type(data), training->train.rows);
    return tp_model_writer_prepare(&training->writer, data->train.schema, &training->train, run, error);
}

/*
 * Of a run on several ranks: files that rank 0 reads and the others need, and each one's share of its host. The options
 * of the others write nothing (parse).
 */
static tileprop_status join_ranks(struct training *training, struct tp_error *error)
{
    const tileprop_ranks *ranks = training->ranks;
    struct tp_train_command *command = training->command;
    const char *resume = ranks->rank == 0 && training->checkpointer.from ? start_path(training) : NULL;
    bool shared;
    const size_t threads = tp_ranks_threads(&shared);
    if (!command->options.threads && !command->options.threads_exact)
        command->options.threads = threads;
    if (shared && command->options.bind == TILEPROP_BIND_AUTO)
        command->options.bind = TILEPROP_BIND_NONE;
    tileprop_status status = tp_ranks_share_file(ranks, &resume, error);
    const char *start = training->checkpointer.from ? NULL : command->options.init_from; /* not read again */
    const tileprop_status shared_start = tp_ranks_share_file(ranks, &start, error);
    if (status == TILEPROP_OK)
        status = shared_start;
    if (ranks->rank > 0)
        command->options.init_from = start;
    if (status == TILEPROP_OK && ranks->rank > 0 && resume) {
        command->resume = resume;
        status = tileprop_checkpoint_load(&training->checkpointer.from, resume, error->text, sizeof error->text);
    }
    return status;
}

static tileprop_status set_up(struct training *training, struct tp_train_command *command, struct tp_error *error)
{
    tp_report_begin(&training->report, command, &training->data);
    tp_train_command_environment(command);
    tileprop_status status = tp_program_choose_isa(&command->options.isa, getenv("TILEPROP_ISA"), error);
    if (status == TILEPROP_OK)
        status = open_outputs(training, error);
    if (training->ranks && (status = tp_ranks_agree(training->ranks, status, error)) == TILEPROP_OK)
        status = join_ranks(training, error);
    const char *path = start_path(training);
    if (status == TILEPROP_OK)
        status = load_start(training, path, error);
    if (status == TILEPROP_OK)
        status = tp_train_data_load(&training->data, command, training->start, path, error);
    training->report.loaded = tp_clock_seconds();
    if (status == TILEPROP_OK)
        status = prepare_run(training, error);
    return tp_ranks_agree(training->ranks, status, error);
}

static tileprop_status first_of(tileprop_status before, tileprop_status after)
{
    return before ? before : after;
}

static tileprop_status write_history(struct training *training, struct tp_error *error)
{
    struct tp_history *history = &training->history;
    tp_history_complete(history);
    tileprop_status status = tp_history_check(history, error);
    if (status != TILEPROP_OK)
        return status;
    if (training->history_file.file)
        status = tp_history_write(history, &training->history_file, error);
    return first_of(
        status, tp_plot_draw(&training->plot, history, training->command->options.eval_train, status ? NULL : error));
}

/* Writes the outputs, also of a run that diverged or was stopped. The first error is printed. */
static tileprop_status write_outputs(struct training *training, tileprop_status status, struct tp_error *error)
{
    const struct tp_error *checkpoint = &training->checkpoint_error;
    status =
        first_of(status, tp_model_writer_finish(&training->writer, &training->report.result, status ? NULL : error));
    status = first_of(
        status, tp_report_finish(&training->report, training->run.times, &training->writer, status ? NULL : error));
    if (checkpoint->text[0])
        status = first_of(status, tp_fail(status ? NULL : error, TILEPROP_FAILURE, "%s", checkpoint->text));
    return first_of(status, write_history(training, status ? NULL : error));
}

static void clean_up(struct training *training)
{
    tp_checkpointer_discard(&training->checkpointer);
    tp_model_writer_discard(&training->writer);
    tp_safe_file_discard(&training->history_file);
    tp_plot_discard(&training->plot);
    free(training->history.text);
    free(training->run.times);
    tp_train_data_free(&training->data);
    tileprop_model_free(training->start);
}

static tileprop_status train_network(struct tp_train_command *command, const tileprop_ranks *ranks,
                                     struct tp_error *error, bool *stopped)
{
    struct training training = {.command = command, .ranks = ranks, .run.size = sizeof training.run};
    tileprop_status status = set_up(&training, command, error);
    if (status == TILEPROP_OK) {
        struct tp_model_writer *writer = &training.writer;
        status = tileprop_train(
            &command->options, &training.train, &training.validation, command->save ? &writer->last.model : NULL,
            command->save_best ? &writer->best.model : NULL, &training.report.result, error->text, sizeof error->text);
        tp_report_clear(&training.report);
        *stopped = training.report.result.stopped_by == TILEPROP_STOP_PROGRESS;
        if (status == TILEPROP_OK && *stopped && ranks)
            tp_program_stop_as(tp_ranks_largest(ranks, tp_program_stopped()));
        if (status == TILEPROP_OK && training.report.result.steps == 0) { /* they are not worth the file they replace */
            tileprop_model_free(writer->last.model);
            writer->last.model = NULL;
        }
        if (status == TILEPROP_DIVERGED)
            tp_train_data_blame(&training.data, command->val_data, command->options.normalize, error);
        if ((status == TILEPROP_OK || status == TILEPROP_DIVERGED) && (!ranks || ranks->rank == 0))
            status = write_outputs(&training, status, error);
    } else {
        status = stop_if_asked(status, stopped);
    }
    clean_up(&training);
    return status;
}

/* Parses the command line, and reports options that have no effect. */
static tileprop_status parse(struct tp_train_command *command, int argc, char **argv, struct tp_error *error)
{
    const tileprop_status status = tp_train_command_parse(command, argc, argv, error);
    if (status != TILEPROP_OK)
        return status;
    if (command->logged && !command->history && !command->plot && !command->checkpoint && !command->resume)
        return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with --history, --plot, --checkpoint or --resume",
                       command->logged);
    for (const struct tp_dropped *dropped = command->dropped; dropped->name && !command->quiet; dropped++)
        fprintf(stderr, "%s: note: --%s %s of %s has no effect with --optimizer %s and is ignored\n",
                program_invocation_short_name, dropped->name, dropped->value, command->config,
                tp_choice_name(tp_optimizer_choices, (int)command->options.optimizer));
    return TILEPROP_OK;
}

/* Whether the command asks for something other than a run; rank 0 does that alone. */
static bool is_no_run(const struct tp_train_command *command)
{
    return command->help || command->version || command->print_config || command->stats || command->check_gradient;
}

/*
 * Rank 0 parses the command line and reads the file of options; the others get the result, but write nothing. Returns
 * false on a rank that has nothing to do.
 */
static bool parse_together(struct tp_train_command *command, const tileprop_ranks *ranks, int argc, char **argv,
                           tileprop_status *status, struct tp_error *error)
{
    char *text = NULL;
    size_t size = 0; /* nothing to do */
    if (!ranks || ranks->rank == 0)
        *status = parse(command, argc, argv, error);
    if (!ranks)
        return true;
    if (ranks->rank == 0 && *status == TILEPROP_OK && command->data && strcmp(command->data, "-") == 0)
        *status = tp_fail(error, TILEPROP_USAGE, "--data: expected a file that each process can read, found -");
    if (ranks->rank == 0 && *status == TILEPROP_OK && !is_no_run(command))
        text = tp_ranks_need(tp_train_command_text(command, &size));
    tp_ranks_broadcast(ranks, &size, sizeof size);
    if (ranks->rank > 0)
        text = tp_ranks_need(malloc(size + 1));
    if (size)
        tp_ranks_broadcast(ranks, text, size);
    if (ranks->rank > 0 && size)
        *status = tp_train_command_parse_text(command, text, size, error);
    free(text);
    if (ranks->rank == 0 || !size)
        return ranks->rank == 0;
    command->save = command->save_best = command->checkpoint = command->resume = NULL;
    command->history = command->plot = command->plot_with = NULL;
    command->explain = command->json = 0;
    command->quiet = 1;
    return true;
}

/* --stats and --check-gradient, which look at the data and train nothing. */
static tileprop_status examine(struct tp_train_command *command, struct tp_error *error, bool *stopped)
{
    struct tp_train_data data = {0};
    tileprop_status status = stop_if_asked(tp_train_data_load(&data, command, NULL, NULL, error), stopped);
    if (status == TILEPROP_OK && !*stopped)
        status = command->stats ? tp_stats_report(command, &data, error)
                                : tp_gradient_report(command, &data, stopped, error);
    tp_train_data_free(&data);
    return status;
}

/*
 * What a run on several ranks ends with. A rank that fails ends the others, which may be waiting for it; what all
 * found, rank 0 has said and ended them before others of them get to it.
 */
static int finish(const tileprop_ranks *ranks, tileprop_status status, const struct tp_train_command *command,
                  bool stopped, struct tp_error *error)
{
    const bool together = status == TILEPROP_OK || status == TILEPROP_DIVERGED;
    const bool first = !ranks || ranks->rank == 0;
    if (!first && !together)
        sleep(2); /* which the signal of an mpirun that ends all ends too, after a second */
    if (first || (!together && !tp_program_stopped()))
        status = tp_program_finish(status, error);
    if (status == TILEPROP_OK && stopped && !command->quiet)
        fprintf(stderr, "%s: stopped by SIG%s\n", program_invocation_short_name, sigabbrev_np(tp_program_stopped()));
    const int code = status == TILEPROP_OK && stopped ? 128 + tp_program_stopped() : (int)status;
    tp_ranks_end(code, together);
    return code;
}

int main(int argc, char **argv)
{
    struct tp_train_command command = {0};
    const tileprop_ranks *ranks;
    struct tp_error error;
    bool stopped = false;

    tp_program_begin();
    tileprop_status status = tp_ranks_begin(&ranks, &error);
    tp_program_catch_stop();
    tp_stream_stop_when(tp_program_stopped);
    if (ranks)
        tp_program_end_within(SECONDS_TO_END);
    const bool acts = status == TILEPROP_OK && parse_together(&command, ranks, argc, argv, &status, &error);
    if (status == TILEPROP_OK && command.help) {
        tp_train_command_write(command.help == TP_HELP_ALL ? tp_options_write_help : tp_options_write_basic_help,
                               stdout);
    } else if (status == TILEPROP_OK && command.version) {
        tp_version_write(stdout);
    } else if (status == TILEPROP_OK && command.print_config) {
        tp_train_command_write_config(&command, stdout);
    } else if (status == TILEPROP_OK && (command.stats || command.check_gradient)) {
        status = examine(&command, &error, &stopped);
    } else if (status == TILEPROP_OK && acts) {
        status = train_network(&command, ranks, &error, &stopped);
    }
    const int code = finish(ranks, status, &command, stopped, &error);
    free(command.storage);
    return code;
}
