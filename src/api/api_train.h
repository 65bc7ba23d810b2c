/*
 * What a training run and a trainer (api_trainer.c) have in common: options, data, initial weights, and the description
 * stored in the resulting models.
 */
#pragma once

#include "api/api.h"

/* Large: do not put it on a small stack. */
struct tp_api_training {
    tileprop_options options; /* completed, and resolved once the data are known */
    tileprop_run_options run;
    struct tp_set train, validation, test; /* test: count 0 without */
    struct tp_model start;                 /* that of init_from */
    const struct tp_model *origin;         /* of the weights that the run begins with; NULL: random ones, bare layers */
    bool writes_checkpoints;
    struct tp_snapshots snapshots;
    struct tp_training work;
    tileprop_result found;
};

/* Reads the file of initial weights, if one is to be read. Errors: those of tp_model_read(). */
tileprop_status tp_api_train_read_start(struct tp_api_training *training, struct tp_error *error);

/*
 * Takes the training data, after reading the initial weights: their offsets apply even if the normalization is fitted
 * anew. Errors: as tp_model_read() and tp_set_take().
 */
tileprop_status tp_api_train_take(struct tp_api_training *training, const char *name, const tileprop_data *data,
                                  struct tp_error *error);

/* Checks what models and losses need of the classes that are trained on. Errors: TILEPROP_BAD_INPUT, TILEPROP_USAGE. */
tileprop_status tp_api_train_check_classes(const struct tp_set *train, struct tp_error *error);

/*
 * Everything up to the training itself, for data that have been taken: options, initial weights, and memory for the
 * models that are wanted.
 * Errors: those of tileprop_train().
 */
tileprop_status tp_api_train_prepare(struct tp_api_training *training, bool last, bool best, struct tp_error *error);

/* Fills in the description of a model whose weights are already set. */
void tp_api_train_describe(struct tp_model *model, const struct tp_normalization *normalization, size_t step,
                           const struct tp_metrics *validation);

void tp_api_train_free(struct tp_api_training *training);
