#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_HISTORY_COLUMNS "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy"

static enum tp_status fail_errno(const char *option, const char *path, int number, struct tp_error *error)
{
    return tp_fail(error, TP_FAILURE, "%s: %s: %s", option, path, strerror(number));
}

static void close_history(struct tp_history *history)
{
    if (history->file)
        fclose(history->file);
    free(history->path);
    free(history->temporary);
    *history = (struct tp_history){0};
}

/* mkstemp() makes files for their owner only; this one gets the mode of any other new file. */
static int create_file(char *template)
{
    int descriptor = mkostemp(template, O_CLOEXEC);
    if (descriptor >= 0) {
        mode_t mask = umask(0);
        umask(mask);
        fchmod(descriptor, 0666 & ~mask);
    }
    return descriptor;
}

static int write_columns(FILE *file, size_t layers)
{
    int result = fputs(TP_HISTORY_COLUMNS, file);
    for (size_t l = 0; l < layers && result >= 0; l++)
        result = fprintf(file, ",grad_norm_%zu", l + 1);
    return result >= 0 ? fputs("\n", file) : result;
}

enum tp_status tp_history_open(struct tp_history *history, const char *option, const char *path,
                               size_t layers, struct tp_error *error)
{
    *history = (struct tp_history){.option = option, .layers = layers};
    struct stat info;
    const bool exists = stat(path, &info) == 0;
    if (exists && !S_ISREG(info.st_mode))
        return tp_fail(error, TP_FAILURE, "%s: %s: expected a regular file or a new name, found %s", option,
                       path, S_ISDIR(info.st_mode) ? "a directory" : "a special file");
    /* The directory's permission would do for the renaming, but a read-only file is meant to stay. */
    if (exists && access(path, W_OK) != 0)
        return fail_errno(option, path, errno, error);

    /* A symbolic link stays one: the file that it leads to is replaced. */
    history->path = exists ? realpath(path, NULL) : strdup(path);
    if (!history->path || asprintf(&history->temporary, "%s.tmp-XXXXXX", history->path) < 0) {
        history->temporary = NULL;
        close_history(history);
        return tp_fail(error, TP_FAILURE, "%s: %s: out of memory", option, path);
    }
    const int descriptor = create_file(history->temporary);
    if (descriptor < 0) {
        const int number = errno;
        close_history(history);
        return fail_errno(option, path, number, error);
    }
    history->file = fdopen(descriptor, "w");
    if (!history->file) {
        close(descriptor);
        unlink(history->temporary);
        close_history(history);
        return tp_fail(error, TP_FAILURE, "%s: %s: out of memory", option, path);
    }
    if (write_columns(history->file, layers) < 0)
        history->error = errno;
    return TP_OK;
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
static void write_row(struct tp_history *history, const struct tp_evaluation *evaluation)
{
    FILE *file = history->file;
    int result = fprintf(file, "%zu,%zu", history->step, history->epoch);
    if (result >= 0)
        result = write_number(file, history->loss);
    if (result >= 0)
        result = write_if(file, evaluation, evaluation ? evaluation->validation.loss : 0);
    if (result >= 0)
        result = write_if(file, evaluation, evaluation ? evaluation->validation.accuracy : 0);
    if (result >= 0)
        result = write_if(file, evaluation && evaluation->train.count,
                          evaluation ? evaluation->train.accuracy : 0);
    for (size_t l = 0; l < history->layers && result >= 0; l++)
        result = write_if(file, evaluation && evaluation->gradient_norms,
                          evaluation && evaluation->gradient_norms ? evaluation->gradient_norms[l] : 0);
    if (result >= 0)
        result = fputs("\n", file);
    if (result < 0 && !history->error)
        history->error = errno;
    history->pending = false;
}

void tp_history_step(struct tp_history *history, size_t step, size_t epoch, double loss)
{
    if (!history->file)
        return;
    if (history->pending)
        write_row(history, NULL);
    history->pending = true;
    history->step = step;
    history->epoch = epoch;
    history->loss = loss;
}

void tp_history_evaluated(struct tp_history *history, const struct tp_evaluation *evaluation)
{
    if (history->file && history->pending && history->step == evaluation->step)
        write_row(history, evaluation);
}

/* Directories that cannot be synced (some network file systems) lose no more than the name in a crash. */
static void sync_directory(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    const int descriptor = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

enum tp_status tp_history_commit(struct tp_history *history, struct tp_error *error)
{
    if (!history->file)
        return TP_OK;
    if (history->pending)
        write_row(history, NULL);
    if (!history->error && (fflush(history->file) != 0 || fsync(fileno(history->file)) != 0))
        history->error = errno;
    if (!history->error && rename(history->temporary, history->path) != 0)
        history->error = errno;

    enum tp_status status = TP_OK;
    if (history->error) {
        status = fail_errno(history->option, history->path, history->error, error);
        unlink(history->temporary);
    } else {
        sync_directory(history->path);
    }
    close_history(history);
    return status;
}

void tp_history_discard(struct tp_history *history)
{
    if (history->file)
        unlink(history->temporary);
    close_history(history);
}
