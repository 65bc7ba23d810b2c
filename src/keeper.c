#include "keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "clock.h"

/* The checkpoint to go on from; NULL: the run begins. One that is there and out of reach is not absent. */
static const char *find_source(const struct tp_train_command *command)
{
    struct stat info;
    if (!command->resume || strcmp(command->resume, "auto") != 0)
        return command->resume;
    return stat(command->checkpoint, &info) != 0 && errno == ENOENT ? NULL : command->checkpoint;
}

enum tp_status tp_keeper_open(struct tp_keeper *keeper, const struct tp_train_command *command,
                              struct tp_error *error)
{
    enum tp_status status = TP_OK;
    *keeper = (struct tp_keeper){.command = command};
    if (command->checkpoint)
        status = tp_safe_file_open(&keeper->file, "--checkpoint", command->checkpoint, error);
    /* Looked for when nobody else can write it any more. */
    const char *source = find_source(command);
    if (status == TP_OK && source)
        status = tp_checkpoint_read(&keeper->from, source, error);
    return status;
}

bool tp_keeper_resumes(const struct tp_keeper *keeper)
{
    return keeper->from.progress.steps > 0;
}

/* Ends the line and begins the next one; name and value of `name = value` stay as texts. */
static char *next_line(char *line, char **name, char **value)
{
    char *end = line + strcspn(line, "\n");
    char *rest = *end ? end + 1 : end;
    *end = '\0';
    char *sign = strstr(line, " = ");
    if (sign)
        *sign = '\0';
    *name = line;
    *value = sign ? sign + strlen(" = ") : end;
    return rest;
}

/* More epochs and more time make a run longer, not another one. */
static bool may_differ(const char *name)
{
    return strcmp(name, "epochs") == 0 || strcmp(name, "max-seconds") == 0;
}

/* Both texts are written from the same table of options, so they have the same lines in the same order. */
static enum tp_status compare_lines(char *found, char *expected, const char *path, struct tp_error *error)
{
    char *name, *value, *kept_name, *kept_value;
    while (*found && *expected) {
        found = next_line(found, &name, &value);
        expected = next_line(expected, &kept_name, &kept_value);
        if (strcmp(name, kept_name) != 0)
            break;
        if (strcmp(value, kept_value) != 0 && !may_differ(name))
            return tp_fail(error, TP_USAGE, "--%s: %s found, expected %s as in %s", name, value,
                           tp_show(kept_value, strlen(kept_value)).text, path);
    }
    if (*found || *expected)
        return tp_fail(
            error, TP_BAD_INPUT,
            "%s: __metadata__: options: other names found than this version has, expected the same", path);
    return TP_OK;
}

static enum tp_status check_options(const struct tp_keeper *keeper, const char *path, struct tp_error *error)
{
    char *found = strdup(keeper->saver->model.options), *expected = strdup(keeper->from.model.options);
    enum tp_status status = found && expected ? compare_lines(found, expected, path, error)
                                              : tp_fail(error, TP_FAILURE, "out of memory: options");
    free(found);
    free(expected);
    return status;
}

static enum tp_status check_data(const struct tp_keeper *keeper, const char *path, struct tp_error *error)
{
    const struct tp_checkpoint *from = &keeper->from, *next = &keeper->next;
    const struct {
        const char *what;
        uint64_t found, expected;
    } all[] = {{"--data: the training set", keeper->saver->model.fingerprint, from->model.fingerprint},
               {"--data: the validation set", next->validation, from->validation},
               {"--data: the test set", next->test, from->test},
               {"--class-weight: the set of weights", next->class_weights, from->class_weights},
               {"--init-from: the path", next->init_from, from->init_from}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].found != all[i].expected)
            return tp_fail(error, TP_USAGE,
                           "%s is another one than in %s: fingerprint %016" PRIx64
                           " found, expected %016" PRIx64,
                           all[i].what, path, all[i].found, all[i].expected);
    return TP_OK;
}

