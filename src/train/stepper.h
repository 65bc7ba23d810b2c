/*
 * A trainer whose caller supplies the batch of each step and decides when to evaluate. Steps are bit-identical to those
 * of tp_train(). No team exists between calls.
 */
#pragma once

#include "data/dataset.h"
#include "network/training_state.h"
#include "network/weights.h"
#include "tileprop/tileprop.h"

struct tp_stepper;

/* What to train. It is copied, except for class_weights, which must outlive the stepper. */
struct tp_stepper_config {
    const tileprop_options *options; /* batch: most rows of a step; epochs, order and stops are ignored */
    tileprop_type type;
    size_t features, classes;
    const float *class_weights;                   /* [classes]; NULL: all 1 */
    const struct tp_normalization *normalization; /* of the inputs */
    double zeros;                                 /* fraction of the inputs that can be skipped; 0: unknown */
    const struct tp_weights *initial_weights;     /* of the network's shape; NULL: random */
    size_t pending_bytes;                         /* as in tp_training */
};

/* Errors: those of tp_train() for options and memory. On error *stepper is NULL. */
tileprop_status tp_stepper_create(struct tp_stepper **stepper, const struct tp_stepper_config *config,
                                  struct tp_error *error);

/*
 * One step on all samples of a batch, which has 1 to options->batch rows and the stepper's type, features and classes.
 * *loss: their mean cross-entropy before the step.
 * Errors: TILEPROP_FAILURE if threads cannot be created; TILEPROP_DIVERGED if the loss is not finite, as in tp_train().
 */
tileprop_status tp_stepper_step(struct tp_stepper *stepper, const struct tp_dataset *batch, double *loss,
                                struct tp_error *error);

/* Loss and accuracy over any number of samples. Errors: TILEPROP_FAILURE if out of memory or threads. */
tileprop_status tp_stepper_evaluate(struct tp_stepper *stepper, const struct tp_dataset *set,
                                    struct tp_metrics *metrics, struct tp_error *error);

/* The current weights and progress. */
const struct tp_network *tp_stepper_network(const struct tp_stepper *stepper);
const struct tp_normalization *tp_stepper_normalization(const struct tp_stepper *stepper);
const struct tp_training_state *tp_stepper_state(const struct tp_stepper *stepper);

/*
 * Resumes from a state, with normalization, weights and all the network's arrays of optimizer state, in its shape.
 * Errors: TILEPROP_FAILURE if threads cannot be created.
 */
tileprop_status tp_stepper_restore(struct tp_stepper *stepper, const struct tp_training_state *state,
                                   const struct tp_normalization *normalization, const struct tp_weights *weights,
                                   const struct tp_weights *states, struct tp_error *error);

void tp_stepper_free(struct tp_stepper *stepper);
