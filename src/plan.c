#include "plan.h"

/* A block's rows of the widest layer stay within this many floats, half a megabyte: L2 of most CPUs. */
#define EVALUATION_FLOATS    131072
#define EVALUATION_ROWS      48 /* at least; a multiple of every tile's rows */
#define EVALUATION_ROWS_MOST 192

/*
 * Bytes that cross cores in a step. By rows, every member fetches the weights that the others updated. By
 * units, every member fetches all activations below (the first layer's are packed anew from bytes by each)
 * and everybody's outputs are fetched once. Slices of unequal size would cost more than either saves.
 */
static bool units_pay(const struct tp_layer *layer, bool first, size_t members, size_t batch)
{
    if (members == 1 || tp_panel_count(layer->units) % members)
        return false;
    size_t weights = sizeof(float) * layer->inputs * layer->units;
    size_t below = (first ? 1 : sizeof(float)) * layer->inputs * batch;
    return weights > below + sizeof(float) * layer->units * batch;
}

struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t batch)
{
    struct tp_plan plan = {.members = members, .batch = batch};
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        plan.by_units[l] = units_pay(layer, l == 0, members, batch);
        widest = layer->inputs > widest ? layer->inputs : widest;
    }
    size_t rows = EVALUATION_FLOATS / widest / EVALUATION_ROWS * EVALUATION_ROWS;
    plan.evaluation_rows = rows < EVALUATION_ROWS        ? EVALUATION_ROWS
                           : rows > EVALUATION_ROWS_MOST ? EVALUATION_ROWS_MOST
                                                         : rows;
    return plan;
}

struct tp_range tp_plan_share(size_t count, size_t member, size_t members)
{
    return (struct tp_range){count * member / members, count * (member + 1) / members};
}

struct tp_update_share tp_plan_update(const struct tp_plan *plan, const struct tp_layer *layer, size_t member)
{
    size_t slices = layer->slice_count, slice = member % slices;
    size_t helpers = (plan->members - slice + slices - 1) / slices;
    struct tp_range panels = tp_plan_share(tp_panel_count(layer->inputs), member / slices, helpers);
    struct tp_range inputs = {panels.begin * TP_PANEL, panels.end * TP_PANEL};
    if (inputs.end > layer->inputs)
        inputs.end = layer->inputs;
    bool last = member / slices == helpers - 1;
    return (struct tp_update_share){slice, inputs, last && layer->bias};
}
