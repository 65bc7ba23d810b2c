/*
 * A model at work: classes, losses and probabilities of samples, as the trainer's evaluations compute them.
 */
#pragma once

#include "data/dataset.h"
#include "model/model.h"
#include "network/evaluator.h"

struct tp_predictor;

/*
 * Prepares a described model, which must outlive the predictor, for the tier called isa.
 * Errors: TILEPROP_USAGE for a tier that is not here, TILEPROP_FAILURE if out of memory. On error *predictor is
 * NULL.
 */
tileprop_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model, const char *isa,
                                    struct tp_error *error);

void tp_predictor_free(struct tp_predictor *predictor);

/*
 * Predicts all samples, which have the model's inputs and, where losses are wanted, labels below its number
 * of classes, on a team of so many threads, but no more than there are
 * blocks of rows; 1: the calling thread. It allocates nothing for one. Any number of threads may call it at a time. No
 * result depends on the number of threads or on the tier. Errors: TILEPROP_FAILURE without threads; never for one.
 */
tileprop_status tp_predictor_run(const struct tp_predictor *predictor, size_t threads, const struct tp_dataset *samples,
                                 const struct tp_predictions *predictions, struct tp_error *error);

/* Reloads the model's weights. No prediction may be in progress. */
void tp_predictor_reload(struct tp_predictor *predictor);

/* The network with the model's weights, as long as the predictor lives. */
const struct tp_network *tp_predictor_network(const struct tp_predictor *predictor);
