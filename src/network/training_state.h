/*
 * The state of a run between two steps. With the weights and the optimizer state it determines the rest of
 * the run: random numbers are drawn by counter, so the step count gives their position.
 */
#pragma once

#include <math.h>
#include <stddef.h>

#include "data/dataset.h"
#include "network/network.h"

struct tp_training_state {
    size_t steps;                    /* done */
    double beta1_power, beta2_power; /* adam: beta^steps, a running product */
    struct tp_metrics best;          /* lowest validation loss so far; the first evaluation follows step 0 */
    size_t best_step;                /* the step it followed, counted from 0 */
    size_t evaluations_since_best;
    double loss;                               /* of the last step's batch */
    double gradient_norms[TP_LAYERS_MAX];      /* of the last step that was measured */
    tileprop_activity activity[TP_LAYERS_MAX]; /* likewise, of the hidden layers */
    bool evaluation_due;                       /* a stop came before an evaluation that was due */
    tileprop_stop ended;                       /* why an evaluation ended the run; TILEPROP_STOP_EPOCHS: not ended */
    double seconds;                            /* counted by --max-seconds; includes the next two */
    double seconds_training, seconds_evaluation;
};

/* The state before the first step. */
static inline struct tp_training_state tp_training_state_begin(void)
{
    return (struct tp_training_state){.beta1_power = 1, .beta2_power = 1, .best.loss = INFINITY};
}
