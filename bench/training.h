/*
 * Steps, evaluations and set-up of the real trainer, timed from outside, on made-up samples: a step takes as
 * long whatever it learns.
 */
#pragma once

#include "data/dataset.h"
#include "paired.h"
#include "tileprop/tileprop.h"

#define BENCH_LAYERS_MAX (TILEPROP_HIDDEN_MAX + 2) /* sizes */
#define BENCH_EVALUATED  2048                      /* samples of one evaluation */

struct bench_network {
    const struct tp_tier *tier;
    size_t sizes[BENCH_LAYERS_MAX]; /* features, hidden layers, classes */
    size_t size_count;
    size_t batch, threads;
};

/* A network to be trained with the trainer's defaults: improved sigmoid, momentum. */
struct bench_training {
    struct bench_network network;
    struct tp_dataset samples;
    size_t steps; /* of one run, at most */
};

/* Inputs of a layer, from 0, the constant 1 of the first layer's bias among them. */
size_t bench_inputs(const struct bench_network *network, size_t layer);

/* 2 rows x inputs x units for each product; of a step, and of the evaluation of one sample. */
double bench_step_flops(const struct bench_network *network);
double bench_sample_flops(const struct bench_network *network);

/*
 * Makes the samples; bench_training_destroy() them afterwards, on error too.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status bench_training_create(struct bench_training *training, const struct bench_network *network,
                                      struct tp_error *error);
void bench_training_destroy(struct bench_training *training);

/*
 * Whether the tier trains the weights that the reference tier trains, in two steps.
 * Errors: TILEPROP_FAILURE if it does not; those of tp_train().
 */
tileprop_status bench_training_verify(const struct bench_training *training, struct tp_error *error);

/*
 * The context is a struct bench_training: steps, evaluations of BENCH_EVALUATED samples, and what comes
 * before the first step of a run that chooses its threads. Errors: those of tp_train().
 */
bench_run_fn bench_run_steps, bench_run_evaluations, bench_run_setups;
