#include "cli/checkpointer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"

/* Fails for outputs that need what the checkpoint does not have. */
static tileprop_status begin_history(const struct tp_checkpointer *checkpointer, const char *source,
                                     struct tp_history *history, struct tp_error *error)
{
    const struct tp_train_command *command = checkpointer->command;
    const char *option = command->history ? "--history" : command->plot ? "--plot" : NULL;
    const void *content = NULL;
    size_t size = 0;
    if (source) {
        content = tileprop_checkpoint_attachment(checkpointer->from, &size);
        if (command->save_best && !tileprop_checkpoint_has_best(checkpointer->from))
            return tp_fail(error, TILEPROP_USAGE,
                           "--save-best: %s: expected best weights, found none: the run began without --save-best",
                           source);
        if (option && !content)
            return tp_fail(error, TILEPROP_USAGE,
                           "%s: %s: expected a history, found none: the run began without --history and --plot", option,
                           source);
    }
    history->option = option;
    history->path = command->history ? command->history : command->plot;
    tp_history_choose(history, &command->options);
    return option ? tp_history_begin(history, content, size, error) : TILEPROP_OK;
}

tileprop_status tp_checkpointer_open(struct tp_checkpointer *checkpointer, const struct tp_train_command *command,
                                     struct tp_history *history, struct tp_error *error)
{
    const char *path = command->checkpoint, *source = command->resume;
    struct stat info = {0};
    *checkpointer = (struct tp_checkpointer){.command = command};
    tileprop_status status = tp_safe_file_open(&checkpointer->file, "--checkpoint", path, error);
    /* Checked after the file is open, when no other program can write it. A file that cannot be read is not absent. */
    const bool absent = !path || (stat(path, &info) != 0 && errno == ENOENT);
    if (source && strcmp(source, "auto") == 0)
        source = absent ? NULL : path;
    checkpointer->replaces = !source && info.st_size > 0;
    if (status == TILEPROP_OK && source)
        status = tileprop_checkpoint_load(&checkpointer->from, source, error->text, sizeof error->text);
    return status == TILEPROP_OK ? begin_history(checkpointer, source, history, error) : status;
}

bool tp_checkpointer_due(const struct tp_checkpointer *checkpointer, size_t step, size_t steps_per_epoch)
{
    const struct tp_interval *every = &checkpointer->command->checkpoint_interval;
    if (every->seconds > 0)
        return tp_clock_seconds() - checkpointer->written >= every->seconds;
    return (step + 1) % (every->steps ? every->steps : every->epochs * steps_per_epoch) == 0;
}

/* Writes to the open file; its commit reports failures. */
static tileprop_status write_state(struct tp_checkpointer *checkpointer, struct tp_history *history,
                                   const tileprop_training_state *state, struct tp_error *error)
{
    struct tp_safe_file *safe = &checkpointer->file;
    const char *path = checkpointer->command->checkpoint;
    struct tp_error found;
    if (history->failed && !checkpointer->told) {
        checkpointer->told = true; /* histories of later checkpoints lack rows: the weights matter more */
        return tp_fail(error, TILEPROP_FAILURE,
                       "--checkpoint: %s: out of memory for the history; the previous checkpoint is kept", path);
    }
    const tileprop_status status =
        tileprop_checkpoint_write(state, safe->file, history->text, history->size, found.text, sizeof found.text);
    if (ferror(safe->file))
        safe->error = errno;
    return status == TILEPROP_OK
               ? tp_safe_file_commit(safe, error)
               : tp_fail(error, status, "--checkpoint: %s: %s; the previous checkpoint is kept", path, found.text);
}

tileprop_status tp_checkpointer_write(struct tp_checkpointer *checkpointer, struct tp_history *history,
                                      const tileprop_training_state *state, struct tp_error *error)
{
    const char *path = checkpointer->command->checkpoint;
    struct tp_safe_file *safe = &checkpointer->file;
    tileprop_status status = safe->file ? TILEPROP_OK : tp_safe_file_open(safe, "--checkpoint", path, error);
    if (status == TILEPROP_OK)
        status = write_state(checkpointer, history, state, error);
    if (status == TILEPROP_OK)
        tp_safe_file_open(safe, "--checkpoint", path, NULL); /* if that fails, the next checkpoint tries again */
    else
        tp_safe_file_discard(safe);
    checkpointer->written = tp_clock_seconds();
    return status;
}

void tp_checkpointer_discard(struct tp_checkpointer *checkpointer)
{
    tp_safe_file_discard(&checkpointer->file);
    tileprop_checkpoint_free(checkpointer->from);
}
