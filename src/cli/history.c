#include "cli/history.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TP_COLUMNS    6  /* besides those of gradient norms */
#define TP_COLUMN_MAX 32 /* bytes of a column's name or value, with what stands before and after it */

/* Makes room for what is put next. */
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
    return (TP_COLUMNS + history->layers) * TP_COLUMN_MAX;
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

tileprop_status tp_history_begin(struct tp_history *history, const void *content, size_t size, struct tp_error *error)
{
    if (content && reserve(history, size + row_size(history))) {
        memcpy(history->text, content, size);
        history->size = size;
        history->text[size] = '\0';
        history->pending = size > 0 && history->text[size - 1] != '\n';
    } else if (!content && reserve(history, row_size(history))) {
        put(history, "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy");
        for (size_t l = 0; l < history->layers; l++)
            put(history, ",grad_norm_%zu", l + 1);
        put(history, "\n");
    }
    return tp_history_check(history, error);
}

/* The rest of the row that is pending; NULL: there was no evaluation. */
static void end_row(struct tp_history *history, const tileprop_progress *evaluation)
{
    if (!history->pending)
        return;
    history->pending = false;
    if (!evaluation) {
        for (size_t i = 0; i < 3 + history->layers; i++)
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
                  : tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s; the first %zu rows are there", history->option,
                            history->path, strerror(number), lines - 1);
}
