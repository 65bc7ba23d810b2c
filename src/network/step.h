/*
 * One gradient step: a loop over the operations that the plan gives a member. Every step member of the team
 * runs it with the same arguments.
 */
#ifndef TP_STEP_H
#define TP_STEP_H

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/profile.h"

/* What the team shares. All matrices are [batch x width]. */
struct tp_step {
    const struct tp_tier *tier;
    struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    size_t last_rows; /* of the last batch of an epoch, where it is shorter than the others; else 0 */
    bool measures;    /* some steps are measured: there is room for it */

    /* Called by member 0 when all losses of the batch are there, while the others update. */
    void (*losses_ready)(void *context, size_t rows);
    void *context;

    /* Of the step that begins; written by one member before the others reach update. */
    struct tp_optimizer optimizer;
    bool measure;

    /* The layout's. */
    struct tp_matrix inputs;           /* absent where every member packs its own copy */
    struct tp_matrix a[TP_LAYERS_MAX]; /* outputs of each layer; of the last one, logits */
    struct tp_matrix d[TP_LAYERS_MAX]; /* gradients at each layer's sums z */
    uint16_t *labels;                  /* [batch] */
    float *loss;                       /* [batch] */
    float *weights;                    /* [batch], of the samples' classes; unused without class weights */
    bool nontemporal;                  /* the network has more than TP_NONTEMPORAL_BYTES */
    /*
     * Of the last step that was measured: sums of squares of dC/dW, one per panel, so that no bit of a norm
     * depends on the number of members. NULL unless some steps are measured.
     */
    double *squares[TP_LAYERS_MAX];
};

/* The operations of batches of so many rows. */
struct tp_step_list {
    size_t rows, count;
    struct tp_operation *operations;
    bool works; /* it has rows, inputs or units to compute */
};

/* What a member has for itself. */
struct tp_step_member {
    size_t index;
    const struct tp_dataset *train;
    struct tp_profile *profile; /* NULL: nothing is timed */
    bool worked;                /* it had a part in some step */

    /* The layout's. */
    struct tp_matrix inputs;      /* the packed batch: its own or the shared one */
    float *gradient;              /* room for that of any slice that the member owns; NULL: never measured */
    struct tp_step_list lists[2]; /* of full batches, of the last one */
};

/* Takes the shared matrices from an arena, which may be one that measures. */
void tp_step_layout(struct tp_step *step, struct tp_arena *arena);

/* The same for a member's numbers, and for its lists, which hold no numbers; index set, behind the shared
 * layout. */
void tp_step_member_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);
void tp_step_lists_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);

/* Fills the member's lists, once its data set and everybody's memory are known. Called by the member. */
void tp_step_bind(const struct tp_step *step, struct tp_step_member *member);

/*
 * Trains on the samples index[0] to index[rows - 1], rows being those of a full batch or last_rows, and
 * leaves their losses in step->loss. next (next_rows samples; 0: none) are fetched towards the caches for the
 * step to come. Ends with a barrier of the step members.
 */
void tp_step_run(const struct tp_step *step, struct tp_step_member *member, const uint32_t *index,
                 size_t rows, const uint32_t *next, size_t next_rows);

/* Frobenius norm of dC/dW of a layer, bias row included, in the last step that was measured. */
double tp_step_gradient_norm(const struct tp_step *step, size_t layer);

/*
 * The first layer, counted from 1, whose outputs in the last step of `rows` rows hold a value that is not
 * finite; 0 when all are finite.
 */
size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows);

#endif
