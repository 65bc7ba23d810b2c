#include "network/plan.h"

/*
 * Rows of an evaluation's block. Where all weights stay in L2, a block is small, so that its inputs stay in
 * L1. Else every block streams the weights from further away, and is as large as half a megabyte of
 * activations. All are multiples of 6 and 12, the rows of the wide tiles that first layers use.
 */
#define WEIGHTS_IN_L2   131072 /* floats: half a megabyte */
#define ROWS_SMALL      12
#define ACTIVATIONS_MAX 131072 /* floats of the widest layer */
#define ROWS_MIN        48
#define ROWS_MAX        192

static size_t evaluation_rows(const struct tp_network *network)
{
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layers[l].inputs > widest ? network->layers[l].inputs : widest;
    if (tp_network_parameters(network) <= WEIGHTS_IN_L2)
        return ROWS_SMALL;
    size_t rows = ACTIVATIONS_MAX / widest / ROWS_MIN * ROWS_MIN;
    return rows < ROWS_MIN ? ROWS_MIN : rows > ROWS_MAX ? ROWS_MAX : rows;
}

/*
 * Bytes that cross cores in a step. By rows, every member fetches the weights that the others updated. By
 * units, every member fetches all activations below (the first layer's are packed anew from bytes by each)
 * and everybody's outputs are fetched once. Slices of unequal size would cost more than either saves.
 */
bool tp_plan_units_pay(size_t inputs, size_t units, bool first, size_t members, size_t batch)
{
    if (members == 1 || tp_panel_count(units) % members)
        return false;
    size_t weights = sizeof(float) * inputs * units;
    size_t below = (first ? 1 : sizeof(float)) * inputs * batch;
    return weights > below + sizeof(float) * units * batch;
}

/*
 * By inputs, half of the view is read on two threads. With batches of 32 a run of 784-1024-1024-10 took 0.89
 * of the time, of 784-512-512-10 0.93, of 784-256-256-10 0.96, of 784-128-128-10 0.98 (Intel family 6 model
 * 207).
 */
#define WEIGHTS_BY_INPUTS 16384 /* at least, for which a barrier pays */

bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units)
{
    return by_units && inputs * units >= WEIGHTS_BY_INPUTS;
}

/*
 * Slices that differ by a panel keep most members waiting for one. Then the inputs are divided instead,
 * although prefetchers fetch lines that a neighbour writes: on two threads a step of 784-46-10, batch 32,
 * took 0.89 of the time so, of 784-80-10 0.86. Where slices are alike it took longer by inputs: 784-512-10,
 * batch 1, 1.4 times.
 */
#define PANELS_FEW 10 /* of a slice: from there on a panel more is less than a tenth */

static size_t slices_of(const struct tp_layer *layer, size_t members)
{
    size_t panels = tp_panel_count(layer->units);
    if (panels <= members)
        return panels;
    return panels % members && panels < PANELS_FEW * members ? 1 : members;
}

struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members,
                            size_t batch)
{
    struct tp_plan plan = {.members = members,
                           .step_members = step_members,
                           .batch = batch,
                           .evaluation_rows = evaluation_rows(network)};
    for (size_t l = 0; l < network->layer_count; l++) {
        plan.slices[l] = slices_of(&network->layers[l], step_members);
        plan.by_units[l] = tp_plan_units_pay(network->layers[l].inputs, network->layers[l].units, l == 0,
                                             step_members, batch);
    }
    return plan;
}

void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network)
{
    for (size_t l = 0; l < network->layer_count; l++)
        tp_network_cut(network, l, plan->slices[l]);
}

struct tp_range tp_plan_share(size_t count, size_t member, size_t members)
{
    return (struct tp_range){count * member / members, count * (member + 1) / members};
}

struct tp_range tp_plan_share_panels(size_t columns, size_t member, size_t members)
{
    struct tp_range panels = tp_plan_share(tp_panel_count(columns), member, members);
    size_t end = panels.end * TP_PANEL;
    return (struct tp_range){panels.begin * TP_PANEL, end < columns ? end : columns};
}

struct tp_update_share tp_plan_update(const struct tp_plan *plan, const struct tp_layer *layer, size_t member)
{
    size_t slices = layer->slice_count, slice = member % slices;
    size_t helpers = (plan->step_members - slice + slices - 1) / slices;
    struct tp_range inputs = tp_plan_share_panels(layer->inputs, member / slices, helpers);
    bool last = member / slices == helpers - 1;
    return (struct tp_update_share){slice, inputs, last && layer->bias};
}
