/* predict: uses a model that train saved, from the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/option_value.h"
#include "cli/predict_command.h"
#include "cli/predict_data.h"
#include "cli/predict_report.h"
#include "cli/program.h"
#include "cli/train_data.h"
#include "cli/version.h"
#include "data/dataset.h"
#include "tileprop/tileprop.h"

#define TP_NAMED_MAX   5                 /* samples in a message */
#define TP_ROWS_VALUES ((size_t)1 << 20) /* probabilities held at a time */

/* Instead of a report. */
static bool prints_rows_alone(const struct tp_prediction *p)
{
    const struct tp_predict_command *command = p->command;
    return command->print_rows || (!command->output && !p->data->labelled && !command->image);
}

/* Checks that need the model and the data. */
static tileprop_status check(const struct tp_prediction *p, struct tp_error *error)
{
    const struct tp_predict_command *command = p->command;
    if (command->errors && !p->data->labelled)
        return tp_fail(error, TILEPROP_USAGE, "--errors: expected samples with labels, found ones without");
    if (command->errors && !p->data->side)
        return tp_fail(error, TILEPROP_USAGE, "--errors: expected square images, found samples of %zu values",
                       p->data->set.features);
    if (command->json && prints_rows_alone(p))
        return tp_fail(error, TILEPROP_USAGE, "--json: expected --output FILE, since standard output has the rows");
    return TILEPROP_OK;
}

/* Names the samples of [begin, begin + count) without a class, if there are any. */
static tileprop_status refuse_unpredicted(const struct tp_prediction *p, size_t begin, size_t count,
                                          struct tp_error *error)
{
    char names[128] = "";
    size_t found = 0;
    for (size_t i = begin; i < begin + count; i++)
        if (p->predicted[i] == TILEPROP_NO_CLASS && found++ < TP_NAMED_MAX)
            tp_option_append(names, sizeof names, "%s%zu", *names ? ", " : "", i);
    if (!found)
        return TILEPROP_OK;
    return tp_fail(
        error, TILEPROP_BAD_INPUT,
        "%s: sample%s %s%s (from 0): expected values in the range of %s, found missing, infinite or too large "
        "ones",
        p->command->image ? p->command->image : p->data->place, found == 1 ? "" : "s", names,
        found > TP_NAMED_MAX ? ", ..." : "", p->command->model);
}

/* Samples [begin, begin + count). */
static tileprop_status predict_part(struct tp_prediction *p, size_t begin, size_t count, struct tp_error *error)
{
    const struct tp_dataset *set = &p->data->set;
    const double began = tp_clock_seconds();
    const tileprop_data data = tp_train_data_of(set, begin, count, NULL);
    const tileprop_outputs outputs = {.size = sizeof outputs,
                                      .losses = p->losses + begin,
                                      .probabilities = p->probabilities,
                                      .classes = p->predicted + begin};
    const tileprop_status status =
        tileprop_evaluate(p->model, &data, p->threads, &outputs, error->text, sizeof error->text);
    p->seconds_prediction += tp_clock_seconds() - began;
    return status == TILEPROP_OK ? refuse_unpredicted(p, begin, count, error) : status;
}

/* Writes rows, `part` samples at a time, to a file or to standard output. */
static tileprop_status predict_rows(struct tp_prediction *p, size_t part, struct tp_error *error)
{
    const struct tp_dataset *set = &p->data->set;
    FILE *out = p->rows.file ? p->rows.file : stdout;
    bool good = true;
    for (size_t begin = 0; begin < set->count && good; begin += part) {
        const size_t count = set->count - begin < part ? set->count - begin : part;
        const tileprop_status status = predict_part(p, begin, count, error);
        if (status != TILEPROP_OK)
            return status;
        good = tp_predict_report_rows(p, begin, count, out);
    }
    if (good)
        return TILEPROP_OK;
    if (p->rows.file)
        p->rows.error = errno;
    else if (errno == EPIPE)
        clearerr(stdout); /* a reader that has left is not an error */
    else
        return tp_fail(error, TILEPROP_FAILURE, "standard output: %s", strerror(errno));
    return TILEPROP_OK;
}

