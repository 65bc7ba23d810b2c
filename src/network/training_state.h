/*
 * The state of a run between two steps. With the weights and the optimizer's state it is all that the rest of
 * the run depends on: random numbers are drawn by counter, so the number of steps gives their place.
 */
#ifndef TP_TRAINING_STATE_H
#define TP_TRAINING_STATE_H

#include <math.h>
#include <stddef.h>

#include "data/dataset.h"
#include "tileprop/choices.h"

struct tp_training_state {
    size_t steps;                    /* done */
    double beta1_power, beta2_power; /* adam: beta^steps, a running product */
    struct tp_metrics best;          /* lowest validation loss so far; the first evaluation follows step 0 */
    size_t best_step;                /* the step before it, counted from 0 */
    size_t evaluations_since_best;
    tileprop_stop ended; /* what an evaluation ended the run for; TILEPROP_STOP_EPOCHS: nothing yet */
    double seconds;      /* that --max-seconds counts; the next two are among them */
    double seconds_training, seconds_evaluation;
};

/* Before the first step. */
static inline struct tp_training_state tp_training_state_begin(void)
{
    return (struct tp_training_state){.beta1_power = 1, .beta2_power = 1, .best.loss = INFINITY};
}

#endif
