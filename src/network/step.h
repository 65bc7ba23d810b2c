/*
 * One gradient step: a loop over the operations that the plan gives a member. All step members call it with
 * the same arguments.
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "data/dataset.h"
#include "network/exchange.h"
#include "network/network.h"
#include "network/plan.h"
#include "tileprop/run.h"

/* Where a member's time goes, by verb and layer; longest is unused. */
struct tp_profile {
    double last; /* end of the time charged so far */
    tileprop_time cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* The packed batch. */
struct tp_inputs {
    struct tp_matrix a;
    struct tp_marks marks; /* absent unless zeros are skipped */
};

/* Shared by the team. All matrices are [rows x width], where rows are this rank's rows of a batch. */
struct tp_step {
    const struct tp_tier *tier;
    struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    size_t last_rows;             /* rows of an epoch's last batch if it is shorter than the others; else 0 */
    bool measures;                /* some steps measure gradients: the layout reserves memory for it */
    struct tp_exchange *exchange; /* with other ranks; NULL: none */

    /*
     * Called by member 0 when all losses of the batch are ready, while the others update. May be NULL. With several
     * ranks each rank calls it, and it passes on rank 0's decision.
     */
    void (*losses_ready)(void *context, size_t rows);

    /* Asked by member 0 before each operation up to the updates; true abandons the step. May be NULL. */
    bool (*interrupted)(void *context);
    void *context;

    /* For the current step; written by one member before the others reach update. */
    struct tp_optimizer optimizer;
    bool measure;
    bool idles;            /* computes nothing, to time the exchange */
    atomic_bool abandoned; /* written by member 0 alone, before the last barrier ahead of the updates */

    /* Set by the layout. */
    struct tp_inputs inputs;           /* absent if every member packs its own copy */
    struct tp_matrix a[TP_LAYERS_MAX]; /* outputs of each layer; logits for the last */
    struct tp_matrix d[TP_LAYERS_MAX]; /* derivatives dC/dz of each layer */
    uint16_t *labels;                  /* [rows] */
    float *loss;                       /* [batch], of all ranks on rank 0 */
    float *weights;                    /* [rows], class weights of the samples; unused if there are none */
    bool nontemporal;                  /* the network exceeds the tier's nontemporal_bytes */
    /*
     * Sums of squares of dC/dW in the last measured step, one per panel, so that the bits of a norm do not
     * depend on the number of members. NULL unless `measures`.
     */
    double *squares[TP_LAYERS_MAX];
};

/* Floats of a block of gradients. */
#define TP_SLOT (TP_BLOCK_FLOATS + TP_BLOCK_FLOATS / TP_BLOCK_INPUTS)

/* The operations of a step of `rows` rows. */
struct tp_step_list {
    size_t rows, count;
    struct tp_range own; /* this rank's rows */
    struct tp_operation *operations;
    size_t abandonable; /* operations before the step can no longer be abandoned */
    bool works;         /* some operation has rows, inputs or units to compute */
};

/* Owned by one member. */
struct tp_step_member {
    size_t index;
    const struct tp_dataset *train;
    struct tp_profile *profile; /* NULL: nothing is timed */
    bool worked;                /* it had work in at least one step */

    /* Set by the layout. */
    struct tp_inputs inputs;      /* its own or the shared copy */
    const uint32_t *packed;       /* samples already packed for the next step; NULL: none */
    float *slots;                 /* scratch for blocks of gradients; NULL: the batch is not in shards */
    float *gradient;              /* scratch for any of its slices; NULL unless steps are measured */
    struct tp_step_list lists[2]; /* full batch, shorter last batch */
};

/* Takes the shared matrices from an arena, which may be one that only measures. */
void tp_step_layout(struct tp_step *step, struct tp_arena *arena);

/* The same for a member's floats and for its lists of operations. Needs index and the shared layout. */
void tp_step_member_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);
void tp_step_lists_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);

/* Fills the member's lists. Called by the member once its data set and all members' memory are known. */
void tp_step_bind(const struct tp_step *step, struct tp_step_member *member);

/*
 * Trains on samples index[0] to index[rows - 1], where rows is a full batch or last_rows, and leaves their
 * losses in step->loss. Prefetches samples next[0] to next[next_rows - 1] for the following step.
 * Ends with a barrier of the step members. False, for all of them: the step was abandoned, and weights and
 * optimizer state are as before.
 */
bool tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows);

/* Writes times[verb * layers + layer], over all members: the mean, and the longest work of one member. */
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers, tileprop_time *times);

/* Frobenius norm of a layer's dC/dW, bias row included, in the last measured step. */
double tp_step_gradient_norm(const struct tp_step *step, size_t layer);

/* The first layer, counted from 1, with a non-finite output in the last step, of `rows` rows; 0 if all are finite. */
size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows);
