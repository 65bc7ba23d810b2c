/*
 * A checkpoint: all that a run needs to go on, in a file. It is the model of its weights (model.h) with these
 * tensors besides
 *
 *     run.state0.layers.N.weight, .bias    the optimizer's state, shaped as the weights
 *     run.state1.layers.N.weight, .bias    likewise, if it has two arrays of it
 *     run.best.layers.N.weight, .bias      the weights of the best evaluation, if they are to be saved
 *     run.history                          U8: the history of the run so far, if one is written
 *
 * and these texts
 *
 *     run.steps, run.beta1_power, run.beta2_power, run.best_loss, run.best_accuracy, run.best_samples,
 *     run.best_step, run.evaluations_since_best, run.ended, run.seconds, run.seconds_training,
 *     run.seconds_evaluation
 *                          tp_training_state; run.ended is one of tp_final_stop_choices; run.best_samples is 0
 *                          before the first evaluation
 *     run.loss, run.layers
 *                          likewise, one norm per layer; only where an evaluation after the last step is due
 *     run.class_weights, run.validation, run.test, run.init_from
 *                          fingerprints
 */
#pragma once

#include "model/model.h"
#include "network/training_state.h"

#define TP_STATES_MAX 2

struct tp_checkpoint {
    struct tp_model model; /* numerics version, options and the training set's fingerprint are among it */
    struct tp_training_state state;
    size_t state_count;
    struct tp_weights states[TP_STATES_MAX];
    struct tp_weights best; /* no layers: they were not to be saved */
    void *history;          /* [history_size], owned; NULL: none */
    size_t history_size;
    uint64_t class_weights, validation, test; /* fingerprints; 0: without */
    uint64_t init_from;                       /* likewise, of the path */
};

/*
 * Reads a checkpoint from a file's bytes, which it takes over. Besides what tp_model_parse allocates, that is
 * as much again as the tensors have.
 * Errors: as tp_model_parse; TILEPROP_BAD_INPUT too for a model that is no checkpoint, state of another shape
 * than the weights, counts that no run can have. On error *checkpoint is empty.
 */
tileprop_status tp_checkpoint_parse(struct tp_checkpoint *checkpoint, struct tp_file *file, struct tp_error *error);

/*
 * Writes a checkpoint. What cannot be written is left to tp_safe_file_commit().
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_checkpoint_write(const struct tp_checkpoint *checkpoint, struct tp_safe_file *out,
                                    struct tp_error *error);

void tp_checkpoint_free(struct tp_checkpoint *checkpoint);
