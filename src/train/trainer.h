/*
 * The trainer: epochs of steps, evaluations between them, and the reasons to stop. It prints nothing; an
 * observer sees what happens while it happens.
 */
#ifndef TP_TRAINER_H
#define TP_TRAINER_H

#include "data/dataset.h"
#include "data/metrics.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/profile.h"
#include "schedule/autotune.h"
#include "train/progress.h"
#include "train/train_options.h"

/* What an evaluation found. */
struct tp_evaluation {
    size_t step;  /* the step before it, counted from 0 */
    size_t epoch; /* of that step, counted from 1 */
    struct tp_metrics validation;
    struct tp_metrics train; /* count 0 unless eval_train */
    bool best;               /* lowest validation loss so far */
    /*
     * [layers]: Frobenius norms of dC/dW of the step, biases included and weight decay not, from the weights
     * before the step; NULL unless log_gradients.
     */
    const double *gradient_norms;
};

/* Weights that are worth keeping; all of it is valid during the call alone. */
struct tp_weights_shown {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    size_t step; /* the one before them, counted from 0 */
    struct tp_metrics validation;
    bool last; /* those that the run ends with; else the ones with the lowest validation loss so far */
};

/* A run that can be resumed from here; all of it is valid during the call alone. */
struct tp_checkpoint_shown {
    const struct tp_network *network;
    const struct tp_normalization *normalization;
    const struct tp_progress *progress;
};

/* What the plan made of the options; known before the first step. */
struct tp_run {
    const char *isa;
    size_t threads_requested, threads_used;
    struct tp_plan plan;             /* how the threads divide the work */
    size_t threads_bound;            /* each to a core of its own */
    struct tp_autotune_result probe; /* how the plan was found; count 0: it was given */
    size_t inputs, classes, layers;  /* layers: hidden + 1 */
    size_t parameters;
    double learning_rate;
    tileprop_init init;
    size_t batch; /* rows of a full batch: no more than there are samples */
    size_t steps_per_epoch, steps_planned;
    size_t steps_before;    /* done before the run was resumed; 0: it was not */
    double seconds_before;  /* that these took, with their evaluations */
    double flops_per_step;  /* 2 rows in out per GEMM; no backward GEMM for the first layer */
    double mean, deviation; /* of the training inputs */
};

/*
 * Callbacks; any may be NULL. They hold up the team and must be quick.
 * started: once, before the team exists, so it may measure what threads can do. The others come from one
 * thread of the team. step: after each step, which is counted from 0 and its epoch from 1. evaluated: after
 * each evaluation, so after the step that it belongs to. weights: at each evaluation with the lowest
 * validation loss so far, and at the end, unless the run diverged. interrupted: asked at the end of each
 * step; true ends the run after it and the evaluation that may follow. checkpoint_due: asked likewise, with
 * the step; true has checkpoint called there. That is also called when the last step is done, unless the run
 * diverged, before the final evaluation; between steps the team waits for it.
 */
struct tp_observer {
    void *context;
    void (*started)(void *context, const struct tp_run *run);
    void (*step)(void *context, size_t step, size_t epoch, double loss);
    void (*evaluated)(void *context, const struct tp_evaluation *evaluation);
    void (*weights)(void *context, const struct tp_weights_shown *shown);
    bool (*interrupted)(void *context);
    bool (*checkpoint_due)(void *context, size_t step);
    void (*checkpoint)(void *context, const struct tp_checkpoint_shown *shown);
};

struct tp_result {
    struct tp_run run;
    tileprop_stop stopped_by;
    size_t steps, epochs;                /* done; epochs counts finished ones */
    struct tp_metrics train, validation; /* of the final weights over the whole sets */
    struct tp_metrics test;              /* likewise; count 0 without a test set */
    double best_validation_loss, best_validation_accuracy;
    size_t best_step;
    double seconds_training;       /* steps alone: no evaluation, no observer, no shuffling */
    double seconds_evaluation;     /* evaluations, the final one included */
    uint64_t weights_hash;         /* tp_network_hash */
    struct tp_profile_sum profile; /* of steps, if they were to be explained */
    size_t threads_worked;         /* threads that computed part of at least one step */
    tileprop_numa numa;            /* what was done; never auto */
    size_t numa_nodes;             /* memory nodes that threads were on; 1 where nothing was done */
};

/* The number of threads that these options mean on this machine. */
size_t tp_train_threads(const struct tp_train_options *options);

/*
 * Trains a network on train, evaluates it on validation and, once, at the end, on test (NULL: none).
 * Errors: TILEPROP_USAGE for options that do not fit each other, the data or the run that is resumed,
 * TILEPROP_BAD_INPUT for data sets that do not fit each other or are empty and for a plan that does not fit
 * the network, TILEPROP_FAILURE without memory or threads, TILEPROP_DIVERGED (result is filled, error names
 * step, epoch, layer and a remedy).
 */
tileprop_status tp_train(const struct tp_train_options *options, const struct tp_dataset *train,
                         const struct tp_dataset *validation, const struct tp_dataset *test,
                         const struct tp_observer *observer, struct tp_result *result,
                         struct tp_error *error);

#endif
