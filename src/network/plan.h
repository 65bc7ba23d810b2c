/*
 * The plan: how the work is divided among the members of a team. It changes who computes what, never a bit of
 * any result.
 *
 * All members evaluate. Steps of small networks use fewer of them, perhaps one; the others sleep until the
 * next evaluation.
 *
 *   forward by rows      a member takes a share of the batch's rows and reads all of the layer's weights
 *   forward by units     a member takes the units it owns, for all rows; only activations cross cores
 *   backward by rows     a member takes its share of the rows and reads the whole transposed copy
 *   backward by inputs   a member takes a share of the inputs, for all rows, and reads its part of it
 *   update by units      a member updates the units it owns; members beyond a layer's slices help with a
 *                        share of the inputs
 *   update by inputs     every member updates a share of the inputs; the weights are one slice
 *
 * Zeros of the inputs may be skipped: pack marks the inputs to be multiplied, and the first layer's forward and update
 * multiply only those.
 *
 * For a batch in shards, update is divided further, into blocks that stay in L2: the gradient of each shard, their
 * sums, and apply. With several ranks, each computes the rows of its shards:
 *
 *     pack, forward, loss   of these rows; the losses go to rank 0, and its decision comes back
 *     gradient              of a layer, the last one first: what other ranks own, sent off in parts, then the rest
 *     backward              of the layer, half of it before the next line, half of it after
 *     collect, apply        of what this rank owns of the layer; then sends the new weights
 *     pack ahead            the next batch, while the last weights arrive
 *     put                   new weights in place
 *
 * loss is always by rows. So is pack, unless forward of the first layer is by units: then each member packs all rows.
 * The plan expands to a list of operations per member, which a step executes in order.
 */
#pragma once

#include <stdio.h>

#include "network/network.h"
#include "network/shards.h"

struct tp_plan {
    size_t members;
    size_t step_members; /* at most members */
    size_t batch;        /* rows of a full batch, of all ranks */
    struct tp_shards shards;
    size_t slices[TP_LAYERS_MAX]; /* of the layer's units; 1: update by inputs */
    bool by_units[TP_LAYERS_MAX]; /* forward of this layer; it then has as many slices as step members */
    size_t evaluation_rows;       /* rows per block of an evaluation */
    bool skips;                   /* zeros of the inputs, in steps */
};

/* The best plan for exactly `step_members` (at most `members`) step members, judging by shapes alone. */
struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members, size_t batch);

/* The same, but skipping zeros. */
struct tp_plan tp_plan_make_skipping(const struct tp_network *network, size_t members, size_t step_members,
                                     size_t batch);

/* Cuts the network as the plan says. Its layers must have been shaped for step_members or more. */
void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network);

enum tp_operation_kind {
    TP_DO_PACK,
    TP_DO_FORWARD,
    TP_DO_LOSS,
    TP_DO_SEND_LOSSES,
    TP_DO_BACKWARD,
    TP_DO_PREFETCH, /* prefetches the samples of the next step */
    TP_DO_REPORT,   /* reports that all losses of the batch are ready */
    TP_DO_MEASURE,  /* computes the gradient's norm, in measured steps */
    TP_DO_UPDATE,
    TP_DO_GRADIENT, /* computes a shard's gradient of a block */
    TP_DO_ADD,      /* adds one block of shards to another */
    TP_DO_COLLECT,  /* likewise, for what ranks sent */
    TP_DO_APPLY,
    TP_DO_SEND_GRADIENTS, /* of a layer, to the ranks that own its inputs */
    TP_DO_WAIT_GRADIENTS,
    TP_DO_SEND_WEIGHTS,
    TP_DO_WAIT_WEIGHTS,
    TP_DO_PUT,        /* puts a layer's new weights in place */
    TP_DO_PACK_AHEAD, /* packs the next batch */
    TP_DO_PROGRESS,   /* polls transfers */
    TP_DO_BARRIER     /* waits for the other step members */
};

/* to += from; both have the same shape. */
struct tp_addition {
    struct tp_matrix to, from;
};

/* One operation of a member within a step. */
struct tp_operation {
    enum tp_operation_kind kind;
    tileprop_verb verb; /* verb and layer that its time is charged to */
    size_t layer, slice;
    bool marked;            /* forward, update and gradient: multiplies marked inputs only */
    struct tp_range rows;   /* rows of the rank; update reads all */
    struct tp_range inputs; /* of the layer: backward, update; begin is a multiple of 16 */
    bool bias;              /* update: also the bias row */

    /* For blocks. */
    struct tp_range units; /* of the layer; begin is a multiple of 16 */
    size_t owner;          /* rank that applies the gradient */
    size_t slot, other; /* sums of shards, counted from the rank's first node (collect, apply: from rank 0's); add and
                           collect add `other` to `slot` */

    /* The verb's arguments, filled in by the step. */
    union {
        struct tp_pack pack;
        struct tp_forward forward;
        struct tp_loss loss;
        struct tp_backward backward;
        struct tp_update update;
        struct tp_addition add;
    };
};

/*
 * Writes the operations of `member` in a step of `rows` rows (at most a batch) to operations[], unless that
 * is NULL, and returns their number. The network must be cut as the plan says. All step members meet at the
 * same barriers, the last of which ends the step. measure: includes TP_DO_MEASURE.
 */
size_t tp_plan_operations(const struct tp_plan *plan, const struct tp_network *network, size_t member, size_t rows,
                          bool measure, struct tp_operation *operations);

/* Floats of a block without its bias row, in whole panels, and the inputs of the widest blocks. */
#define TP_BLOCK_FLOATS 65536
#define TP_BLOCK_INPUTS 64

/* The largest number of sums of shards held at once. */
size_t tp_plan_slots(const struct tp_plan *plan);

/* Writes the lists of all step members for a full batch, one operation per line. Returns false if out of
 * memory. */
bool tp_plan_write(const struct tp_plan *plan, const struct tp_network *network, bool measure, FILE *out);

/* Inputs of a layer that a rank owns, in whole panels: it adds up and applies their gradients. */
struct tp_range tp_plan_owned(const struct tp_plan *plan, const struct tp_layer *layer, size_t rank);

/* Share `member` of `members` of [0, count). */
struct tp_range tp_plan_share(size_t count, size_t member, size_t members);

/* Share `member` of `members` of [0, columns), in whole panels. */
struct tp_range tp_plan_share_panels(size_t columns, size_t member, size_t members);

/*
 * Whether `members` should divide forward of a layer by units, judging by shapes; first: each of them packs
 * the layer's inputs.
 */
bool tp_plan_units_pay(size_t inputs, size_t units, bool first, size_t members, size_t batch);

/*
 * Whether backward of a layer is by inputs: if the layer is large and its forward is by units. Each member
 * then reads a share of the transposed copy instead of all of it, at the cost of a barrier.
 */
bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units);
