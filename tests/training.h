/*
 * Runs of the trainer that take milliseconds, on generated samples, with a record of what an observer saw.
 */
#pragma once

#include <math.h>

#include "base/random.h"
#include "tests/check.h"
#include "tests/options.h"
#include "train/trainer.h"

#define FEATURES   20
#define CLASSES    3
#define SAMPLES    120 /* of the training set */
#define HELD_OUT   61  /* of the validation set, after those: a block of rows that is not full ends it */
#define STEPS_MAX  1000
#define EVENTS_MAX 1000

/* A rate so small that no weight changes: half an ulp of the smallest weight is far more. */
#define STANDSTILL 1e-30

static uint8_t bytes[SAMPLES + HELD_OUT][FEATURES];
static float floats[SAMPLES + HELD_OUT][FEATURES];
static uint16_t labels[SAMPLES + HELD_OUT], wrong_labels[SAMPLES + HELD_OUT];

/* The same random number for the same place, below n. */
static inline uint64_t below(uint32_t stream, uint64_t index, uint32_t n)
{
    uint32_t words[4];
    tp_random_block(1, TP_RANDOM_WEIGHTS, stream, index, words);
    return ((uint64_t)words[1] * n + ((uint64_t)words[0] * n >> 32)) >> 32;
}

/* Every third pixel is bright for its class, and all have noise. */
static inline int make_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES + HELD_OUT; i++) {
        labels[i] = (uint16_t)below(1, i, CLASSES);
        wrong_labels[i] = (uint16_t)((labels[i] + 1) % CLASSES);
        for (size_t f = 0; f < FEATURES; f++) {
            uint64_t noise = below(0, i * FEATURES + f, 130);
            bytes[i][f] = (uint8_t)((f % CLASSES == labels[i] ? 120 : 0) + noise);
            floats[i][f] = bytes[i][f];
        }
    }
    return 0;
}

/* `count` of the samples from `begin` on. */
static inline struct tp_dataset samples(size_t begin, size_t count)
{
    return (struct tp_dataset){.type = TILEPROP_U8,
                               .samples = bytes[begin],
                               .labels = labels + begin,
                               .count = count,
                               .features = FEATURES,
                               .classes = CLASSES};
}

static inline struct tp_dataset float_samples(size_t begin, size_t count)
{
    struct tp_dataset dataset = samples(begin, count);
    dataset.type = TILEPROP_F32;
    dataset.samples = floats[begin];
    return dataset;
}

static inline struct tp_dataset validation_samples(void)
{
    return samples(SAMPLES, HELD_OUT);
}

/* The longer a network trains the worse its loss here. */
static inline struct tp_dataset misleading_samples(void)
{
    struct tp_dataset dataset = validation_samples();
    dataset.labels = wrong_labels + SAMPLES;
    return dataset;
}

static inline tileprop_options options_small(void)
{
    tileprop_options options = options_default();
    options.hidden[0] = 17;
    options.batch = 10;
    options.epochs = 2;
    options.threads_exact = 2;
    return options;
}

/* What the callbacks of a run saw. */
struct record {
    size_t starts, steps, evaluations;
    tileprop_run run;
    double loss[STEPS_MAX];
    size_t epoch[STEPS_MAX];
    tileprop_progress evaluation[EVENTS_MAX];
    size_t steps_before[EVENTS_MAX]; /* each evaluation */
    size_t interrupt_after;          /* steps; 0: never */
    bool steps_in_order;
};

static inline void record_start(void *context, const tileprop_run *run)
{
    struct record *r = context;
    r->starts++;
    r->run = *run;
    r->steps_in_order = r->steps == 0;
}

static inline int record_progress(void *context, const tileprop_progress *progress)
{
    struct record *r = context;
    if (progress->evaluated) {
        r->evaluation[r->evaluations % EVENTS_MAX] = *progress;
        r->steps_before[r->evaluations % EVENTS_MAX] = r->steps;
        r->evaluations++;
    } else {
        r->steps_in_order &= progress->step == r->steps && progress->step < STEPS_MAX;
        r->loss[progress->step % STEPS_MAX] = progress->loss;
        r->epoch[progress->step % STEPS_MAX] = progress->epoch;
        r->steps++;
    }
    return 0;
}

static inline int record_question(void *context)
{
    const struct record *r = context;
    return r->interrupt_after && r->steps >= r->interrupt_after;
}

/* Trains and records; r->interrupt_after is the caller's to set before. */
static inline tileprop_status run_observed(const tileprop_options *options, const struct tp_dataset *train,
                                           const struct tp_dataset *validation, struct record *r,
                                           tileprop_result *result, struct tp_error *error)
{
    *r = (struct record){.interrupt_after = r->interrupt_after};
    tileprop_options watched = *options;
    watched.progress = record_progress;
    watched.context = r;
    const tileprop_run_options wishes = {
        .size = sizeof wishes, .context = r, .started = record_start, .interrupted = record_question};
    const struct tp_training training = {.options = &watched, .run = &wishes, .train = train, .validation = validation};
    error->text[0] = '\0';
    tileprop_status status = tp_train(&training, result, error);
    if (status == TILEPROP_OK || status == TILEPROP_DIVERGED) {
        assert_int_equal(r->starts, 1);
        assert_true(r->steps_in_order);
        assert_int_equal(r->steps, result->steps);
        assert_true(r->evaluations <= EVENTS_MAX);
    } else {
        assert_int_equal(r->starts + r->steps + r->evaluations, 0);
    }
    return status;
}

static inline tileprop_result run(const tileprop_options *options, const struct tp_dataset *train,
                                  const struct tp_dataset *validation, struct record *r)
{
    tileprop_result result;
    struct tp_error error;
    if (run_observed(options, train, validation, r, &result, &error))
        fail_msg("%s", error.text);
    for (size_t s = 0; s < r->steps; s++) {
        assert_true(isfinite(r->loss[s]));
        assert_int_equal(r->epoch[s], 1 + s / r->run.steps_per_epoch);
    }
    return result;
}

static inline void keep_run(void *context, const tileprop_run *run)
{
    *(tileprop_run *)context = *run;
}

/* As run, on the usual sets, by a plan of the caller's or, NULL, by one that is chosen; *about is what it
 * says when it starts, NULL: nobody watches. */
static inline tileprop_result run_planned(const tileprop_options *options, const struct tp_plan *plan,
                                          tileprop_run *about)
{
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    const tileprop_run_options more = {.size = sizeof more, .context = about, .started = keep_run};
    const struct tp_training training = {
        .options = options, .run = about ? &more : NULL, .train = &train, .validation = &validation, .plan = plan};
    tileprop_result result;
    struct tp_error error;
    if (tp_train(&training, &result, &error))
        fail_msg("%s", error.text);
    return result;
}

static inline tileprop_result run_alone(const tileprop_options *options)
{
    return run_planned(options, NULL, NULL);
}
