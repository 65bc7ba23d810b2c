/*
 * Evaluation: loss and accuracy of the present weights over a data set. Blocks of rows run through all layers
 * in a member's own buffers; nothing of a sample is kept but its loss and the class predicted.
 */
#ifndef TP_EVALUATE_H
#define TP_EVALUATE_H

#include <stdatomic.h>

#include "arena.h"
#include "dataset.h"
#include "network.h"
#include "plan.h"
#include "score.h"

/* What the team shares. */
struct tp_evaluator {
    const struct tp_tier *tier;
    const struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    float *loss;              /* [samples of the largest data set] */
    uint16_t *predicted;      /* the same */
    atomic_size_t next_block; /* the first block that no member has taken yet */

    /*
     * Called behind each block by whoever computed it, unless NULL: logits of `rows` samples from begin on,
     * in panel format, and a buffer of the same format that is free.
     */
    void (*seen)(void *context, const float *logits, float *room, size_t stride, size_t begin, size_t rows);
    void *context;
};

/* A member's buffers, panel format with stride evaluation_rows * 16. */
struct tp_evaluator_member {
    float *inputs;
    float *outputs[2]; /* of odd and of even layers */
};

size_t tp_evaluator_member_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total);
void tp_evaluator_member_place(const struct tp_evaluator *evaluator, struct tp_evaluator_member *member,
                               struct tp_arena *arena);

/*
 * Called by every member after a barrier. When it returns, after one more, loss and predicted hold every
 * sample. Members take blocks as they get to them: who computes a row does not change it.
 */
void tp_evaluator_run(struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                      const struct tp_dataset *dataset);

/* Mean loss, added in sample order in double, and accuracy, from what a run left of the samples. */
struct tp_score tp_score_of(const float *losses, const uint16_t *predicted, const struct tp_dataset *dataset);

/*
 * The first layer, counted from 1, whose outputs for any sample hold a value that is not finite; 0 when all
 * are finite. One member's work.
 */
size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator,
                                    const struct tp_evaluator_member *member,
                                    const struct tp_dataset *dataset);

#endif
