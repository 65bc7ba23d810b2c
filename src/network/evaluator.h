/*
 * Evaluation: what the present weights make of samples, for the trainer and for predictions. Blocks of rows
 * run through all layers in a thread's own buffers; nothing of a sample is kept but what was asked for.
 */
#ifndef TP_EVALUATOR_H
#define TP_EVALUATOR_H

#include <stdatomic.h>

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"

/* What any number of threads share. */
struct tp_evaluator {
    const struct tp_tier *tier;
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t rows; /* of a block, at most */
};

/* A thread's buffers, in panel format; a block of fewer rows has a smaller stride. */
struct tp_evaluator_buffers {
    float *inputs;
    float *outputs[2]; /* of odd and of even layers */
};

/* What is known of samples; NULL where it is not wanted. */
struct tp_predictions {
    float *loss;          /* [samples], of the true class */
    uint16_t *predicted;  /* [samples], the most probable class, the lowest of several */
    float *probabilities; /* [samples][classes] */
};

/* Takes a thread's buffers from an arena, which may be one that measures. */
void tp_evaluator_layout(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                         struct tp_arena *arena);

/*
 * One thread's share of the samples. All who take part give the same *next_block, 0 before the first begins:
 * they take blocks as they get to them, and who computes a row does not change it. Labels are read where
 * losses are wanted.
 */
void tp_evaluator_run(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                      const struct tp_dataset *dataset, const struct tp_predictions *to,
                      atomic_size_t *next_block);

/*
 * The first layer, counted from 1, whose outputs for any sample hold a value that is not finite; 0 when all
 * are finite. One thread's work.
 */
size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator,
                                    const struct tp_evaluator_buffers *buffers,
                                    const struct tp_dataset *dataset);

#endif
