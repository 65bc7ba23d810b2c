/*
 * Evaluation: runs samples through the current weights, for the trainer and for predictions. Blocks of rows
 * pass through all layers in per-thread buffers; only the requested predictions are kept.
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"

/* Shared by any number of threads. The network's first layer has a shift. */
struct tp_evaluator {
    const struct tp_tier *tier;
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t rows;          /* maximum per block */
    tileprop_zeros zeros; /* AUTO: each thread times its first blocks both ways and continues with the faster one */
    bool offset;          /* subtract the normalization's offsets from samples that do not have them subtracted */
    bool unchecked;       /* f32, f64 and csr samples may hold values that are not finite */
    const float *missing; /* [inputs] what replaces a NaN in such samples, normalized; NULL: NaN stays */
};

/* A thread's timing of blocks that multiply zeros, or of blocks that skip them. */
struct tp_evaluator_form {
    unsigned timed; /* blocks */
    double seconds; /* per row in the fastest of them */
};

/* A thread's buffers, in panel format; a block with fewer rows has a smaller stride. */
struct tp_evaluator_buffers {
    float *inputs;
    uint64_t *marks;                   /* NULL: no block skips zeros; the next three exist only with marks */
    float *tables;                     /* normalized values of bytes */
    const float **values;              /* each input's values, in tables */
    uint64_t *added;                   /* marks of inputs whose byte 0 becomes another value */
    float *sums;                       /* the first layer's sums of all panels, added up */
    float *joined;                     /* the first layer's weights without slices; NULL if large, or one slice */
    float *outputs[2];                 /* of odd and of even layers */
    struct tp_evaluator_form forms[2]; /* multiplying, skipping; kept from one evaluation to the next */

    /* Asked before each of the thread's blocks and after the last; true ends the
     * evaluation for all. NULL: never asked. */
    bool (*interrupted)(void *context);
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
 * Evaluates one thread's share of the samples. All threads pass the same *next_block, initially 0, from which each
 * takes its next block; which thread computes a row, and whether it skips zeros, does not change its bits. Labels are
 * read only if losses are requested. False: this thread ended the evaluation, and blocks are missing.
 */
bool tp_evaluator_run(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                      const struct tp_dataset *dataset, const struct tp_predictions *to, atomic_size_t *next_block);

/* Whether the thread's next block skips zeros, in an evaluation of this many samples. */
bool tp_evaluator_skips(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                        size_t samples);

/*
 * The first layer, counted from 1, with a non-finite output for any sample; 0 if all are finite. Runs in the
 * calling thread.
 */
size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                    const struct tp_dataset *dataset);
