/* The data sets of a run of `train`, as its command line asks for them. */
#pragma once

#include <limits.h>

#include "base/status.h"
#include "cli/train_command.h"
#include "data/dataset.h"
#include "readers/notes.h"

struct tp_train_data {
    char directory[PATH_MAX]; /* or the file */
    struct tp_dataset train, validation;
    bool is_part;           /* validation is part of what train owns, as test is */
    bool is_shared;         /* names, and samples that no seed orders, are those of another one */
    struct tp_dataset test; /* --test-holdout; count 0: none */

    /* Of --data that is a file. */
    struct tp_schema schema;
    size_t rows; /* of the file, all in train's memory; 0: it is a directory */
    struct tp_notes notes;

    float *class_weights; /* [classes]; NULL: none */
    double guess;         /* the training set's loss, nats per sample, if classes are guessed by their shares */
};

/*
 * Loads the sets from --data, else from the shipped data; splits off validation, limits them, and holds out the test
 * samples, which follow the training samples. The rows of a table are shuffled by the seed, because tables are often
 * sorted by class. start (NULL: none): the model, read from path, with the initial weights; a file's columns and
 * classes are matched by its names, and missing values are imputed as in it. Call tp_train_data_free() afterwards, on
 * error too. Errors: TILEPROP_USAGE if the held out samples leave none to train on, and for options of tables with a
 * directory; those of tp_data_path_find(), tp_idx_load(), tp_dataset_tail(), tp_data_loader_read() and
 * tp_dataset_split_stratified(); TILEPROP_BAD_INPUT for a file with a single class and for sets that do not fit each
 * other.
 */
tileprop_status tp_train_data_load(struct tp_train_data *data, const struct tp_train_command *command,
                                   const tileprop_model *start, const char *path, struct tp_error *error);

/* A part of the samples of a file to validate on, in cross-validation. */
struct tp_fold {
    size_t index, count; /* count 0: there is none */
};

/*
 * The parts of tp_train_data_load(), for runs with several seeds or folds. hold_out: sets aside about as many test
 * samples of a file as the command says, stratified and drawn with its seed, so that no run trains or validates on
 * them. share: uses samples already read, to split them again, without the test samples; free it before `from`, which
 * owns its schema and notes.
 */
tileprop_status tp_train_data_read(struct tp_train_data *data, const struct tp_train_command *command,
                                   const tileprop_model *start, const char *path, struct tp_error *error);
tileprop_status tp_train_data_share(struct tp_train_data *data, const struct tp_train_data *from,
                                    struct tp_error *error);
tileprop_status tp_train_data_hold_out(struct tp_train_data *data, const struct tp_train_command *command,
                                       struct tp_error *error);
tileprop_status tp_train_data_split(struct tp_train_data *data, const struct tp_train_command *command,
                                    const struct tp_fold *fold, struct tp_error *error);

/* Samples of a set as the library takes them, named so in messages (NULL: as the library calls them). */
tileprop_data tp_train_data_of(const struct tp_dataset *set, size_t begin, size_t count, const char *name);

/*
 * After a loss that was not finite: replaces the error by one that names the largest normalized value of all sets, if
 * that value explains it. normalize: as the options say.
 */
void tp_train_data_blame(const struct tp_train_data *data, const char *val_data, int normalize, struct tp_error *error);

/* The type whose defaults hold, whatever form the samples have in memory. */
tileprop_type tp_train_data_type(const struct tp_train_data *data);

void tp_train_data_free(struct tp_train_data *data);
