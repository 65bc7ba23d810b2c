/* The samples that a command line of `predict` asks for. */
#pragma once

#include <limits.h>

#include "cli/predict_command.h"
#include "data/dataset.h"
#include "readers/notes.h"
#include "tileprop/tileprop.h"

struct tp_predict_data {
    char place[PATH_MAX];
    struct tp_schema schema; /* the model's */
    struct tp_dataset set;   /* labels are all 0 where there are none */
    bool labelled;
    struct tp_notes notes;
    size_t side; /* side of the square images that the samples may be; 0: not images */
};

/*
 * Loads them. tp_predict_data_free() them afterwards, on error too.
 * Errors: TILEPROP_USAGE for options of files beside a directory; as tp_data_path_find(),
 * tp_idx_load(), tp_idx_parse(), tp_data_loader_read() and tp_image_read(); TILEPROP_BAD_INPUT if
 * they do not fit each other or the model.
 */
tileprop_status tp_predict_data_load(struct tp_predict_data *data, const struct tp_predict_command *command,
                                     const tileprop_model *model, struct tp_error *error);

void tp_predict_data_free(struct tp_predict_data *data);
