/*
 * Decisions that the ranks of a run share, so that all do the same. Member 0 of each rank calls these functions, in the
 * same order on all ranks. They do nothing for a single process.
 */
#pragma once

#include "train/setup.h"

/*
 * Shares rank 0's decision about the current step, once the losses of its batch are known: its mean loss, whether the
 * run pauses after it, and whether it is abandoned.
 */
void tp_agree_on_step(struct tp_trainer *trainer);

/* The outcome of an evaluation on rank 0, for all ranks. */
struct tp_verdict {
    struct tp_metrics metrics;
    bool stopped;   /* some rank was asked to stop */
    size_t differs; /* a rank whose weights differ from rank 0's; 0: none */
};

/*
 * Gathers each rank's predictions for its share of a data set, and compares all ranks' weights. stopped: this rank's
 * evaluation was ended early.
 */
struct tp_verdict tp_agree_on_evaluation(struct tp_trainer *trainer, const struct tp_dataset *dataset, bool stopped);

/* On rank 0: the lowest layer, counted from 1, that any rank passed; 0: none. */
size_t tp_agree_on_layer(struct tp_trainer *trainer, size_t layer);
