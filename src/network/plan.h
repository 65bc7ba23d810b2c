/*
 * The plan: how the work is divided among the members of a team. It changes who computes what, never a bit of
 * any result.
 *
 * All members evaluate. Steps of small networks use fewer of them, perhaps one; the others sleep until the
 * next evaluation.
 *
 *   forward by rows      a member takes a share of the batch's rows and reads all of the layer's weights
 *   forward by units     a member takes the units it owns, for all rows; only activations cross cores
 *   backward by rows     a member takes its share of the rows and reads the whole transposed view
 *   backward by inputs   a member takes a share of the inputs, for all rows, and reads its part of the view
 *   update by units      a member updates the units it owns; members beyond a layer's slices help with a
 *                        share of the inputs
 *   update by inputs     every member updates a share of the inputs; the weights are one slice
 *
 * Zeros of the inputs may be skipped: pack marks what is to be multiplied, and the first layer's forward and update
 * multiply only that.
 *
 * loss is always by rows. So is pack, unless forward of the first layer is by units: then each member packs all rows.
 * The plan expands to a list of operations per member, which a step
 * executes in order.
 */
#pragma once

#include <stdio.h>

#include "network/network.h"

struct tp_range {
    size_t begin, end;
};

struct tp_plan {
    size_t members;
    size_t step_members;          /* at most members */
    size_t batch;                 /* rows of a full batch */
    size_t slices[TP_LAYERS_MAX]; /* of the layer's units; 1: update by inputs */
    bool by_units[TP_LAYERS_MAX]; /* forward of this layer; it then has as many slices as step members */
    size_t evaluation_rows;       /* rows per block of an evaluation */
    bool skips;                   /* zeros of the inputs, in steps */
};

/* The best plan for exactly `step_members` (at most `members`), judging by shapes alone. */
struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members, size_t batch);

/* The same, but skipping zeros. */
struct tp_plan tp_plan_make_skipping(const struct tp_network *network, size_t members, size_t step_members,
                                     size_t batch);

/* Cuts the network as the plan says. Its layers must have been shaped for step_members or more. */
void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network);

enum tp_operation_kind {
    TP_DO_PACK,
    TP_DO_FORWARD,
    TP_DO_FORWARD_MARKED,
    TP_DO_LOSS,
    TP_DO_BACKWARD,
    TP_DO_PREFETCH, /* prefetches the samples of the next step */
    TP_DO_UPDATE,   /* up to here nothing that outlives the step has changed */
    TP_DO_UPDATE_MARKED,
    TP_DO_REPORT,  /* reports that all losses of the batch are ready */
    TP_DO_MEASURE, /* computes the gradient's norm, in measured steps */
    TP_DO_BARRIER  /* waits for the other step members */
};

/* One operation of a member within a step. */
struct tp_operation {
    enum tp_operation_kind kind;
    tileprop_verb verb; /* verb and layer that its time is charged to */
    size_t layer, slice;
    struct tp_range rows;   /* of the batch; update reads all of them */
    struct tp_range inputs; /* of the layer: backward, update; begin is a multiple of 16 */
    bool bias;              /* update: also the bias row */

    /* The verb's arguments, filled in by the step. */
    union {
        struct tp_pack pack;
        struct tp_forward forward;
        struct tp_loss loss;
        struct tp_backward backward;
        struct tp_update update;
    };
};

/*
 * Writes the operations of `member` in a step of `rows` rows (at most a batch) to operations[], unless that
 * is NULL, and returns their number. The network must be cut as the plan says. All step members meet at the
 * same barriers, the last of which ends the step. measure: includes TP_DO_MEASURE.
 */
size_t tp_plan_operations(const struct tp_plan *plan, const struct tp_network *network, size_t member, size_t rows,
                          bool measure, struct tp_operation *operations);

/* Writes the lists of all step members for a full batch, one operation per line. Returns false if out of
 * memory. */
bool tp_plan_write(const struct tp_plan *plan, const struct tp_network *network, bool measure, FILE *out);

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
 * then reads a share of the transposed view instead of all of it, at the cost of a barrier.
 */
bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units);
