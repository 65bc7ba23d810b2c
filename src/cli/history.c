#include "cli/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_HISTORY_COLUMNS "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy"

static int write_columns(FILE *file, size_t layers)
{
    int result = fputs(TP_HISTORY_COLUMNS, file);
    for (size_t l = 0; l < layers && result >= 0; l++)
        result = fprintf(file, ",grad_norm_%zu", l + 1);
    return result >= 0 ? fputs("\n", file) : result;
}

tileprop_status tp_history_open(struct tp_history *history, const char *option, const char *path,
                                size_t layers, struct tp_error *error)
{
    *history = (struct tp_history){.layers = layers};
    tileprop_status status = tp_safe_file_open(&history->safe, option, path, error);
    if (status != TILEPROP_OK)
        return status;
    if (write_columns(history->safe.file, layers) < 0)
        history->safe.error = errno;
    return TILEPROP_OK;
}

/* Nine digits carry every fp32 and separate the means of two runs that differ in one. */
static int write_number(FILE *file, double value)
{
    return isnan(value) ? fputs(",nan", file) : fprintf(file, ",%.9g", value);
}

static int write_if(FILE *file, bool known, double value)
{
    return known ? write_number(file, value) : fputs(",", file);
}

/* Writes the pending row; evaluation, if not NULL, is of its step. */
static void write_row(struct tp_history *history, const tileprop_progress *evaluation)
{
    FILE *file = history->safe.file;
    const double *norms = evaluation ? evaluation->gradient_norms : NULL;
    int result = fprintf(file, "%zu,%zu", history->step, history->epoch);
    if (result >= 0)
        result = write_number(file, history->loss);
    if (result >= 0)
        result = write_if(file, evaluation, evaluation ? evaluation->validation_loss : 0);
    if (result >= 0)
        result = write_if(file, evaluation, evaluation ? evaluation->validation_accuracy : 0);
    if (result >= 0)
        result = write_if(file, evaluation && evaluation->train_evaluated,
                          evaluation ? evaluation->train_accuracy : 0);
    for (size_t l = 0; l < history->layers && result >= 0; l++)
        result = write_if(file, norms, norms ? norms[l] : 0);
    if (result >= 0)
        result = fputs("\n", file);
    if (result < 0 && !history->safe.error)
        history->safe.error = errno;
    history->pending = false;
}

void tp_history_step(struct tp_history *history, size_t step, size_t epoch, double loss)
{
    if (!history->safe.file)
        return;
    if (history->pending)
        write_row(history, NULL);
    history->pending = true;
    history->step = step;
    history->epoch = epoch;
    history->loss = loss;
}

void tp_history_evaluated(struct tp_history *history, const tileprop_progress *evaluation)
{
    if (history->safe.file && history->pending && history->step == evaluation->step)
        write_row(history, evaluation);
}

void tp_history_restore(struct tp_history *history, const void *content, size_t size)
{
    FILE *file = history->safe.file;
    if (!file)
        return;
    /* Over the columns, which the content has too. */
    if (fseek(file, 0, SEEK_SET) != 0 && !history->safe.error)
        history->safe.error = errno;
    tp_safe_file_write(&history->safe, content, size);
}

tileprop_status tp_history_content(struct tp_history *history, void **content, size_t *size,
                                   struct tp_error *error)
{
    struct tp_safe_file *safe = &history->safe;
    if (history->pending)
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
    if (history->safe.file && history->pending)
        write_row(history, NULL);
    return tp_safe_file_commit(&history->safe, error);
}

void tp_history_discard(struct tp_history *history)
{
    tp_safe_file_discard(&history->safe);
}
