/*
 * Workloads: what one build of bench times so that another build's times can be compared with it. Their names
 * and the JSON that they give must stay as they are from commit to commit.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "call.h"
#include "data/dataset.h"
#include "kernels/kernels.h"

/* Of every network whose steps are timed. */
#define BENCH_STEP_BATCH    32
#define BENCH_STEP_FEATURES 784
#define BENCH_STEP_CLASSES  10

/* A kernel's call, or, with hidden layers, whole training steps of a network. */
struct bench_workload {
    const char *name;
    struct bench_call call;
    size_t hidden[2], hidden_count;
};

const struct bench_workload *bench_workload_list(size_t *count);

/* Whether `name` is that workload's, or "all". */
bool bench_workload_is_asked(const struct bench_workload *workload, const char *name);

/* As many as the steps take. tp_dataset_free() them afterwards. Errors: as bench_samples(). */
tileprop_status bench_workload_samples(struct tp_dataset *samples, struct tp_error *error);

/*
 * Trains one epoch on the samples, on one thread: median seconds of a step, and its operations.
 * Errors: as tp_train().
 */
tileprop_status bench_workload_steps(const struct bench_workload *workload, const struct tp_tier *tier,
                                     const struct tp_dataset *samples, double *seconds, double *flops,
                                     struct tp_error *error);

/* An array of the rounds' figures. NULL without memory. */
json_t *bench_json_seconds(const double *seconds, size_t rounds);

/*
 * Times a workload, or with "all" every one, on one thread, and writes one line of JSON:
 * {"workloads": {name: [seconds of one call in each round, ...], ...}}.
 * Errors: TILEPROP_USAGE for a name that there is not, naming those there are; TILEPROP_FAILURE without
 * memory.
 */
tileprop_status bench_workloads(const char *name, size_t rounds, const struct tp_tier *tier,
                                struct tp_error *error);
