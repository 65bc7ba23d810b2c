/*
 * A checkpoint: everything that a run needs to resume, in one file. It is the model of its weights (model.h) with these
 * additional tensors
 *
 *     run.state0.layers.N.weight, .bias    the optimizer's state, shaped like the weights
 *     run.state1.layers.N.weight, .bias    likewise, if the optimizer has two arrays of state
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
 *                          likewise, one norm per layer; only if an evaluation after the last step is still due
 *     run.class_weights, run.validation, run.test, run.init_from
 *                          fingerprints
 */
#pragma once

#include "model/model.h"
#include "network/training_state.h"

#define TP_STATES_MAX 2

struct tp_checkpoint {
    struct tp_model model; /* includes numerics version, options and the training set's fingerprint */
    struct tp_training_state state;
    size_t state_count;
    struct tp_weights states[TP_STATES_MAX];
    struct tp_weights best; /* no layers: the run does not save them */
    void *history;          /* [history_size], owned; NULL: none */
    size_t history_size;
    uint64_t class_weights, validation, test; /* fingerprints; 0: none */
    uint64_t init_from;                       /* likewise, of the path */
};

/*
 * Reads a checkpoint from a file's bytes, which it takes over. Beyond what tp_model_parse() allocates, it allocates as
 * much again as the tensors' size.
 * Errors: those of tp_model_parse(); TILEPROP_BAD_INPUT also for a model that is not a checkpoint, for state whose
 * shape is not that of the weights, and for counts that no run can have. On error *checkpoint is empty.
 */
tileprop_status tp_checkpoint_parse(struct tp_checkpoint *checkpoint, struct tp_file *file, struct tp_error *error);

/* Writes a checkpoint. tp_safe_file_commit() reports failed writes. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_checkpoint_write(const struct tp_checkpoint *checkpoint, struct tp_safe_file *out,
                                    struct tp_error *error);

void tp_checkpoint_free(struct tp_checkpoint *checkpoint);
