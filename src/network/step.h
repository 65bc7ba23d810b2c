/*
 * One gradient step in five verbs: pack, forward, loss, backward, update. Every step member of the team calls
 * it with the same arguments; the plan tells each its ranges.
 */
#ifndef TP_STEP_H
#define TP_STEP_H

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/profile.h"

/* What the team shares. All matrices are [batch x width] in panel format with one stride. */
struct tp_step {
    const struct tp_tier *tier;
    struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    struct tp_optimizer optimizer; /* of this step; written by one member before the others reach update */
    size_t stride;
    bool nontemporal;        /* the network has more than TP_NONTEMPORAL_BYTES */
    float *inputs;           /* NULL when every member packs its own copy */
    float *a[TP_LAYERS_MAX]; /* outputs of each layer; of the last one, logits */
    float *d[TP_LAYERS_MAX]; /* gradients at each layer's sums z */
    uint16_t *labels;        /* [batch] */
    float *loss;             /* [batch] */
    float *weights;          /* [batch], of the samples' classes; unused without class weights */

    /*
     * Of the last step that ran with `measure` set, which is written as rule is: sums of squares of dC/dW,
     * one per panel, so that no bit of a norm depends on the number of members. NULL: never measured.
     */
    double *squares[TP_LAYERS_MAX];
    bool measure;
};

/* What a member has for itself. */
struct tp_step_member {
    size_t index;
    const struct tp_dataset *train;
    float *inputs;   /* the packed batch: its own or the shared one */
    float *gradient; /* room for that of any slice that the member owns; NULL: norms are never measured */
    struct tp_profile *profile; /* NULL: nothing is timed */
    bool worked;                /* it computed something in some step */
};

/* total plus the bytes that the shared matrices need; SIZE_MAX on overflow. */
size_t tp_step_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total);
void tp_step_place(struct tp_step *step, struct tp_arena *arena);

/* The same for a member's own copy of the batch, where the plan wants one. */
size_t tp_step_member_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total);
void tp_step_member_place(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);

/* The same for what measuring needs: shared, then a member's; to be left out by those who never measure. */
size_t tp_step_measure_bytes(const struct tp_network *network, size_t total);
void tp_step_measure_place(struct tp_step *step, struct tp_arena *arena);
size_t tp_step_member_measure_bytes(const struct tp_network *network, size_t member, size_t total);
void tp_step_member_measure_place(const struct tp_step *step, struct tp_step_member *member,
                                  struct tp_arena *arena);

/* Frobenius norm of dC/dW of a layer, bias row included, in the last step that was measured. */
double tp_step_gradient_norm(const struct tp_step *step, size_t layer);

/*
 * Trains on the samples index[0] to index[rows - 1], 1 <= rows <= plan->batch, and leaves their losses in
 * step->loss. next (next_rows samples; 0: none) are fetched towards the caches for the step to come. Ends
 * with a barrier of the step members. Member 0 calls losses_ready when all losses of the batch are there,
 * while the others update.
 */
void tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows, void (*losses_ready)(void *context, size_t rows),
                 void *context);

/*
 * The first layer, counted from 1, whose outputs in the last step of `rows` rows hold a value that is not
 * finite; 0 when all are finite.
 */
size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows);

#endif
