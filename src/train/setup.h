/* A training run after setup: everything its loop needs. */
#pragma once

#include "base/arena.h"
#include "network/evaluator.h"
#include "network/step.h"
#include "schedule/autotune.h"
#include "schedule/placement.h"
#include "system/cpus.h"
#include "train/trainer.h"

/* What a run does after the current step and any evaluation that follows it. */
enum tp_pause {
    TP_GO_ON,
    TP_CHECKPOINT, /* then continues */
    TP_END,        /* for the reason given in the result */
    TP_STOP,       /* on request, at once: without another evaluation */
    TP_DIVERGED    /* ends without another evaluation, and without a final model */
};

/* One thread's share of the run. Aligned against false sharing. */
struct tp_member {
    _Alignas(64) struct tp_arena arena;
    struct tp_step_member step;
    struct tp_evaluator_buffers buffers;
};

/* What rank 0 decides in a step. */
struct tp_decision {
    double loss;
    enum tp_pause pause;
    tileprop_stop stopped_by;
    bool abandoned;
};

/* What a rank reports between steps. */
struct tp_statement {
    uint64_t hash; /* of the weights */
    size_t layer;  /* with a value that is not finite, counted from 1 */
    bool stopped;
};

/* Everything the run needs; once the team runs, written only by member 0, except where barriers order it. */
struct tp_trainer {
    const struct tp_training *training;
    const tileprop_run_options *run_options;
    tileprop_options options; /* resolved */
    tileprop_run run;
    struct tp_autotune_result found; /* count 0: the plan was given */
    char *plan_text;                 /* NULL: not wanted */
    tileprop_result *result;
    struct tp_normalization normalization;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_step step;
    struct tp_exchange exchange; /* with other ranks; used if the step has it */
    struct tp_decision decision;
    bool gathers;                    /* rank 0 writes checkpoints, for which it gathers the optimizer's state */
    struct tp_statement *statements; /* [ranks] */
    tileprop_rank *ranks;            /* [ranks], descriptions for the report */
    size_t probe_steps;              /* steps timed before the run */
    size_t differs;                  /* a rank whose weights differ from rank 0's; 0: none */
    struct tp_evaluator evaluator;
    struct tp_predictions predictions; /* [samples of the largest data set] */
    atomic_size_t next_block;
    struct tp_placement placement;
    struct tp_cpus binding;
    struct tp_arena shared;
    struct tp_member *members;
    struct tp_profile *profiles; /* [step members], or NULL */
    uint32_t *order;             /* sample indices in this epoch's order */
    struct tp_training_state state;
    tileprop_progress progress;
    size_t epoch;     /* current epoch, from 1; 0: none has begun */
    size_t step_rows; /* rows of the last step's batch */
    double step_began;
    double started; /* seconds on the monotonic clock, minus the time that a resumed run had taken */
    enum tp_pause pause;
    bool asked_to_stop;                   /* a callback asked to stop after a step */
    bool stopped;                         /* on request, at once */
    const struct tp_dataset *diverged_on; /* the set whose loss is not finite; NULL: the last step's batch */
};

/*
 * Begins a run: resolves and checks its options, chooses the plan and allocates all memory. The trainer is zero on
 * entry; training and result must outlive it.
 * Errors: those of tp_train(). The caller frees it, on error too.
 */
tileprop_status tp_trainer_prepare(struct tp_trainer *trainer, const struct tp_training *training,
                                   tileprop_result *result, struct tp_error *error);

void tp_trainer_free(struct tp_trainer *trainer);

/* --- The parts of a run, called by members of its team: trainer.c runs them all, stepper.c one step at a time --- */

/*
 * Binds a member to its core and node, and initializes the slices that it owns. All members call it. Returns the
 * argument for tp_cpus_unbind().
 */
void *tp_trainer_enter(struct tp_trainer *trainer, struct tp_member *self);

/*
 * Copies weights, and as many arrays of optimizer state as the network has, to the slices that a member owns;
 * tp_network_refresh() follows.
 */
void tp_trainer_put(struct tp_trainer *trainer, size_t index, const struct tp_weights *weights,
                    const struct tp_weights *states);

/* Called by member 0 before and after a step. */
void tp_trainer_begin_step(struct tp_trainer *trainer, size_t step);
void tp_trainer_end_step(struct tp_trainer *trainer, size_t step);

/* Called by member 0 while the others update: finds the batch's mean loss, and whether to pause after this step. */
void tp_trainer_losses_ready(void *trainer, size_t rows);

/* The team computes metrics of a whole set, for member 0 to read; zero if the run must stop. A loss that is not finite
 * ends the run. */
struct tp_metrics tp_trainer_evaluate(struct tp_trainer *trainer, struct tp_member *self,
                                      const struct tp_dataset *dataset);

/* Reports where values stopped being finite: in the batch of the last step, or in an evaluation, which is repeated. */
tileprop_status tp_trainer_diverged(struct tp_trainer *trainer, struct tp_error *error);
