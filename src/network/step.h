/*
 * One gradient step: a loop over the operations that the plan gives a member. All step members run it with
 * the same arguments.
 */
#ifndef TP_STEP_H
#define TP_STEP_H

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"
#include "network/plan.h"
#include "tileprop/run.h"

/* Where a member's time goes, by verb and layer: longest is unused. */
struct tp_profile {
    double last; /* the time accounted for ends here */
    tileprop_time cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* What the team shares. All matrices are [batch x width]. */
struct tp_step {
    const struct tp_tier *tier;
    struct tp_network *network;
    const struct tp_plan *plan;
    const struct tp_normalization *normalization;
    size_t last_rows; /* of the last batch of an epoch if it is shorter than the others; else 0 */
    bool measures;    /* some steps measure gradients: the layout takes room for that */

    /* Member 0 calls it when all losses of the batch are complete, while the others update. NULL: nobody
     * asks. */
    void (*losses_ready)(void *context, size_t rows);
    void *context;

    /* Of the current step; one member writes them before the others reach update. */
    struct tp_optimizer optimizer;
    bool measure;

    /* Set by the layout. */
    struct tp_matrix inputs;           /* absent where every member packs its own copy */
    struct tp_matrix a[TP_LAYERS_MAX]; /* outputs of each layer; of the last one, logits */
    struct tp_matrix d[TP_LAYERS_MAX]; /* gradients at each layer's sums z */
    uint16_t *labels;                  /* [batch] */
    float *loss;                       /* [batch] */
    float *weights;                    /* [batch], of the samples' classes; unused without class weights */
    bool nontemporal;                  /* the network has more than the tier's nontemporal_bytes */
    /*
     * Sums of squares of dC/dW in the last measured step, one per panel, so that no bit of a norm depends on
     * the number of members. NULL unless `measures`.
     */
    double *squares[TP_LAYERS_MAX];
};

/* The operations of a step of `rows` rows. */
struct tp_step_list {
    size_t rows, count;
    struct tp_operation *operations;
    bool works; /* some operation computes rows, inputs or units */
};

/* Owned by one member. */
struct tp_step_member {
    size_t index;
    const struct tp_dataset *train;
    struct tp_profile *profile; /* NULL: nothing is timed */
    bool worked;                /* it had work in some step */

    /* Set by the layout. */
    struct tp_matrix inputs;      /* the packed batch: its own or the shared one */
    float *gradient;              /* room for any of its slices; NULL unless steps are measured */
    struct tp_step_list lists[2]; /* of a full batch, of a shorter last one */
};

/* Takes the shared matrices from an arena, which may be a measuring one. */
void tp_step_layout(struct tp_step *step, struct tp_arena *arena);

/* The same for a member's numbers, and for its lists, which hold none; after the shared layout, index set. */
void tp_step_member_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);
void tp_step_lists_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena);

/* Fills the member's lists. The member calls it when its data set and everybody's memory are known. */
void tp_step_bind(const struct tp_step *step, struct tp_step_member *member);

/*
 * Trains on the samples index[0] to index[rows - 1], rows being those of a full batch or last_rows, and
 * leaves their losses in step->loss. Prefetches the samples of next (next_rows; 0: none) for the step to
 * come. Ends with a barrier of the step members.
 */
void tp_step_run(const struct tp_step *step, struct tp_step_member *member, const uint32_t *index,
                 size_t rows, const uint32_t *next, size_t next_rows);

/* Writes times[verb * layers + layer] of all members: means, and the longest work of one member. */
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers,
                       tileprop_time *times);

/* Frobenius norm of dC/dW of a layer, bias row included, in the last measured step. */
double tp_step_gradient_norm(const struct tp_step *step, size_t layer);

/*
 * The first layer, counted from 1, with an output that is not finite in the last step, of `rows` rows; 0 if
 * all are finite.
 */
size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows);

#endif
