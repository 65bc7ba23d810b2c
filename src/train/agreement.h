/*
 * What the ranks of a run agree on, so that all do the same. Member 0 of each rank calls these functions, in the same
 * order on all ranks. They do nothing for a single process.
 */
#pragma once

#include "train/setup.h"

/*
 * Rank 0's decision about the step under way, after the losses of its batch: its mean loss, whether the run pauses
 * after it, and whether it is abandoned.
 */
void tp_agree_on_step(struct tp_trainer *trainer);

/* The outcome of an evaluation on rank 0, for all ranks. */
struct tp_verdict {
    struct tp_metrics metrics;
    bool stopped;   /* some rank was asked to stop */
    size_t differs; /* a rank whose weights are not those of rank 0; 0: none */
};

/*
 * Gathers the predictions that each rank made of its share of a data set, and compares all ranks' weights. stopped:
 * this rank's evaluation was ended.
 */
struct tp_verdict tp_agree_on_evaluation(struct tp_trainer *trainer, const struct tp_dataset *dataset, bool stopped);

/* The lowest of all ranks' layers, counted from 1, on rank 0; 0: there is none. */
size_t tp_agree_on_layer(struct tp_trainer *trainer, size_t layer);
