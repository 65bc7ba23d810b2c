#include "cli/history.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define TP_COLUMN_MAX 32 /* bytes of a column's name or value, with its separators */

static const char columns[] = "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy";

/* Makes room for more text. */
static bool reserve(struct tp_history *history, size_t size)
{
    const size_t needed = history->size + size + 1;
    if (needed <= history->capacity)
        return true;
    char *text = realloc(history->text, needed + needed / 2);
    if (!text) {
        history->failed = true;
        return false;
    }
    history->text = text;
    history->capacity = needed + needed / 2;
    return true;
}

static size_t row_size(const struct tp_history *history)
{
    return (TP_HISTORY_COLUMNS + history->layers + 2 * history->hidden) * TP_COLUMN_MAX;
}

__attribute__((format(printf, 2, 3))) static void put(struct tp_history *history, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    history->size +=
        (size_t)vsnprintf(history->text + history->size, history->capacity - history->size, format, arguments);
    va_end(arguments);
}

/* Nine digits carry every fp32 and separate the means of two runs that differ in one. */
static void put_number(struct tp_history *history, double value)
{
    put(history, ",%.9g", isnan(value) ? (double)NAN : value); /* without a sign */
}

void tp_history_choose(struct tp_history *history, const tileprop_options *options)
{
    history->layers = options->log_gradients ? options->hidden_count + 1 : 0;
    history->hidden = options->log_activations ? options->hidden_count : 0;
}

tileprop_status tp_history_begin(struct tp_history *history, const void *content, size_t size, struct tp_error *error)
{
    if (content && reserve(history, size + row_size(history))) {
        memcpy(history->text, content, size);
        history->size = size;
        history->text[size] = '\0';
        history->pending = size > 0 && history->text[size - 1] != '\n';
    } else if (!content && reserve(history, row_size(history))) {
        put(history, "%s", columns);
        for (size_t l = 0; l < history->layers; l++)
            put(history, ",grad_norm_%zu", l + 1);
        for (size_t l = 0; l < history->hidden; l++)
            put(history, ",activation_rms_%zu", l + 1);
        for (size_t l = 0; l < history->hidden; l++)
            put(history, ",saturation_%zu", l + 1);
        put(history, "\n");
    }
    return tp_history_check(history, error);
}

bool tp_history_row(const char **row, double values[TP_HISTORY_COLUMNS])
{
    const char *field = *row;
    for (size_t i = 0; i < TP_HISTORY_COLUMNS; i++)
        values[i] = NAN;
    for (size_t i = 0; i < TP_HISTORY_COLUMNS; i++) {
        char *end = (char *)field;
        *row = field;
        if (!isspace((unsigned char)*field)) /* strtod() would skip these, even a line break */
            values[i] = strtod(field, &end);
        if (i + 1 < TP_HISTORY_COLUMNS ? *end != ',' : !strchr(",\r\n", *end)) {
            values[i] = NAN;
            return false;
        }
        if (end == field)
            values[i] = NAN;
        field = end + 1;
    }
    *row += strcspn(*row, "\n");
    return true;
}

static tileprop_status check_rows(const struct tp_history *history, struct tp_error *error)
{
    size_t step = 0, evaluations = 0;
    for (const char *row = strchr(history->text, '\n'); row && *row && row[1]; step++) {
        double values[TP_HISTORY_COLUMNS];
        row++;
        if (!tp_history_row(&row, values))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: line %zu: expected a number, found \"%s\"",
                           history->option, history->path, step + 2, tp_show(row, strcspn(row, ",\r\n")).text);
        if (values[0] != (double)step)
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: %s: line %zu: expected step %zu, found %.9g: a history has a row for each step",
                           history->option, history->path, step + 2, step, values[0]);
        evaluations += isnan(values[TP_HISTORY_ACCURACY]) ? 0 : 1;
    }
    return evaluations ? TILEPROP_OK
                       : tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: expected the evaluations of a run, found none",
                                 history->option, history->path);
}