/* What a file that says it has the same options and data can still have wrong. */
static enum tp_status check_network(const struct tp_keeper *keeper, const char *path, struct tp_error *error)
{
    const struct tp_checkpoint *from = &keeper->from, *next = &keeper->next;
    if (!tp_weights_alike(&from->model.weights, &next->model.weights))
        return tp_fail(error, TP_BAD_INPUT,
                       "%s: layers: other ones found than its options describe, expected the same", path);
    if (from->state_count < next->state_count)
        return tp_fail(error, TP_BAD_INPUT,
                       "%s: %zu arrays of optimizer state found, expected %zu, as its optimizer has", path,
                       from->state_count, next->state_count);
    return TP_OK;
}

/* Outputs that need what was before the checkpoint. */
static enum tp_status restore_outputs(struct tp_keeper *keeper, const char *path, struct tp_saver *saver,
                                      struct tp_error *error)
{
    struct tp_checkpoint *from = &keeper->from;
    if (saver->best.path && !from->best.layer_count)
        return tp_fail(error, TP_USAGE,
                       "--save-best: %s has no best weights, expected a run that began with --save-best",
                       path);
    for (size_t i = 0; i < TP_HISTORIES; i++) {
        struct tp_history *history = keeper->histories[i];
        if (history->safe.file && !from->has_history)
            return tp_fail(error, TP_USAGE,
                           "%s: %s has no history, expected a run that began with --history or --plot",
                           history->safe.option, path);
        tp_history_restore(history, from->history, from->history_size);
    }
    if (saver->best.path)
        tp_saver_restore(saver, from);
    return TP_OK;
}

static enum tp_status resume(struct tp_keeper *keeper, struct tp_train_command *command,
                             struct tp_saver *saver, struct tp_error *error)
{
    const char *path = strcmp(command->resume, "auto") == 0 ? command->checkpoint : command->resume;
    const struct tp_checkpoint *from = &keeper->from;
    if (from->model.numerics != TP_NUMERICS_VERSION && !command->resume_inexact)
        return tp_fail(
            error, TP_BAD_INPUT,
            "%s: __metadata__: numerics_version: %" PRIu64
            " found, expected %d: the run would end with other bits; --resume-inexact accepts that",
            path, from->model.numerics, TP_NUMERICS_VERSION);
    enum tp_status status = check_options(keeper, path, error);
    if (status == TP_OK)
        status = check_data(keeper, path, error);
    if (status == TP_OK)
        status = check_network(keeper, path, error);
    if (status == TP_OK)
        status = restore_outputs(keeper, path, saver, error);
    keeper->resumed = (struct tp_resumed){&from->progress, &from->model.weights, from->states};
    command->options.resumed = &keeper->resumed;
    return status;
}

/* Room for a copy of the weights and of each array of state. */
static enum tp_status make_room(struct tp_keeper *keeper, const struct tp_dataset *train,
                                struct tp_error *error)
{
    struct tp_checkpoint *next = &keeper->next;
    struct tp_network network;
    enum tp_status status =
        tp_network_shape(&network, &keeper->command->options, train->features, train->classes, 1, error);
    if (status == TP_OK) {
        next->state_count = (size_t)network.states;
        tp_weights_shape(&next->model.weights, &network);
        for (size_t i = 0; i < next->state_count; i++)
            tp_weights_shape(&next->states[i], &network);
    }
    tp_network_free(&network);
    if (status == TP_OK && keeper->command->checkpoint) {
        status = tp_weights_allocate(&next->model.weights, error);
        for (size_t i = 0; i < next->state_count && status == TP_OK; i++)
            status = tp_weights_allocate(&next->states[i], error);
    }
    return status;
}

enum tp_status tp_keeper_prepare(struct tp_keeper *keeper, struct tp_train_command *command,
                                 const struct tp_train_data *data, struct tp_saver *saver,
                                 struct tp_history *history, struct tp_history *plotted,
                                 struct tp_error *error)
{
    struct tp_checkpoint *next = &keeper->next;
    if (!command->checkpoint && !tp_keeper_resumes(keeper))
        return TP_OK;
    keeper->saver = saver;
    keeper->histories[0] = history;
    keeper->histories[1] = plotted;
    if (data->train.class_weights)
        next->class_weights =
            XXH3_64bits(data->train.class_weights, data->train.classes * sizeof *data->train.class_weights);
    next->validation = tp_model_fingerprint(&data->validation);
    next->test = data->test.count ? tp_model_fingerprint(&data->test) : 0;
    /* Of the path and not of the file: --save may have written another one there, and it is not read again.
     */
    next->init_from = command->init_from ? XXH3_64bits(command->init_from, strlen(command->init_from))
                                         : keeper->from.init_from;
    enum tp_status status = make_room(keeper, &data->train, error);
    if (status == TP_OK && tp_keeper_resumes(keeper))
        status = resume(keeper, command, saver, error);
    return status;
}

