/*
 * The plan: how a step is divided among the members of a team. It changes who computes what and never a bit.
 *
 *   by rows    a member takes a share of the batch's rows; every member reads all of the layer's weights
 *   by units   a member takes the units that it owns, for all rows; only activations cross cores
 *
 * loss and backward are always by rows. update goes by owned slices; members beyond a layer's slices help
 * with a share of the inputs.
 */
#ifndef TP_PLAN_H
#define TP_PLAN_H

#include "network.h"

struct tp_range {
    size_t begin, end;
};

struct tp_plan {
    size_t members;
    size_t batch;                 /* rows of a full batch */
    bool by_units[TP_LAYERS_MAX]; /* forward of this layer; then it has as many slices as members */
    size_t evaluation_rows;       /* rows of one block of an evaluation */
};

struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t batch);

/* Share `member` of `members` of [0, count). */
struct tp_range tp_plan_share(size_t count, size_t member, size_t members);

/* What `member` updates in a layer: one slice and a range of its inputs. Empty when inputs.begin ==
 * inputs.end. */
struct tp_update_share {
    size_t slice;
    struct tp_range inputs; /* begin is a multiple of 16 */
    bool bias;              /* the bias row too */
};
struct tp_update_share tp_plan_update(const struct tp_plan *plan, const struct tp_layer *layer,
                                      size_t member);

#endif
