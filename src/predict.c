/*
 * predict: uses a model that train saved, from the command line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "evaluate.h"
#include "predict_command.h"
#include "predict_data.h"
#include "predict_report.h"
#include "prediction_rows.h"
#include "standard_output.h"
#include "tier_choice.h"
#include "trainer.h"
#include "version.h"

#define TP_ROWS_VALUES ((size_t)1 << 20) /* probabilities that are held at a time */

/* Where rows go, and the pictures of errors; closed where they are not wanted. */
struct outputs {
    struct tp_safe_file rows, errors;
};

static enum tp_status open_outputs(struct outputs *outputs, const struct tp_predict_command *command,
                                   struct tp_error *error)
{
    enum tp_status status = TP_OK;
    if (command->output)
        status = tp_safe_file_open(&outputs->rows, "--output", command->output, error);
    if (status == TP_OK && command->errors)
        status = tp_safe_file_open(&outputs->errors, "--errors", command->errors, error);
    return status;
}

static enum tp_status read_model(struct tp_model *model, const char *path, struct tp_error *error)
{
    enum tp_status status = tp_model_read(model, path, error);
    if (status == TP_OK && !model->described)
        status =
            tp_fail(error, TP_BAD_INPUT,
                    "%s: layers alone found, expected a model as train --save writes it, which also says "
                    "activation and normalization",
                    path);
    return status;
}

/* What only becomes clear with model and data at hand. */
static enum tp_status check(const struct tp_prediction *p, struct tp_error *error)
{
    const struct tp_predict_command *command = p->command;
    if (command->errors && !p->data->labelled)
        return tp_fail(error, TP_USAGE, "--errors: expected samples with labels, found ones without");
    if (command->errors && !p->data->side)
        return tp_fail(error, TP_USAGE, "--errors: samples of %zu values are no square images",
                       p->data->set.features);
    if (command->json && !p->data->labelled && !command->output && !command->image)
        return tp_fail(error, TP_USAGE, "--json: expected --output, since standard output has the rows");
    return TP_OK;
}

static enum tp_status allocate(struct tp_prediction *p, size_t probabilities, struct tp_error *error)
{
    const size_t count = p->data->set.count;
    p->predictions.loss = malloc(count * sizeof *p->predictions.loss);
    p->predictions.predicted = malloc(count * sizeof *p->predictions.predicted);
    if (probabilities)
        p->predictions.probabilities = calloc(probabilities, sizeof *p->predictions.probabilities);
    return p->predictions.loss && p->predictions.predicted && (!probabilities || p->predictions.probabilities)
               ? TP_OK
               : tp_fail(error, TP_FAILURE, "out of memory: predictions of %zu samples", count);
}

/* Writes rows of `part` samples at a time, whose probabilities are there, to a file or to standard output. */
static enum tp_status predict_rows(struct tp_prediction *p, struct tp_predictor *predictor, size_t part,
                                   struct tp_safe_file *to, struct tp_error *error)
{
    const struct tp_dataset *set = &p->data->set;
    FILE *out = to->file ? to->file : stdout;
    struct tp_prediction_rows rows = {.format = p->command->format,
                                      .class_names = p->model->class_names,
                                      .labels = p->data->labelled ? set->labels : NULL};
    bool good = tp_prediction_rows_begin(&rows, out);
    for (size_t begin = 0; begin < set->count && good; begin += part) {
        const double began = tp_clock_seconds();
        struct tp_dataset some = *set;
        some.count = set->count - begin < part ? set->count - begin : part;
        some.samples = (char *)set->samples + begin * tp_dataset_sample_size(set);
        some.labels = set->labels + begin;
        const struct tp_predictions found = {p->predictions.loss + begin, p->predictions.predicted + begin,
                                             p->predictions.probabilities};
        const enum tp_status status = tp_predictor_run_team(predictor, p->threads, &some, &found, error);
        if (status != TP_OK)
            return status;
        p->seconds_prediction += tp_clock_seconds() - began;
        rows.begin = begin;
        rows.count = some.count;
        rows.labels = p->data->labelled ? some.labels : NULL;
        rows.predicted = found.predicted;
        rows.probabilities = found.probabilities;
        good = tp_prediction_rows_write(&rows, out);
    }
    if (good)
        return TP_OK;
    if (to->file)
        to->error = errno;
    else if (errno == EPIPE)
        clearerr(stdout); /* that the reader has left is no error */
    else
        return tp_fail(error, TP_FAILURE, "standard output: %s", strerror(errno));
    return TP_OK;
}

