#include "network/plan.h"

/*
 * Rows of an evaluation's block. If all weights stay in L2, a block is small, so that many threads have equal
 * shares. Otherwise every block streams the weights from further away, so it is as large as half a megabyte of
 * activations allows. All are multiples of 6 and 12, the rows of the wide tiles that first layers use.
 */
#define WEIGHTS_IN_L2   131072 /* floats: half a megabyte */
#define ACTIVATIONS_MAX 131072 /* floats of the widest layer */
#define ROWS_MIN        48
#define ROWS_MAX        192

static size_t evaluation_rows(const struct tp_network *network)
{
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layers[l].inputs > widest ? network->layers[l].inputs : widest;
    if (tp_network_parameters(network) <= WEIGHTS_IN_L2)
        return ROWS_MIN;
    size_t rows = ACTIVATIONS_MAX / widest / ROWS_MIN * ROWS_MIN;
    return rows < ROWS_MIN ? ROWS_MIN : rows > ROWS_MAX ? ROWS_MAX : rows;
}

/*
 * Compares the bytes that cross cores in a step. By rows, every member reads the weights that the others
 * updated. By units, every member reads all activations below (each packs the first layer's anew, from
 * bytes), and everybody's outputs are read once. Unequal slices would cost more than either saves.
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
 * By inputs, each member reads its share of the transposed view instead of all of it. That gains more,
 * the larger the layer is (results/kernels.md).
 */
#define WEIGHTS_BY_INPUTS 16384 /* from here on the gain pays for a barrier */

bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units)
{
    return by_units && inputs * units >= WEIGHTS_BY_INPUTS;
}

/*
 * Slices that differ by a panel keep most members waiting for one. Then the inputs are divided instead,
 * although prefetchers fetch lines that a neighbour writes. Equal slices are faster by units
 * (results/kernels.md).
 */
#define PANELS_FEW 10 /* of a slice: from here on one panel more is at most a tenth */

static size_t slices_of(const struct tp_layer *layer, size_t members)
{
    size_t panels = tp_panel_count(layer->units);
    if (panels <= members)
        return panels;
    return panels % members && panels < PANELS_FEW * members ? 1 : members;
}

struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members, size_t batch)
{
    struct tp_plan plan = {
        .members = members, .step_members = step_members, .batch = batch, .evaluation_rows = evaluation_rows(network)};
    for (size_t l = 0; l < network->layer_count; l++) {
        plan.slices[l] = slices_of(&network->layers[l], step_members);
        plan.by_units[l] =
            tp_plan_units_pay(network->layers[l].inputs, network->layers[l].units, l == 0, step_members, batch);
    }
    return plan;
}

/*
 * By units, weights never cross cores, which saves more than it costs that every member packs all rows. Where the
 * panels cannot be divided evenly, update divides the inputs instead.
 */