tileprop_status tp_history_read(struct tp_history *history, const char *option, const char *path,
                                struct tp_error *error)
{
    struct tp_file file;
    *history = (struct tp_history){.option = option, .path = path};
    tileprop_status status = tp_file_read(&file, path, error);
    if (status != TILEPROP_OK)
        return status;
    const char *text = tp_file_text(file.bytes, file.size), *end = (const char *)file.bytes + file.size;
    status = tp_history_begin(history, text, (size_t)(end - text), error);
    tp_file_free(&file);
    if (status != TILEPROP_OK)
        return status;
    text = history->text;
    if (strlen(text) != history->size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: expected a history as text, found a zero byte at offset %zu",
                       option, path, strlen(text));
    const size_t length = strlen(columns);
    if (strncmp(text, columns, length) != 0 || !strchr(",\r\n", text[length]))
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: %s: line 1: expected \"%s\" as --history writes it, found \"%s\"", option, path, columns,
                       tp_show(text, strcspn(text, "\r\n")).text);
    return check_rows(history, error);
}

/* Completes the pending row; NULL: no evaluation followed. */
static void end_row(struct tp_history *history, const tileprop_progress *evaluation)
{
    if (!history->pending)
        return;
    history->pending = false;
    if (!evaluation) {
        for (size_t i = 0; i < 3 + history->layers + 2 * history->hidden; i++)
            put(history, ",");
    } else {
        put_number(history, evaluation->validation_loss);
        put_number(history, evaluation->validation_accuracy);
        if (evaluation->train_evaluated)
            put_number(history, evaluation->train_accuracy);
        else
            put(history, ",");
        for (size_t l = 0; l < history->layers; l++)
            put_number(history, evaluation->gradient_norms[l]);
        for (size_t l = 0; l < history->hidden; l++)
            put_number(history, evaluation->activity[l].rms);
        for (size_t l = 0; l < history->hidden; l++)
            put_number(history, evaluation->activity[l].saturation);
    }
    put(history, "\n");
}

void tp_history_progress(struct tp_history *history, const tileprop_progress *progress)
{
    if (!history->text)
        return;
    if (progress->evaluated) {
        end_row(history, progress);
        return;
    }
    tp_history_complete(history);
    if (!reserve(history, row_size(history)))
        return;
    put(history, "%zu,%zu", progress->step, progress->epoch);
    put_number(history, progress->loss);
    history->pending = true;
}

void tp_history_complete(struct tp_history *history)
{
    end_row(history, NULL);
}

tileprop_status tp_history_check(const struct tp_history *history, struct tp_error *error)
{
    return history->failed ? tp_fail(error, TILEPROP_FAILURE, "%s: %s: out of memory for the history", history->option,
                                     history->path)
                           : TILEPROP_OK;
}

/* Writes what fits, and returns how much that is. */
static size_t write_text(int descriptor, const char *text, size_t size)
{
    size_t written = 0;
    ssize_t count = 0;
    while (written < size &&
           ((count = write(descriptor, text + written, size - written)) > 0 || (count < 0 && errno == EINTR)))
        written += count > 0 ? (size_t)count : 0;
    return written;
}

tileprop_status tp_history_write(const struct tp_history *history, struct tp_safe_file *file, struct tp_error *error)
{
    const int descriptor = fileno(file->file);
    size_t kept = write_text(descriptor, history->text, history->size), lines = 0;
    if (kept == history->size)
        return tp_safe_file_commit(file, error);

    const int number = errno;
    while (kept > 0 && history->text[kept - 1] != '\n')
        kept--;
    for (size_t i = 0; i < kept; i++)
        lines += history->text[i] == '\n';
    /* The first line has the columns. */
    if (file->replaces || lines < 2 || ftruncate(descriptor, (off_t)kept) != 0)
        file->error = number;
    const tileprop_status status = tp_safe_file_commit(file, error);
    return status ? status
                  : tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s; the first %zu rows are written", history->option,
                            history->path, strerror(number), lines - 1);
}
