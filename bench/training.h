/*
 * Steps and evaluations of the real trainer, timed from outside, on made-up samples: a step takes as long
 * whatever it learns.
 */
#pragma once

#include "data/dataset.h"
#include "kernels/kernels.h"
#include "tileprop/tileprop.h"

struct bench_training {
    const struct tp_tier *tier;
    size_t layers[TILEPROP_HIDDEN_MAX + 2]; /* widths: features, hidden layers, classes */
    size_t layer_count;
    size_t batch, threads;
    tileprop_activation activation;
    tileprop_optimizer optimizer;
};

/* What one run gives. */
struct bench_training_times {
    double step;                         /* seconds, median over the run's steps */
    double evaluation;                   /* seconds of one sample in the evaluation between them */
    double step_flops, evaluation_flops; /* of one step, of one sample */
    uint64_t hash;                       /* of the trained weights */
};

/* tp_dataset_free() it afterwards. Errors: TILEPROP_FAILURE without memory. */
tileprop_status bench_samples(size_t features, size_t classes, size_t count, struct tp_dataset *dataset,
                              struct tp_error *error);

/* A reasonable number of steps for one run, at least 2: what takes some 20 ms at a fast machine's rate. */
size_t bench_training_steps(const struct bench_training *training);

/*
 * Trains for `steps` + 1 steps, the first of which has no beginning that could be seen, and evaluates on
 * some of the same samples, of which there must be as many as these steps take.
 * Errors: those of tp_train().
 */
tileprop_status bench_train(const struct bench_training *training, size_t steps,
                            const struct tp_dataset *samples, struct bench_training_times *times,
                            struct tp_error *error);
