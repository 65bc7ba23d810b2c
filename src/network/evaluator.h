/*
 * Evaluation: runs samples through the current weights, for the trainer and for predictions. Blocks of rows
 * pass through all layers in per-thread buffers; only the requested predictions are kept.
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"

/* Shared by any number of threads. */
struct tp_evaluator {
    const struct tp_tier *tier;
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t rows;          /* maximum per block */
    bool offset;          /* samples may be whole values, from which the normalization's offsets are to be subtracted */
    bool unchecked;       /* f32, f64 and csr samples may hold values that are not finite */
    const float *missing; /* [inputs] what a NaN of such samples becomes, normalized; NULL: nothing */
};

/* A thread's buffers, in panel format; a block with fewer rows has a smaller stride. */
struct tp_evaluator_buffers {
    float *inputs;
    float *outputs[2]; /* of odd and of even layers */

    /* Asked before each of the thread's blocks and after the last; true ends the
     * evaluation for all. NULL: never asked. */
    bool (*unwanted)(void *context);
    void *context;
};

/* Outputs per sample; NULL if not needed. */
struct tp_predictions {
    float *loss;          /* [samples], of the true class */
    uint16_t *predicted;  /* [samples], the most probable class, the lowest on a tie; or TILEPROP_NO_CLASS */
    float *probabilities; /* [samples][classes] */
    float *logits;        /* [samples][classes] */
};

/* Takes a thread's buffers from an arena, which may be one that only measures. */
void tp_evaluator_layout(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                         struct tp_arena *arena);

/*
 * One thread's share of the samples. All threads pass the same *next_block, initially 0, from which each
 * takes its next block when it is done with one; which thread computes a row does not change its bits. Labels
 * are read only if losses are requested. False: this thread ended the evaluation, and blocks are missing.
 */
bool tp_evaluator_run(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                      const struct tp_dataset *dataset, const struct tp_predictions *to, atomic_size_t *next_block);

/*
 * The first layer, counted from 1, with a non-finite output for any sample; 0 if all are finite. Runs in the
 * calling thread.
 */
size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                    const struct tp_dataset *dataset);