void tp_keeper_started(struct tp_keeper *keeper, const struct tp_run *run)
{
    keeper->steps_per_epoch = run->steps_per_epoch;
    keeper->written = tp_clock_seconds();
}

bool tp_keeper_due(const struct tp_keeper *keeper, size_t step)
{
    const struct tp_interval *every = &keeper->command->checkpoint_interval;
    if (!keeper->command->checkpoint)
        return false;
    if (every->seconds > 0)
        return tp_clock_seconds() - keeper->written >= every->seconds;
    if (every->steps)
        return (step + 1) % every->steps == 0;
    return (step + 1) % keeper->steps_per_epoch == 0 &&
           (step + 1) / keeper->steps_per_epoch % every->epochs == 0;
}

static enum tp_status write_checkpoint(struct tp_keeper *keeper, const struct tp_checkpoint_shown *shown)
{
    struct tp_checkpoint all = keeper->next;
    const struct tp_weights weights = all.model.weights;
    struct tp_error *error = &keeper->error;
    tp_network_get(shown->network, &all.model.weights);
    bool finite = tp_weights_finite(&all.model.weights);
    for (size_t i = 0; i < all.state_count; i++) {
        tp_network_get_state(shown->network, (int)i, &all.states[i]);
        finite &= tp_weights_finite(&all.states[i]);
    }
    /* The next step will see that the run diverges, and then this would be all that is left. */
    if (!finite)
        return tp_fail(error, TP_FAILURE,
                       "--checkpoint: %s: weights or optimizer state that are not finite found, expected "
                       "finite ones; the checkpoint before stays",
                       keeper->command->checkpoint);
    all.model = keeper->saver->model;
    all.model.weights = weights;
    all.model.normalization = *shown->normalization;
    all.model.step = shown->progress->steps - 1;
    all.progress = *shown->progress;
    if (keeper->saver->best.filled)
        all.best = keeper->saver->best.weights;

    enum tp_status status = TP_OK;
    if (!keeper->file.file)
        status = tp_safe_file_open(&keeper->file, "--checkpoint", keeper->command->checkpoint, error);
    for (size_t i = 0; i < TP_HISTORIES && status == TP_OK && !all.has_history; i++) {
        all.has_history = keeper->histories[i]->safe.file != NULL;
        if (all.has_history)
            status = tp_history_content(keeper->histories[i], &all.history, &all.history_size, error);
    }
    if (status == TP_OK)
        status = tp_checkpoint_write(&all, &keeper->file, error);
    if (status == TP_OK)
        status = tp_safe_file_commit(&keeper->file, error);
    if (status == TP_OK)
        status = tp_safe_file_open(&keeper->file, "--checkpoint", keeper->command->checkpoint, error);
    free(all.history);
    return status;
}

void tp_keeper_checkpoint(struct tp_keeper *keeper, const struct tp_checkpoint_shown *shown)
{
    if (!keeper->command->checkpoint)
        return;
    keeper->status = write_checkpoint(keeper, shown);
    if (keeper->status != TP_OK)
        tp_safe_file_discard(&keeper->file); /* the next one begins anew */
    keeper->written = tp_clock_seconds();
}

enum tp_status tp_keeper_finish(const struct tp_keeper *keeper, struct tp_error *error)
{
    return keeper->status == TP_OK ? TP_OK : tp_fail(error, keeper->status, "%s", keeper->error.text);
}

void tp_keeper_discard(struct tp_keeper *keeper)
{
    tp_safe_file_discard(&keeper->file);
    tp_checkpoint_free(&keeper->from);
    tp_checkpoint_free(&keeper->next);
}
