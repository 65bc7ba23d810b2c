/*
 * A training that is set up: everything that its loop needs.
 */
#ifndef TP_SETUP_H
#define TP_SETUP_H

#include "base/arena.h"
#include "network/evaluator.h"
#include "network/step.h"
#include "schedule/autotune.h"
#include "schedule/placement.h"
#include "system/cpus.h"
#include "train/trainer.h"

/* What a run does behind the present step and the evaluation that may follow it. */
enum tp_pause {
    TP_GO_ON,
    TP_CHECKPOINT, /* and goes on */
    TP_END,        /* for the reason in the result */
    TP_DIVERGED    /* ends without another evaluation */
};

/* One thread's share of the run. Padded: neighbours write their own often. */
struct tp_member {
    _Alignas(64) struct tp_arena arena;
    struct tp_step_member step;
    struct tp_evaluator_buffers buffers;
};

/* Everything the run needs; written by member 0 alone once the team runs, except where barriers order it. */
struct tp_trainer {
    const struct tp_training *training;
    const tileprop_run_options *wishes;
    tileprop_options options; /* resolved */
    tileprop_run run;
    struct tp_autotune_result found; /* count 0: the plan was given */
    char *plan_text;                 /* NULL: nobody wants it */
    tileprop_result *result;
    struct tp_normalization normalization;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_step step;
    struct tp_evaluator evaluator;
    struct tp_predictions predictions; /* [samples of the largest data set] */
    atomic_size_t next_block;
    struct tp_placement placement;
    struct tp_cpus binding;
    struct tp_arena shared;
    struct tp_member *members;
    struct tp_profile *profiles; /* [step members], or NULL */
    uint32_t *order;             /* samples in this epoch's order */
    struct tp_training_state state;
    tileprop_progress progress;
    size_t epoch;     /* the present one, from 1; 0: none has begun */
    size_t step_rows; /* of the last step's batch */
    double gradient_norms[TP_LAYERS_MAX];
    double step_began;
    double started; /* seconds on the monotonic clock; a run that is resumed began earlier */
    enum tp_pause pause;
    bool unwanted;                        /* a callback wishes the run to end */
    const struct tp_dataset *diverged_on; /* whose loss is not finite; NULL: the batch of the last step */
};

/*
 * Resolves and checks the options of trainer->training, chooses the plan and takes all memory; result, wishes
 * and options are set, the rest is zero. Errors: those of tp_train(). It is to be freed on error too.
 */
tileprop_status tp_trainer_prepare(struct tp_trainer *trainer, struct tp_error *error);

void tp_trainer_free(struct tp_trainer *trainer);

#endif
