#include "cli/history.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_HISTORY_COLUMNS "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy"

static size_t file_count(const struct tp_history *history)
{
    size_t count = 0;
    while (count < TP_HISTORY_FILES && history->files[count].file)
        count++;
    return count;
}

static void keep_errno(struct tp_safe_file *safe)
{
    if (!safe->error)
        safe->error = errno;
}

/* To each file. */
__attribute__((format(printf, 2, 3))) static void put(struct tp_history *history, const char *format, ...)
{
    for (size_t i = 0; i < file_count(history); i++) {
        va_list arguments;
        va_start(arguments, format);
        if (vfprintf(history->files[i].file, format, arguments) < 0)
            keep_errno(&history->files[i]);
        va_end(arguments);
    }
}

tileprop_status tp_history_open(struct tp_history *history, const char *option, const char *path,
                                size_t layers, struct tp_error *error)
{
    struct tp_safe_file *safe = &history->files[file_count(history)];
    tileprop_status status = tp_safe_file_open(safe, option, path, error);
    if (!safe->file)
        return status;
    history->layers = layers;
    int result = fputs(TP_HISTORY_COLUMNS, safe->file);
    for (size_t l = 0; l < layers && result >= 0; l++)
        result = fprintf(safe->file, ",grad_norm_%zu", l + 1);
    if (result < 0 || fputs("\n", safe->file) < 0)
        keep_errno(safe);
    return TILEPROP_OK;
}

const char *tp_history_option(const struct tp_history *history)
{
    return file_count(history) ? history->files[0].option : NULL;
}

/* Nine digits carry every fp32 and separate the means of two runs that differ in one. */
static void put_if(struct tp_history *history, bool known, double value)
{
    if (!known)
        put(history, ",");
    else if (isnan(value))
        put(history, ",nan");
    else
        put(history, ",%.9g", value);
}

/* Writes the row that is pending, if any; evaluation, if not NULL, is of its step. */
static void write_row(struct tp_history *history, const tileprop_progress *evaluation)
{
    static const tileprop_progress none = {0};
    const tileprop_progress *e = evaluation ? evaluation : &none;
    if (!history->pending)
        return;
    put(history, "%zu,%zu", history->step, history->epoch);
    put_if(history, true, history->loss);
    put_if(history, evaluation, e->validation_loss);
    put_if(history, evaluation, e->validation_accuracy);
    put_if(history, e->train_evaluated, e->train_accuracy);
    for (size_t l = 0; l < history->layers; l++)
        put_if(history, e->gradient_norms, e->gradient_norms ? e->gradient_norms[l] : 0);
    put(history, "\n");
    history->pending = false;
}

void tp_history_step(struct tp_history *history, size_t step, size_t epoch, double loss)
{
    write_row(history, NULL);
    history->pending = true;
    history->step = step;
    history->epoch = epoch;
    history->loss = loss;
}

void tp_history_evaluated(struct tp_history *history, const tileprop_progress *evaluation)
{
    if (history->step == evaluation->step)
        write_row(history, evaluation);
}

void tp_history_restore(struct tp_history *history, const void *content, size_t size)
{
    for (size_t i = 0; i < file_count(history); i++) {
        /* Over the columns, which the content has too. */
        if (fseek(history->files[i].file, 0, SEEK_SET) != 0)
            keep_errno(&history->files[i]);
        tp_safe_file_write(&history->files[i], content, size);
    }
}

tileprop_status tp_history_content(struct tp_history *history, void **content, size_t *size,
                                   struct tp_error *error)
{
    struct tp_safe_file *safe = &history->files[0];
    write_row(history, NULL);
    struct stat info;
    if (!safe->error && (fflush(safe->file) != 0 || fstat(fileno(safe->file), &info) != 0))
        safe->error = errno;
    int number = safe->error;
    *size = number ? 0 : (size_t)info.st_size;
    *content = number ? NULL : calloc(*size + 1, 1);
    for (size_t done = 0; *content && done < *size && !number;) {
        const ssize_t count = pread(fileno(safe->file), (char *)*content + done, *size - done, (off_t)done);
        number = count < 0 ? errno : count == 0 ? EIO : 0;
        done += count > 0 ? (size_t)count : 0;
    }
    if (*content && !number)
        return TILEPROP_OK;
    free(*content);
    *content = NULL;
    return tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s", safe->option, safe->path,
                   strerror(number ? number : ENOMEM));
}

tileprop_status tp_history_commit(struct tp_history *history, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    write_row(history, NULL);
    for (size_t i = 0; i < TP_HISTORY_FILES; i++) {
        const tileprop_status written = tp_safe_file_commit(&history->files[i], status ? NULL : error);
        status = status ? status : written;
    }
    return status;
}

void tp_history_discard(struct tp_history *history)
{
    for (size_t i = 0; i < TP_HISTORY_FILES; i++)
        tp_safe_file_discard(&history->files[i]);
}
