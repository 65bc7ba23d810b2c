/*
 * The data sets of a run of `train`, as its command line asks for them.
 */
#ifndef TP_TRAIN_DATA_H
#define TP_TRAIN_DATA_H

#include <limits.h>

#include "dataset.h"
#include "status.h"
#include "train_command.h"

struct tp_train_data {
    char directory[PATH_MAX];
    struct tp_dataset train, validation;
    struct tp_dataset test; /* --test-holdout: part of what train owns; count 0: none */
};

/*
 * Loads the sets from --data, else from the shipped data's place; splits off validation, limits them, and
 * holds out the test samples, which follow the training samples.
 * tp_train_data_free() them afterwards, on error too.
 * Errors: TP_USAGE if the held out samples leave none to train on; as tp_data_path_find(),
 * tp_dataset_load_idx() and tp_dataset_split(); TP_BAD_INPUT if the sets do not fit each other.
 */
enum tp_status tp_train_data_load(struct tp_train_data *data, const struct tp_train_command *command,
                                  struct tp_error *error);

void tp_train_data_free(struct tp_train_data *data);

#endif
