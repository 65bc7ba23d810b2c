#include "cli/checkpointer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"

/* The checkpoint to go on from; NULL: the run begins. One that is there and out of reach is not absent. */
static const char *find_source(const struct tp_train_command *command)
{
    struct stat info;
    if (!command->resume || strcmp(command->resume, "auto") != 0)
        return command->resume;
    return stat(command->checkpoint, &info) != 0 && errno == ENOENT ? NULL : command->checkpoint;
}

tileprop_status tp_checkpointer_open(struct tp_checkpointer *keeper, const struct tp_train_command *command,
                                     struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    *keeper = (struct tp_checkpointer){.command = command};
    if (command->checkpoint)
        status = tp_safe_file_open(&keeper->file, "--checkpoint", command->checkpoint, error);
    /* Looked for when nobody else can write it any more. */
    keeper->source = find_source(command);
    if (status == TILEPROP_OK && keeper->source)
        status = tileprop_checkpoint_load(&keeper->from, keeper->source, error->text, sizeof error->text);
    return status;
}

bool tp_checkpointer_replaces(const struct tp_checkpointer *keeper)
{
    struct stat info;
    const char *path = keeper->command->checkpoint;
    return path && !keeper->source && stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
}

/* Outputs that need what was before the checkpoint. */
static tileprop_status restore_outputs(struct tp_checkpointer *keeper, struct tp_error *error)
{
    size_t size;
    const void *content = tileprop_checkpoint_attachment(keeper->from, &size);
    if (keeper->command->save_best && !tileprop_checkpoint_has_best(keeper->from))
        return tp_fail(error, TILEPROP_USAGE,
                       "--save-best: %s has no best weights, expected a run that began with --save-best",
                       keeper->source);
    for (size_t i = 0; i < TP_HISTORIES; i++) {
        struct tp_history *history = keeper->histories[i];
        if (history->safe.file && !content)
            return tp_fail(error, TILEPROP_USAGE,
                           "%s: %s has no history, expected a run that began with --history or --plot",
                           history->safe.option, keeper->source);
        tp_history_restore(history, content, size);
    }
    return TILEPROP_OK;
}

tileprop_status tp_checkpointer_prepare(struct tp_checkpointer *keeper, struct tp_history *history,
                                        struct tp_history *plotted, tileprop_run_options *run,
                                        struct tp_error *error)
{
    keeper->histories[0] = history;
    keeper->histories[1] = plotted;
    if (!keeper->from)
        return TILEPROP_OK;
    run->resume = keeper->from;
    run->resume_inexact = keeper->command->resume_inexact;
    return restore_outputs(keeper, error);
}

void tp_checkpointer_started(struct tp_checkpointer *keeper, const tileprop_run *run)
{
    keeper->steps_per_epoch = run->steps_per_epoch;
    keeper->written = tp_clock_seconds();
}

bool tp_checkpointer_due(const struct tp_checkpointer *keeper, size_t step)
{
    const struct tp_interval *every = &keeper->command->checkpoint_interval;
    if (every->seconds > 0)
        return tp_clock_seconds() - keeper->written >= every->seconds;
    if (every->steps)
        return (step + 1) % every->steps == 0;
    return (step + 1) % keeper->steps_per_epoch == 0 &&
           (step + 1) / keeper->steps_per_epoch % every->epochs == 0;
}

/* The history so far, to be freed; NULL if none is written. */
static tileprop_status history_content(const struct tp_checkpointer *keeper, void **content, size_t *size,
                                       struct tp_error *error)
{
    *content = NULL;
    *size = 0;
    for (size_t i = 0; i < TP_HISTORIES; i++)
        if (keeper->histories[i]->safe.file)
            return tp_history_content(keeper->histories[i], content, size, error);
    return TILEPROP_OK;
}

/* To the open file, which holds what cannot be written for its commit. */
static tileprop_status write_moment(struct tp_checkpointer *keeper, const tileprop_training_state *moment,
                                    struct tp_error *error)
{
    struct tp_error found;
    void *history;
    size_t size;
    tileprop_status status = history_content(keeper, &history, &size, error);
    if (status != TILEPROP_OK)
        return status;
    status =
        tileprop_checkpoint_write(moment, keeper->file.file, history, size, found.text, sizeof found.text);
    if (ferror(keeper->file.file))
        keeper->file.error = errno;
    free(history);
    return status == TILEPROP_OK ? TILEPROP_OK
                                 : tp_fail(error, status, "--checkpoint: %s: %s; the checkpoint before stays",
                                           keeper->command->checkpoint, found.text);
}

static tileprop_status write_checkpoint(struct tp_checkpointer *keeper, const tileprop_training_state *moment)
{
    const char *path = keeper->command->checkpoint;
    struct tp_error *error = &keeper->error;
    tileprop_status status = TILEPROP_OK;
    if (!keeper->file.file)
        status = tp_safe_file_open(&keeper->file, "--checkpoint", path, error);
    if (status == TILEPROP_OK)
        status = write_moment(keeper, moment, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&keeper->file, error);
    return status == TILEPROP_OK ? tp_safe_file_open(&keeper->file, "--checkpoint", path, error) : status;
}

void tp_checkpointer_checkpoint(struct tp_checkpointer *keeper, const tileprop_training_state *moment)
{
    keeper->status = write_checkpoint(keeper, moment);
    if (keeper->status != TILEPROP_OK)
        tp_safe_file_discard(&keeper->file); /* the next one begins anew */
    keeper->written = tp_clock_seconds();
}

tileprop_status tp_checkpointer_finish(const struct tp_checkpointer *keeper, struct tp_error *error)
{
    return keeper->status == TILEPROP_OK ? TILEPROP_OK
                                         : tp_fail(error, keeper->status, "%s", keeper->error.text);
}

void tp_checkpointer_discard(struct tp_checkpointer *keeper)
{
    tp_safe_file_discard(&keeper->file);
    tileprop_checkpoint_free(keeper->from);
}
