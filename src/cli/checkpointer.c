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

tileprop_status tp_checkpointer_open(struct tp_checkpointer *checkpointer,
                                     const struct tp_train_command *command, struct tp_error *error)
{
    *checkpointer = (struct tp_checkpointer){.command = command};
    tileprop_status status =
        tp_safe_file_open(&checkpointer->file, "--checkpoint", command->checkpoint, error);
    /* Looked for when nobody else can write it any more. */
    checkpointer->source = find_source(command);
    if (status == TILEPROP_OK && checkpointer->source)
        status = tileprop_checkpoint_load(&checkpointer->from, checkpointer->source, error->text,
                                          sizeof error->text);
    return status;
}

bool tp_checkpointer_replaces(const struct tp_checkpointer *checkpointer)
{
    struct stat info;
    const char *path = checkpointer->command->checkpoint;
    return path && !checkpointer->source && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_size > 0;
}

/* Outputs that need what was before the checkpoint. */
static tileprop_status restore_outputs(struct tp_checkpointer *checkpointer, struct tp_error *error)
{
    size_t size;
    const void *content = tileprop_checkpoint_attachment(checkpointer->from, &size);
    if (checkpointer->command->save_best && !tileprop_checkpoint_has_best(checkpointer->from))
        return tp_fail(error, TILEPROP_USAGE,
                       "--save-best: %s has no best weights, expected a run that began with --save-best",
                       checkpointer->source);
    if (tp_history_option(checkpointer->history) && !content)
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: %s has no history, expected a run that began with --history or --plot",
                       tp_history_option(checkpointer->history), checkpointer->source);
    tp_history_restore(checkpointer->history, content, size);
    return TILEPROP_OK;
}

tileprop_status tp_checkpointer_prepare(struct tp_checkpointer *checkpointer, struct tp_history *history,
                                        tileprop_run_options *run, struct tp_error *error)
{
    checkpointer->history = history;
    if (!checkpointer->from)
        return TILEPROP_OK;
    run->resume = checkpointer->from;
    run->resume_inexact = checkpointer->command->resume_inexact;
    return restore_outputs(checkpointer, error);
}

void tp_checkpointer_started(struct tp_checkpointer *checkpointer, const tileprop_run *run)
{
    checkpointer->steps_per_epoch = run->steps_per_epoch;
    checkpointer->written = tp_clock_seconds();
}

bool tp_checkpointer_due(const struct tp_checkpointer *checkpointer, size_t step)
{
    const struct tp_interval *every = &checkpointer->command->checkpoint_interval;
    if (every->seconds > 0)
        return tp_clock_seconds() - checkpointer->written >= every->seconds;
    if (every->steps)
        return (step + 1) % every->steps == 0;
    return (step + 1) % checkpointer->steps_per_epoch == 0 &&
           (step + 1) / checkpointer->steps_per_epoch % every->epochs == 0;
}

/* To the open file, which holds what cannot be written for its commit. */
static tileprop_status write_state(struct tp_checkpointer *checkpointer, const tileprop_training_state *state,
                                   struct tp_error *error)
{
    struct tp_error found;
    void *history = NULL;
    size_t size = 0;
    tileprop_status status = TILEPROP_OK;
    if (tp_history_option(checkpointer->history))
        status = tp_history_content(checkpointer->history, &history, &size, error);
    if (status != TILEPROP_OK)
        return status;
    status = tileprop_checkpoint_write(state, checkpointer->file.file, history, size, found.text,
                                       sizeof found.text);
    if (ferror(checkpointer->file.file))
        checkpointer->file.error = errno;
    free(history);
    return status == TILEPROP_OK ? TILEPROP_OK
                                 : tp_fail(error, status, "--checkpoint: %s: %s; the checkpoint before stays",
                                           checkpointer->command->checkpoint, found.text);
}

static tileprop_status write_checkpoint(struct tp_checkpointer *checkpointer,
                                        const tileprop_training_state *state)
{
    const char *path = checkpointer->command->checkpoint;
    struct tp_error *error = &checkpointer->error;
    tileprop_status status = TILEPROP_OK;
    if (!checkpointer->file.file)
        status = tp_safe_file_open(&checkpointer->file, "--checkpoint", path, error);
    if (status == TILEPROP_OK)
        status = write_state(checkpointer, state, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&checkpointer->file, error);
    return status == TILEPROP_OK ? tp_safe_file_open(&checkpointer->file, "--checkpoint", path, error)
                                 : status;
}

void tp_checkpointer_checkpoint(struct tp_checkpointer *checkpointer, const tileprop_training_state *state)
{
    checkpointer->status = write_checkpoint(checkpointer, state);
    if (checkpointer->status != TILEPROP_OK)
        tp_safe_file_discard(&checkpointer->file); /* the next one begins anew */
    checkpointer->written = tp_clock_seconds();
}

tileprop_status tp_checkpointer_finish(const struct tp_checkpointer *checkpointer, struct tp_error *error)
{
    return checkpointer->status == TILEPROP_OK
               ? TILEPROP_OK
               : tp_fail(error, checkpointer->status, "%s", checkpointer->error.text);
}

void tp_checkpointer_discard(struct tp_checkpointer *checkpointer)
{
    tp_safe_file_discard(&checkpointer->file);
    tileprop_checkpoint_free(checkpointer->from);
}
