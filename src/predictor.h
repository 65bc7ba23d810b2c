/*
 * A model at work: classes, losses and probabilities of samples, as the trainer's evaluations compute them.
 */
#ifndef TP_PREDICTOR_H
#define TP_PREDICTOR_H

#include <stdint.h>

#include "dataset.h"
#include "model.h"

struct tp_predictor;

/* What is known of samples; arrays of the caller's. */
struct tp_predictions {
    float *loss;          /* [samples], of the true class */
    uint16_t *predicted;  /* [samples] */
    float *probabilities; /* [samples][classes]; NULL: not wanted */
};

/*
 * Prepares a described model, which must outlive the predictor, for the tier called isa and so many threads.
 * Errors: TP_USAGE for a tier that is not here, TP_FAILURE without memory or threads. On error *predictor is
 * NULL.
 */
enum tp_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model,
                                   const char *isa, size_t threads, struct tp_error *error);

void tp_predictor_free(struct tp_predictor *predictor);

/*
 * Predicts all samples, which have the model's inputs and labels below its number of classes. No result
 * depends on the number of threads or on the tier.
 * Errors: TP_FAILURE without threads.
 */
enum tp_status tp_predictor_run(struct tp_predictor *predictor, const struct tp_dataset *samples,
                                const struct tp_predictions *predictions, struct tp_error *error);

/*
 * tp_network_hash of the weights.
 * Errors: TP_FAILURE without memory.
 */
enum tp_status tp_predictor_hash(const struct tp_predictor *predictor, uint64_t *hash,
                                 struct tp_error *error);

/* Weights and biases. */
size_t tp_predictor_parameters(const struct tp_predictor *predictor);

#endif
