/*
 * Where a run stands between two steps: with the weights and the optimizer's state all that the rest of it
 * depends on. Orders and first weights are drawn by counter, so the number of steps says where they stand.
 */
#ifndef TP_PROGRESS_H
#define TP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "data/metrics.h"
#include "network/weights.h"
#include "train/train_options.h"

const char *tp_stop_name(tileprop_stop stop); /* "epochs", "early-stop", "accuracy", "loss", "time", ... */

struct tp_progress {
    size_t steps;                    /* done */
    double beta1_power, beta2_power; /* adam: beta^steps, a running product */
    struct tp_metrics best;          /* lowest validation loss so far; the first evaluation follows step 0 */
    size_t best_step;                /* the step before it, counted from 0 */
    size_t evaluations_since_best;
    tileprop_stop
        ended;      /* by what an evaluation found, whatever the epochs; TILEPROP_STOP_EPOCHS: it was not */
    double seconds; /* that --max-seconds counts; the next two are among them */
    double seconds_training, seconds_evaluation;
};

/* A run that goes on. */
struct tp_resumed {
    const struct tp_progress *progress;
    const struct tp_weights *weights;
    const struct tp_weights *states; /* [tp_optimizer_states], of the same shape */
};

/* Before the first step. */
struct tp_progress tp_progress_begin(void);

/* The rule of the step that begins; rate is the learning rate. */
struct tp_optimizer tp_progress_optimizer(struct tp_progress *progress,
                                          const struct tp_train_options *options, double rate);

/* Takes an evaluation behind the last step into account; true: it is the best so far. */
bool tp_progress_evaluated(struct tp_progress *progress, const struct tp_train_options *options,
                           const struct tp_metrics *validation);

#endif
