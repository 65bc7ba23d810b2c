/*
 * Evaluation: loss and accuracy of the present weights over a data set. Blocks of rows run through all layers
 * in a member's own buffers; nothing of a sample is kept but its loss and the class predicted.
 */
#ifndef TP_EVALUATE_H
#define TP_EVALUATE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "data/dataset.h"
#include "data/metrics.h"
#include "network/network.h"
#include "network/plan.h"

/* What the team shares. */
struct tp_evaluator {
    const struct tp_tier *tier;
    const struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    float *loss;              /* [samples of the largest data set] */
    uint16_t *predicted;      /* the same */
    atomic_size_t next_block; /* the first block that no member has taken yet */
};

/* A member's buffers, for evaluation_rows in panel format; a block of fewer has a smaller stride. */
struct tp_evaluator_member {
    float *inputs;
    float *outputs[2]; /* of odd and of even layers */
};

size_t tp_evaluator_member_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total);
void tp_evaluator_member_place(const struct tp_evaluator *evaluator, struct tp_evaluator_member *member,
                               struct tp_arena *arena);

/*
 * Logits of samples [begin, begin + rows), at most a block of them, in panel format with stride rows * 16.
 * They are in outputs[(layers - 1) % 2]; the other one is free.
 */
float *tp_evaluator_logits(const struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                           const struct tp_dataset *dataset, size_t begin, size_t rows);

/*
 * Called by every member after a barrier. When it returns, after one more, loss and predicted hold every
 * sample. Members take blocks as they get to them: who computes a row does not change it.
 */
void tp_evaluator_run(struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                      const struct tp_dataset *dataset);

/*
 * The first layer, counted from 1, whose outputs for any sample hold a value that is not finite; 0 when all
 * are finite. One member's work.
 */
size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator,
                                    const struct tp_evaluator_member *member,
                                    const struct tp_dataset *dataset);

#endif
