/*
 * --save and --save-best: opens the files before any work is done, sets the descriptions that models keep, and writes
 * the models when the run has ended.
 */
#pragma once

#include "base/safe_file.h"
#include "cli/train_command.h"
#include "data/schema.h"

/* One of the two files. */
struct tp_saved {
    const char *path; /* NULL: not wanted */
    struct tp_safe_file file;
    tileprop_model *model; /* filled by the run; owned; NULL: no such weights */
    bool written;
    size_t step;
    double loss, accuracy; /* of the validation set */
};

struct tp_model_writer {
    const struct tp_train_command *command;
    struct tp_saved last, best;
    char *options, *schema; /* texts of models; owned, NULL: none */
};

/* Opens the files that the command names. Errors: as tp_safe_file_open. The writer may be discarded either way. */
tileprop_status tp_model_writer_open(struct tp_model_writer *writer, const struct tp_train_command *command,
                                     struct tp_error *error);

/*
 * Sets the descriptions that models and checkpoints of data with this schema (NULL: none) keep in the data and the run;
 * schema and writer must outlive both. Does nothing if the command saves and resumes nothing. Errors:
 * TILEPROP_BAD_INPUT for names that are not UTF-8; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_writer_prepare(struct tp_model_writer *writer, const struct tp_schema *schema,
                                        tileprop_data *data, tileprop_run_options *run, struct tp_error *error);

/*
 * Writes the files for which there are models. Errors: TILEPROP_FAILURE if one could not be written; the previous file
 * then remains.
 */
tileprop_status tp_model_writer_finish(struct tp_model_writer *writer, const tileprop_result *result,
                                       struct tp_error *error);

/* Frees the models and removes files that are not finished. */
void tp_model_writer_discard(struct tp_model_writer *writer);
