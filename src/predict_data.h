/*
 * The samples that a command line of `predict` asks for.
 */
#ifndef TP_PREDICT_DATA_H
#define TP_PREDICT_DATA_H

#include <limits.h>

#include "dataset.h"
#include "model.h"
#include "predict_command.h"

struct tp_predict_data {
    char place[PATH_MAX];
    struct tp_dataset set; /* labels are all 0 where there are none */
    bool labelled;
};

/*
 * Loads them. tp_predict_data_free() them afterwards, on error too.
 * Errors: TP_USAGE for --labels beside a directory; as tp_data_path_find(), tp_dataset_load_idx(),
 * tp_idx_read() and tp_image_read(); TP_BAD_INPUT if they do not fit each other or the model.
 */
enum tp_status tp_predict_data_load(struct tp_predict_data *data, const struct tp_predict_command *command,
                                    const struct tp_model *model, struct tp_error *error);

void tp_predict_data_free(struct tp_predict_data *data);

/* The side of the square images that so many values may be; 0 if they are none. */
size_t tp_predict_data_side(size_t features);

#endif
