/*
 * The plan: how the work is divided among the members of a team. It changes who computes what and never a
 * bit.
 *
 * All members evaluate. Of small networks fewer of them take part in steps, perhaps one alone: the others
 * sleep until the next evaluation.
 *
 *   forward by rows      a member takes a share of the batch's rows and reads all of the layer's weights
 *   forward by units     a member takes the units that it owns, for all rows; only activations cross cores
 *   backward by rows     a member takes its share of the rows and reads all of the transposed view
 *   backward by inputs   a member takes a share of the inputs, for all rows, and reads its part of the view
 *   update by units      a member updates the units that it owns; members beyond a layer's slices help with a
 *                        share of the inputs
 *   update by inputs     every member updates a share of the inputs; the weights are one slice
 *
 * pack and loss are always by rows.
 */
#ifndef TP_PLAN_H
#define TP_PLAN_H

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

/* The best plan for exactly so many members as shapes alone tell; step_members is at most members. */
struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members,
                            size_t batch);

/* Cuts the network as the plan says. Its layers have been shaped for step_members or more. */
void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network);

/* Share `member` of `members` of [0, count). */
struct tp_range tp_plan_share(size_t count, size_t member, size_t members);

/*
 * Whether so many members take units in forward of a layer, as shapes alone tell; first: its inputs are
 * packed by each of them.
 */
bool tp_plan_units_pay(size_t inputs, size_t units, bool first, size_t members, size_t batch);

/*
 * Whether backward of a layer is by inputs: of a large one that is forward by units. Each member then streams
 * a share of the view instead of all of it, for a barrier.
 */
bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units);

/* Share `member` of `members` of [0, columns), in whole panels. */
struct tp_range tp_plan_share_panels(size_t columns, size_t member, size_t members);

/* What step member `member` updates in a layer: one slice and a range of its inputs. Empty when inputs.begin
 * == inputs.end. */
struct tp_update_share {
    size_t slice;
    struct tp_range inputs; /* begin is a multiple of 16 */
    bool bias;              /* the bias row too */
};
struct tp_update_share tp_plan_update(const struct tp_plan *plan, const struct tp_layer *layer,
                                      size_t member);

#endif