struct tp_plan tp_plan_make_skipping(const struct tp_network *network, size_t members, size_t step_members,
                                     size_t batch)
{
    struct tp_plan plan = tp_plan_make(network, members, step_members, batch);
    plan.skips = true;
    plan.by_units[0] = step_members > 1 && tp_panel_count(network->layers[0].units) % step_members == 0;
    plan.slices[0] = plan.by_units[0] ? step_members : 1;
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

/* A list being written, or only counted if items is NULL. */
struct list {
    struct tp_operation *items;
    size_t count;
};

static void add(struct list *list, struct tp_operation operation)
{
    if (list->items)
        list->items[list->count] = operation;
    list->count++;
}

static void meet(struct list *list, tileprop_verb verb, size_t layer)
{
    add(list, (struct tp_operation){.kind = TP_DO_BARRIER, .verb = verb, .layer = layer});
}

/* Puts a barrier where a layer reads rows or units that another member wrote. */
static void add_forward(struct list *list, const struct tp_plan *plan, const struct tp_network *network, size_t member,
                        struct tp_range all, struct tp_range own)
{
    const size_t layers = network->layer_count;
    for (size_t l = 0; l < layers; l++) {
        struct tp_operation operation = {.kind = l == 0 && plan->skips ? TP_DO_FORWARD_MARKED : TP_DO_FORWARD,
                                         .verb = TILEPROP_FORWARD,
                                         .layer = l,
                                         .slice = member,
                                         .rows = all};
        if (l > 0 && (plan->by_units[l - 1] || plan->by_units[l]))
            meet(list, TILEPROP_FORWARD, l - 1);
        if (plan->by_units[l]) {
            add(list, operation);
            continue;
        }
        operation.rows = own;
        for (operation.slice = 0; operation.slice < network->layers[l].slice_count; operation.slice++)
            add(list, operation);
    }
    if (plan->by_units[layers - 1])
        meet(list, TILEPROP_FORWARD, layers - 1);
}

/*
 * Puts a barrier where a layer reads gradients that another member wrote. The activations below need none:
 * the team wrote all of them before forward of the layer.
 */
static void add_backward(struct list *list, const struct tp_plan *plan, const struct tp_network *network, size_t member,
                         struct tp_range all, struct tp_range own)
{
    const size_t last = network->layer_count - 1;
    bool above_by_inputs = false;
    for (size_t l = last; l > 0; l--) {
        const struct tp_layer *layer = &network->layers[l];
        const bool by_inputs = tp_plan_inputs_pay(plan->by_units[l], layer->inputs, layer->units);
        struct tp_operation operation = {.kind = TP_DO_BACKWARD, .verb = TILEPROP_BACKWARD, .layer = l};
        if (by_inputs || above_by_inputs)
            meet(list, l == last ? TILEPROP_LOSS : TILEPROP_BACKWARD, l == last ? l : l + 1);
        operation.rows = by_inputs ? all : own;
        operation.inputs = by_inputs ? tp_plan_share_panels(layer->inputs, member, plan->step_members)
                                     : (struct tp_range){0, layer->inputs};
        for (operation.slice = 0; operation.slice < layer->slice_count; operation.slice++)
            add(list, operation);
        above_by_inputs = by_inputs;
    }
}

/* A member beyond a layer's slices helps the owner of one with a share of the inputs. */
static void add_update(struct list *list, const struct tp_plan *plan, const struct tp_network *network, size_t member)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        const size_t slices = layer->slice_count, slice = member % slices, helper = member / slices;
        const size_t helpers = (plan->step_members - slice + slices - 1) / slices;
        const struct tp_range inputs = tp_plan_share_panels(layer->inputs, helper, helpers);
        if (inputs.begin < inputs.end)
            add(list, (struct tp_operation){.kind = l == 0 && plan->skips ? TP_DO_UPDATE_MARKED : TP_DO_UPDATE,
                                            .verb = TILEPROP_UPDATE,
                                            .layer = l,
                                            .slice = slice,
                                            .inputs = inputs,
                                            .bias = helper == helpers - 1 && layer->bias});
    }
}

size_t tp_plan_operations(const struct tp_plan *plan, const struct tp_network *network, size_t member, size_t rows,
                          bool measure, struct tp_operation *operations)
{
    struct list list = {.items = operations};
    const struct tp_range all = {0, rows}, own = tp_plan_share(rows, member, plan->step_members);
    const size_t last = network->layer_count - 1;
    /* If forward of the first layer reads every row, each member packs the whole batch for itself. */
    const struct tp_range packed = plan->by_units[0] ? all : own;

    add(&list, (struct tp_operation){.kind = TP_DO_PACK, .verb = TILEPROP_PACK, .rows = packed});
    add_forward(&list, plan, network, member, all, own);
    add(&list, (struct tp_operation){.kind = TP_DO_LOSS, .verb = TILEPROP_LOSS, .layer = last, .rows = own});
    add_backward(&list, plan, network, member, all, own);
    add(&list, (struct tp_operation){.kind = TP_DO_PREFETCH, .verb = TILEPROP_PACK, .rows = packed});
    meet(&list, last > 0 ? TILEPROP_BACKWARD : TILEPROP_LOSS, last > 0 ? 1 : 0);
    if (member == 0)
        add(&list, (struct tp_operation){.kind = TP_DO_REPORT, .verb = TILEPROP_LOSS, .layer = last, .rows = all});
    if (measure)
        add(&list, (struct tp_operation){.kind = TP_DO_MEASURE, .verb = TILEPROP_LOSS, .layer = last, .rows = all});
    add_update(&list, plan, network, member);
    meet(&list, TILEPROP_UPDATE, last);
    return list.count;
}
