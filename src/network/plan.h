/*
 * The plan: how the work is divided among the members of a team. It changes who computes what, never a bit of
 * any result.
 *
 * All members evaluate. Small networks are trained by fewer of them, perhaps by one: the others sleep until
 * the next evaluation.
 *
 *   forward by rows      a member takes a share of the batch's rows and reads all of the layer's weights
 *   forward by units     a member takes the units that it owns, for all rows; only activations cross cores
 *   backward by rows     a member takes its share of the rows and reads all of the transposed view
 *   backward by inputs   a member takes a share of the inputs, for all rows, and reads its part of the view
 *   update by units      a member updates the units that it owns; members beyond a layer's slices help with a
 *                        share of the inputs
 *   update by inputs     every member updates a share of the inputs; the weights are one slice
 *
 * pack and loss are always by rows. For each member the plan yields a list of operations, which a step
 * executes in order.
 */
#ifndef TP_PLAN_H
#define TP_PLAN_H

#include <stdio.h>

#include "network/network.h"

struct tp_range {
    size_t begin, end;
};

struct tp_plan {
    size_t members;
    size_t step_members;          /* at most members */
    size_t batch;                 /* rows of a full batch */
    size_t slices[TP_LAYERS_MAX]; /* that the layer's units are cut into; 1: update by inputs */
    bool by_units[TP_LAYERS_MAX]; /* forward of this layer; then it has as many slices as step members */
    size_t evaluation_rows;       /* rows of one block of an evaluation */
};

/* The best plan for exactly `step_members`, at most `members`, as far as shapes alone tell. */
struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members,
                            size_t batch);

/* Cuts the network as the plan says. Its layers have been shaped for step_members or more. */
void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network);

enum tp_operation_kind {
    TP_DO_PACK,
    TP_DO_FORWARD,
    TP_DO_LOSS,
    TP_DO_BACKWARD,
    TP_DO_UPDATE,
    TP_DO_PREFETCH, /* asks for the samples of the next step */
    TP_DO_REPORT,   /* reports that the losses of the batch are complete */
    TP_DO_MEASURE,  /* the gradient's norm, in steps that are measured */
    TP_DO_BARRIER   /* waits for the other step members */
};

/* One thing that a member does in a step. */
struct tp_operation {
    enum tp_operation_kind kind;
    tileprop_verb verb; /* that its time counts as, in that layer */
    size_t layer, slice;
    struct tp_range rows;   /* of the batch; update reads all */
    struct tp_range inputs; /* of the layer: backward, update; begin is a multiple of 16 */
    bool bias;              /* update: the bias row too */

    /* Arguments of the verb; the step fills them in. */
    union {
        struct tp_pack pack;
        struct tp_forward forward;
        struct tp_loss loss;
        struct tp_backward backward;
        struct tp_update update;
    };
};

/*
 * Writes what `member` does in a step of `rows` rows, at most a batch, to operations[], unless that is NULL,
 * and returns the number of operations. The network is cut as the plan says. All step members meet at the
 * same barriers, the last of which ends the step. measure: the list has TP_DO_MEASURE.
 */
size_t tp_plan_operations(const struct tp_plan *plan, const struct tp_network *network, size_t member,
                          size_t rows, bool measure, struct tp_operation *operations);

/* Writes the lists of all step members for a full batch, one operation per line; false without memory. */
bool tp_plan_write(const struct tp_plan *plan, const struct tp_network *network, bool measure, FILE *out);

/* Share `member` of `members` of [0, count). */
struct tp_range tp_plan_share(size_t count, size_t member, size_t members);

/* Share `member` of `members` of [0, columns), in whole panels. */
struct tp_range tp_plan_share_panels(size_t columns, size_t member, size_t members);

/*
 * Whether `members` divide forward of a layer by units, as far as shapes tell; first: each of them packs the
 * layer's inputs.
 */
bool tp_plan_units_pay(size_t inputs, size_t units, bool first, size_t members, size_t batch);

/*
 * Whether backward of a layer is by inputs: if it is large and its forward by units. Each member then reads a
 * share of the transposed view instead of all of it, at the cost of a barrier.
 */
bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units);

#endif