static enum tp_status predict_all(struct tp_prediction *p, struct tp_predictor *predictor,
                                  struct tp_error *error)
{
    const double began = tp_clock_seconds();
    const enum tp_status status = tp_predictor_run_team(predictor, p->threads, &p->data->set, &p->predictions, error);
    p->seconds_prediction = tp_clock_seconds() - began;
    return status;
}

static enum tp_status score(struct tp_prediction *p, struct outputs *outputs, struct tp_error *error)
{
    const struct tp_dataset *set = &p->data->set;
    p->score = tp_score_of(p->predictions.loss, p->predictions.predicted, set);
    enum tp_status status = tp_confusion_count(&p->confusion, json_array_size(p->model->class_names),
                                               set->labels, p->predictions.predicted, set->count, error);
    if (status == TP_OK)
        status = tp_worst_errors_find(&p->worst, p->model, set, &p->predictions, error);
    if (status == TP_OK && outputs->errors.file)
        status = tp_worst_errors_sheet(&p->worst, p->data->side, &outputs->errors, error);
    return status;
}

static enum tp_status use(struct tp_prediction *p, struct tp_predictor *predictor, struct outputs *outputs,
                          struct tp_error *error)
{
    const size_t classes = json_array_size(p->model->class_names);
    const bool image = p->command->image, labelled = p->data->labelled;
    const bool rows = p->command->output || (!labelled && !image);
    const size_t held = TP_ROWS_VALUES / classes ? TP_ROWS_VALUES / classes : 1;
    const size_t part = held < p->data->set.count ? held : p->data->set.count;
    p->parameters = tp_predictor_parameters(predictor);
    enum tp_status status = tp_predictor_hash(predictor, &p->weights_hash, error);
    if (status == TP_OK)
        status = allocate(p, rows || image ? part * classes : 0, error);
    if (status == TP_OK)
        status =
            rows ? predict_rows(p, predictor, part, &outputs->rows, error) : predict_all(p, predictor, error);
    if (status == TP_OK && labelled)
        status = score(p, outputs, error);
    if (status == TP_OK)
        status = tp_safe_file_commit(&outputs->rows, error);
    if (status == TP_OK)
        status = tp_safe_file_commit(&outputs->errors, error);
    if (status != TP_OK || (!p->command->output && !labelled && !image))
        return status;
    return labelled ? tp_predict_report_scores(p, error)
           : image  ? tp_predict_report_image(p, error)
                    : tp_predict_report_rows(p, error);
}

static enum tp_status predict(const struct tp_predict_command *command, struct tp_error *error)
{
    const double began = tp_clock_seconds();
    const struct tp_train_options options = {.threads = command->threads,
                                             .threads_exact = command->threads_exact};
    struct outputs outputs = {0};
    struct tp_model model = {0};
    struct tp_predict_data data = {0};
    struct tp_predictor *predictor = NULL;
    struct tp_prediction p = {
        .command = command, .model = &model, .data = &data, .threads = tp_train_threads(&options)};

    enum tp_status status = open_outputs(&outputs, command, error);
    if (status == TP_OK)
        status = read_model(&model, command->model, error);
    if (status == TP_OK)
        status = tp_predict_data_load(&data, command, &model, error);
    if (status == TP_OK)
        status = check(&p, error);
    if (status == TP_OK)
        status = tp_predictor_create(&predictor, &model, command->isa, error);
    p.seconds_loading = tp_clock_seconds() - began;
    if (status == TP_OK)
        status = use(&p, predictor, &outputs, error);
    tp_predictor_free(predictor);
    tp_worst_errors_free(&p.worst);
    tp_confusion_free(&p.confusion);
    free(p.predictions.loss);
    free(p.predictions.predicted);
    free(p.predictions.probabilities);
    tp_predict_data_free(&data);
    tp_model_free(&model);
    tp_safe_file_discard(&outputs.rows);
    tp_safe_file_discard(&outputs.errors);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_predict_command command;
    struct tp_error error;

    signal(SIGPIPE, SIG_IGN); /* writing fails instead of ending the program */
    signal(SIGXFSZ, SIG_IGN);
    enum tp_status status = tp_predict_command_parse(&command, argc, argv, &error);
    if (status == TP_OK && command.help) {
        tp_predict_command_write(tp_options_write_help, stdout);
    } else if (status == TP_OK && command.version) {
        tp_version_write(stdout);
    } else if (status == TP_OK) {
        status = tp_tier_choose(&command.isa, getenv("TILEPROP_ISA"), &error);
        if (status == TP_OK)
            status = predict(&command, &error);
    }
    if (status == TP_OK)
        status = tp_standard_output_finish(&error);
    if (status != TP_OK)
        fprintf(stderr, "predict: %s\n", error.text);
    tp_predict_command_free(&command);
    return (int)status;
}
