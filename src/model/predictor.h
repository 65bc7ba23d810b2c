/*
 * A model at work: classes, losses and probabilities of samples, as the trainer's evaluations compute them.
 */
#ifndef TP_PREDICTOR_H
#define TP_PREDICTOR_H

#include <stdint.h>

#include "data/dataset.h"
#include "model/model.h"
#include "network/evaluator.h"

struct tp_predictor;

/*
 * Prepares a described model, which must outlive the predictor, for the tier called isa.
 * Errors: TILEPROP_USAGE for a tier that is not here, TILEPROP_FAILURE without memory. On error *predictor is
 * NULL.
 */
tileprop_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model,
                                    const char *isa, struct tp_error *error);

void tp_predictor_free(struct tp_predictor *predictor);

/*
 * Predicts all samples, which have the model's inputs and, where losses are wanted, labels below its number
 * of classes. It allocates nothing. Any number of threads may do so at a time. No result depends on the tier.
 */
void tp_predictor_run(const struct tp_predictor *predictor, const struct tp_dataset *samples,
                      const struct tp_predictions *predictions);

/*
 * The same on a team of so many threads; no result depends on their number.
 * Errors: TILEPROP_FAILURE without threads.
 */
tileprop_status tp_predictor_run_team(const struct tp_predictor *predictor, size_t threads,
                                      const struct tp_dataset *samples,
                                      const struct tp_predictions *predictions, struct tp_error *error);

/*
 * tp_network_hash of the weights.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_predictor_hash(const struct tp_predictor *predictor, uint64_t *hash,
                                  struct tp_error *error);

/* Weights and biases. */
size_t tp_predictor_parameters(const struct tp_predictor *predictor);

#endif