static tileprop_status score(struct tp_prediction *p, struct tp_error *error)
{
    const struct tp_dataset *set = &p->data->set;
    p->metrics = tp_metrics_of(p->losses, p->predicted, set);
    tileprop_status status = tp_confusion_count(&p->confusion, tileprop_model_classes(p->model), set->labels,
                                                p->predicted, set->count, error);
    if (status == TILEPROP_OK)
        status = tp_top_losses_find(&p->worst, p->model, set, p->losses, p->predicted, error);
    if (status == TILEPROP_OK && p->sheet.file)
        status = tp_top_losses_sheet(&p->worst, p->data->side, &p->sheet, error);
    return status;
}

static tileprop_status use(struct tp_prediction *p, struct tp_error *error)
{
    const size_t classes = tileprop_model_classes(p->model), count = p->data->set.count;
    const bool image = p->command->image, labelled = p->data->labelled;
    const bool rows_alone = prints_rows_alone(p);
    const bool rows = p->command->output || rows_alone;
    const size_t held = TP_ROWS_VALUES / classes ? TP_ROWS_VALUES / classes : 1;
    const size_t part = held < count ? held : count;
    p->losses = malloc(count * sizeof *p->losses);
    p->predicted = malloc(count * sizeof *p->predicted);
    p->probabilities = rows || image ? calloc(part * classes, sizeof *p->probabilities) : NULL;
    if (!p->losses || !p->predicted || ((rows || image) && !p->probabilities))
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: predictions of %zu samples", count);
    tileprop_status status = rows ? predict_rows(p, part, error) : predict_part(p, 0, count, error);
    if (status == TILEPROP_OK && labelled)
        status = score(p, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&p->rows, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&p->sheet, error);
    return status == TILEPROP_OK && !rows_alone ? tp_predict_report(p, error) : status;
}

static tileprop_status predict(const struct tp_predict_command *command, struct tp_error *error)
{
    const double began = tp_clock_seconds();
    struct tp_predict_data data = {0};
    tileprop_model *model = NULL;
    struct tp_prediction p = {.command = command,
                              .data = &data,
                              .threads =
                                  command->threads_exact ? command->threads_exact : tileprop_threads(command->threads)};

    tileprop_status status = tp_safe_file_open(&p.rows, "--output", command->output, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&p.sheet, "--errors", command->errors, error);
    if (status == TILEPROP_OK)
        status = tileprop_model_load(&model, command->model, error->text, sizeof error->text);
    if (status == TILEPROP_OK)
        status = tileprop_model_use_isa(model, command->isa, error->text, sizeof error->text);
    if (status == TILEPROP_OK && !tileprop_model_verified(model))
        tp_program_note_unverified(command->model);
    p.model = model;
    if (status == TILEPROP_OK)
        status = tp_predict_data_load(&data, command, model, error);
    for (size_t i = 0; status == TILEPROP_OK && i < data.notes.count; i++)
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, data.notes.lines[i].text);
    if (status == TILEPROP_OK)
        status = check(&p, error);
    p.seconds_loading = tp_clock_seconds() - began;
    if (status == TILEPROP_OK)
        status = use(&p, error);
    free(p.worst.errors);
    free(p.confusion.samples);
    free(p.losses);
    free(p.predicted);
    free(p.probabilities);
    tp_predict_data_free(&data);
    tileprop_model_free(model);
    tp_safe_file_discard(&p.rows);
    tp_safe_file_discard(&p.sheet);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_predict_command command;
    struct tp_error error;

    tp_program_begin();
    tileprop_status status = tp_predict_command_parse(&command, argc, argv, &error);
    if (status == TILEPROP_OK && command.help) {
        tp_predict_command_write(tp_options_write_help, stdout);
    } else if (status == TILEPROP_OK && command.version) {
        tp_version_write(stdout);
    } else if (status == TILEPROP_OK) {
        status = tp_program_choose_isa(&command.isa, getenv("TILEPROP_ISA"), &error);
        if (status == TILEPROP_OK)
            status = predict(&command, &error);
    }
    status = tp_program_finish(status, &error);
    free(command.storage);
    return (int)status;
}
