#include "train_data.h"

#include <stdio.h>

#include "data_path.h"

static enum tp_status find_directory(struct tp_train_data *data, const char *asked, struct tp_error *error)
{
    if (!asked)
        return tp_data_path_find(TP_INSTALLED_DATA, data->directory, sizeof data->directory, error);
    if (snprintf(data->directory, sizeof data->directory, "%s", asked) >= (int)sizeof data->directory)
        return tp_fail(error, TP_BAD_INPUT, "--data: expected a path of less than %d bytes", PATH_MAX);
    return TP_OK;
}

static void limit(struct tp_dataset *dataset, size_t count)
{
    if (count && dataset->count > count)
        dataset->count = count;
}

/* The training samples are limited here too: those that follow them are still there. */
static enum tp_status hold_out(struct tp_train_data *data, const struct tp_train_command *command,
                               struct tp_error *error)
{
    struct tp_dataset *train = &data->train, *test = &data->test;
    const size_t held = command->test_holdout, found = train->count;
    if (held && held >= found)
        return tp_fail(error, TP_USAGE, "--test-holdout: %zu of %zu samples leaves none to train on", held,
                       found);
    limit(train, command->train_limit);
    limit(train, found - held);
    if (held) {
        *test = *train;
        test->samples = (unsigned char *)train->samples + train->count * tp_dataset_sample_size(train);
        test->labels = train->labels + train->count;
        test->count = held;
    }
    return TP_OK;
}

enum tp_status tp_train_data_load(struct tp_train_data *data, const struct tp_train_command *command,
                                  struct tp_error *error)
{
    struct tp_dataset *train = &data->train, *validation = &data->validation;
    *data = (struct tp_train_data){0};

    enum tp_status status = find_directory(data, command->data, error);
    if (status == TP_OK)
        status = tp_dataset_load_idx(data->directory, "train", train, error);
    if (status == TP_OK)
        status = command->val_split > 0 ? tp_dataset_split(train, command->val_split, validation, error)
                                        : tp_dataset_load_idx(data->directory, "t10k", validation, error);
    if (status != TP_OK)
        return status;
    if (validation->features != train->features || validation->classes > train->classes)
        return tp_fail(
            error, TP_BAD_INPUT,
            "%s: found %zu inputs and %zu classes in the t10k files, expected %zu and at most %zu, "
            "as in the train files",
            data->directory, validation->features, validation->classes, train->features, train->classes);
    limit(validation, command->val_limit);
    return hold_out(data, command, error);
}

void tp_train_data_free(struct tp_train_data *data)
{
    tp_dataset_free(&data->train);
    tp_dataset_free(&data->validation);
}
