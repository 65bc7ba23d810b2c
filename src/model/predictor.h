/* A model ready to predict: classes, losses and probabilities of samples, computed as in the trainer's evaluations. */
#pragma once

#include "data/dataset.h"
#include "model/model.h"
#include "network/evaluator.h"

struct tp_predictor;

/*
 * Prepares a described model, which must outlive the predictor, for the tier named isa.
 * Errors: TILEPROP_USAGE for a tier that this CPU or build lacks, TILEPROP_FAILURE if out of memory. On error
 * *predictor is NULL.
 */
tileprop_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model, const char *isa,
                                    struct tp_error *error);

void tp_predictor_free(struct tp_predictor *predictor);

/*
 * Predicts all samples, which have the model's inputs and, if losses are wanted, labels below its number of classes, on
 * a team of `threads` threads, or of as many as there are blocks of rows if these are fewer. With 1 thread it runs in
 * the calling thread, allocates nothing and cannot fail. Any number of threads may call it concurrently. No result
 * depends on the number of threads or the tier. Errors: TILEPROP_FAILURE if the threads cannot be created.
 */
tileprop_status tp_predictor_run(const struct tp_predictor *predictor, size_t threads, const struct tp_dataset *samples,
                                 const struct tp_predictions *predictions, struct tp_error *error);

/* Reloads the model's weights. No prediction may be in progress. */
void tp_predictor_reload(struct tp_predictor *predictor);

/* The network with the model's weights, as long as the predictor lives. */
const struct tp_network *tp_predictor_network(const struct tp_predictor *predictor);
