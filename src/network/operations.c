/* The operations of a plan. */
#include "network/plan.h"

/* A member's list for a step of `rows` rows, being written, or only counted if items is NULL. */
struct list {
    const struct tp_plan *plan;
    const struct tp_network *network;
    size_t member, rows;
    size_t first;             /* of the batch's rows that this rank computes */
    struct tp_range all, own; /* these rows, and the member's share of them, counted from there */
    struct tp_operation *items;
    size_t count;
};

static void add(struct list *list, struct tp_operation operation)
{
    if (list->items)
        list->items[list->count] = operation;
    list->count++;
}

static void add_barrier(struct list *list, tileprop_verb verb, size_t layer)
{
    add(list, (struct tp_operation){.kind = TP_DO_BARRIER, .verb = verb, .layer = layer});
}

/* Keeps transfers between ranks, if there are several, moving. */
static void progress(struct list *list)
{
    if (list->member == 0 && list->plan->shards.ranks > 1)
        add(list, (struct tp_operation){.kind = TP_DO_PROGRESS, .verb = TILEPROP_EXCHANGE});
}

/* With several ranks, work comes in pieces: transfers start early and keep moving. */
#define ROWS_AT_ONCE  256
#define UNITS_AT_ONCE 256

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Adds an operation on some rows, for each of the slices [begin, end). */
static void add_rows(struct list *list, struct tp_operation operation, struct tp_range rows, struct tp_range slices)
{
    const size_t at_once = list->plan->shards.ranks > 1 ? ROWS_AT_ONCE : SIZE_MAX;
    operation.rows.end = rows.begin;
    do {
        operation.rows.begin = operation.rows.end;
        operation.rows.end = operation.rows.begin + min_size(rows.end - operation.rows.begin, at_once);
        for (operation.slice = slices.begin; operation.slice < slices.end; operation.slice++)
            add(list, operation);
        progress(list);
    } while (operation.rows.end < rows.end);
}

/* Adds forward of all layers, with a barrier where one reads rows or units that another member wrote. */
static void add_forward(struct list *list)
{
    const size_t layers = list->network->layer_count;
    for (size_t l = 0; l < layers; l++) {
        struct tp_operation operation = {
            .kind = TP_DO_FORWARD, .verb = TILEPROP_FORWARD, .layer = l, .marked = l == 0 && list->plan->skips};
        if (l > 0 && (list->plan->by_units[l - 1] || list->plan->by_units[l]))
            add_barrier(list, TILEPROP_FORWARD, l - 1);
        if (list->plan->by_units[l])
            add_rows(list, operation, list->all, (struct tp_range){list->member, list->member + 1});
        else
            add_rows(list, operation, list->own, (struct tp_range){0, list->network->layers[l].slice_count});
    }
    if (list->plan->by_units[layers - 1])
        add_barrier(list, TILEPROP_FORWARD, layers - 1);
}

static bool is_by_inputs(const struct list *list, size_t l)
{
    const struct tp_layer *layer = &list->network->layers[l];
    return tp_plan_inputs_pay(list->plan->by_units[l], layer->inputs, layer->units);
}

/* Backward of a layer. The activations below need no barrier: the team wrote all of them before forward of the layer.
 */
static void add_backward(struct list *list, size_t l, struct tp_range rows)
{
    const struct tp_layer *layer = &list->network->layers[l];
    struct tp_operation operation = {
        .kind = TP_DO_BACKWARD, .verb = TILEPROP_BACKWARD, .layer = l, .inputs = {0, layer->inputs}};
    if (is_by_inputs(list, l))
        operation.inputs = tp_plan_share_panels(layer->inputs, list->member, list->plan->step_members);
    add_rows(list, operation, rows, (struct tp_range){0, layer->slice_count});
}

/* Backward of all layers, with a barrier where one reads gradients that another member wrote. */
static void add_all_backward(struct list *list)
{
    const size_t last = list->network->layer_count - 1;
    bool above_by_inputs = false;
    for (size_t l = last; l > 0; l--) {
        const bool by_inputs = is_by_inputs(list, l);
        if (by_inputs || above_by_inputs)
            add_barrier(list, l == last ? TILEPROP_LOSS : TILEPROP_BACKWARD, l == last ? l : l + 1);
        add_backward(list, l, by_inputs ? list->all : list->own);
        above_by_inputs = by_inputs;
    }
}

/* A member's part of a layer's update. A member without a slice helps the owner of one with a share of the inputs. */
static struct tp_operation update_of(const struct list *list, size_t l)
{
    const struct tp_layer *layer = &list->network->layers[l];
    const size_t slices = layer->slice_count, slice = list->member % slices, helper = list->member / slices;
    const size_t helpers = (list->plan->step_members - slice + slices - 1) / slices;
    return (struct tp_operation){.kind = TP_DO_UPDATE,
                                 .verb = TILEPROP_UPDATE,
                                 .layer = l,
                                 .slice = slice,
                                 .marked = l == 0 && list->plan->skips,
                                 .inputs = tp_plan_share_panels(layer->inputs, helper, helpers),
                                 .bias = helper == helpers - 1 && layer->bias};
}

/* --- Shards ------------------------------------------------------------------------------------------------------- */

size_t tp_plan_slots(const struct tp_plan *plan)
{
    size_t slots = 1;
    for (size_t span = tp_shards_root(&plan->shards).span; span > 1; span /= 2)
        slots++;
    return slots;
}

/* Sums a node's shards in block->slot, using the slots after it meanwhile. False: the node has no rows. */
static bool add_node(struct list *list, const struct tp_operation *block, struct tp_node node)
{
    const struct tp_shards *shards = &list->plan->shards;
    struct tp_operation operation = *block;
    if (!tp_shards_has_rows(shards, node, list->rows))
        return false;
    if (node.span == 1) {
        operation.kind = TP_DO_GRADIENT;
        operation.rows = tp_shards_rows(shards, (struct tp_range){node.begin, node.begin + 1}, list->rows);
        operation.rows.begin -= list->first;
        operation.rows.end -= list->first;
        add(list, operation);
        return true;
    }
    const struct tp_node left = {node.begin, node.span / 2}, right = {node.begin + node.span / 2, node.span / 2};
    const bool before = add_node(list, block, left);
    operation.slot += before;
    const bool both = add_node(list, &operation, right) && before;
    operation.kind = TP_DO_ADD;
    operation.marked = false;
    operation.other = operation.slot;
    operation.slot = block->slot;
    if (both)
        add(list, operation);
    return true;
}

/* The block, of an update's inputs and a slice's units, that begins at this input and unit. */
static struct tp_operation block_at(const struct tp_operation *update, size_t input, size_t unit, size_t unit_end)
{
    struct tp_operation block = *update;
    const size_t units = min_size(unit_end - unit, TP_BLOCK_FLOATS / TP_BLOCK_INPUTS);
    const size_t columns = tp_panel_count(units) * TP_PANEL;
    const size_t inputs = TP_BLOCK_FLOATS / columns / TP_MARKS * TP_MARKS; /* words of marks are not split */
    block.units = (struct tp_range){unit, unit + units};
    block.inputs = (struct tp_range){input, min_size(input / TP_MARKS * TP_MARKS + inputs, update->inputs.end)};
    block.bias = update->bias && block.inputs.end == update->inputs.end;
    return block;
}

/* The update of some units from a batch in shards; with several ranks, only the gradients of this rank's nodes. */
static void add_sharded(struct list *list, const struct tp_operation *update, struct tp_range units)
{
    const struct tp_shards *shards = &list->plan->shards;
    const struct tp_slice *slice = &list->network->layers[update->layer].slices[update->slice];
    const size_t unit_end = min_size(slice->unit_begin + slice->w.columns, units.end);
    struct tp_node nodes[TP_NODES_MAX] = {tp_shards_root(shards)};
    const size_t count = shards->ranks > 1 ? tp_shards_nodes(shards, shards->rank, list->rows, nodes) : 1;
    struct tp_operation block;
    for (size_t u = max_size(slice->unit_begin, units.begin); u < unit_end; u = block.units.end) {
        for (size_t i = update->inputs.begin; i < update->inputs.end; i = block.inputs.end) {
            block = block_at(update, i, u, unit_end);
            for (block.slot = 0; block.slot < count; block.slot++)
                add_node(list, &block, nodes[block.slot]);
            if (shards->ranks > 1) {
                progress(list);
                continue;
            }
            struct tp_operation apply = block;
            apply.kind = TP_DO_APPLY;
            apply.marked = false;
            apply.slot = 0;
            add(list, apply);
        }
    }
}

static void add_updates(struct list *list)
{
    for (size_t l = 0; l < list->network->layer_count; l++) {
        const struct tp_operation update = update_of(list, l);
        if (update.inputs.begin == update.inputs.end)
            continue;
        if (list->plan->shards.count > 1)
            add_sharded(list, &update, (struct tp_range){0, list->network->layers[l].units});
        else
            add(list, update);
    }
}

/* --- Ranks -------------------------------------------------------------------------------------------------------- */

struct tp_range tp_plan_owned(const struct tp_plan *plan, const struct tp_layer *layer, size_t rank)
{
    return tp_plan_share_panels(layer->inputs, rank, plan->shards.ranks);
}

/* Member 0's operations with the other ranks. */
static void exchange(struct list *list, enum tp_operation_kind kind, size_t l, struct tp_range units)
{
    if (list->member == 0)
        add(list, (struct tp_operation){.kind = kind, .verb = TILEPROP_EXCHANGE, .layer = l, .units = units});
}

/* The gradients of some units of a layer, for the inputs that this rank owns or for those of all others. */
static void add_gradients(struct list *list, size_t l, struct tp_range units, bool owned)
{
    const struct tp_operation all = update_of(list, l);
    for (size_t r = 0; r < list->plan->shards.ranks; r++) {
        const struct tp_range of = tp_plan_owned(list->plan, &list->network->layers[l], r);
        struct tp_operation part = all;
        part.owner = r;
        part.inputs = (struct tp_range){max_size(of.begin, all.inputs.begin), min_size(of.end, all.inputs.end)};
        part.bias = all.bias && of.end == all.inputs.end;
        if ((r == list->plan->shards.rank) == owned && part.inputs.begin < part.inputs.end)
            add_sharded(list, &part, units);
    }
}

/* All ranks' nodes, ascending. */
struct nodes {
    struct tp_node items[TP_SHARDS_MAX];
    size_t count;
};

/* Adds up what ranks sent for a node of the tree. Returns the place of its sum, or nodes->count if there is none. */
static size_t add_received(struct list *list, const struct nodes *nodes, const struct tp_operation *block,
                           struct tp_node node)
{
    size_t i = 0;
    while (i < nodes->count && nodes->items[i].begin < node.begin)
        i++;
    if (i == nodes->count || nodes->items[i].begin >= node.begin + node.span)
        return nodes->count;
    if (nodes->items[i].span == node.span)
        return i;
    struct tp_operation collect = *block;
    collect.kind = TP_DO_COLLECT;
    collect.slot = add_received(list, nodes, block, (struct tp_node){node.begin, node.span / 2});
    collect.other = add_received(list, nodes, block, (struct tp_node){node.begin + node.span / 2, node.span / 2});
    if (collect.slot < nodes->count && collect.other < nodes->count)
        add(list, collect);
    return collect.slot < nodes->count ? collect.slot : collect.other;
}

/* Adds up and applies the gradients of the inputs that this rank owns, divided by units; sends the weights. */
static void add_collected(struct list *list, size_t l)
{
    const struct tp_shards *shards = &list->plan->shards;
    const struct tp_layer *layer = &list->network->layers[l];
    const struct tp_range owned = tp_plan_owned(list->plan, layer, shards->rank), all = {0, layer->units};
    struct tp_operation block = {.verb = TILEPROP_UPDATE,
                                 .layer = l,
                                 .inputs = owned,
                                 .bias = layer->bias && owned.end == layer->inputs,
                                 .units = tp_plan_share_panels(layer->units, list->member, list->plan->step_members),
                                 .owner = shards->rank};
    struct nodes nodes = {.count = 0};
    for (size_t r = 0; r < shards->ranks; r++)
        nodes.count += tp_shards_nodes(shards, r, list->rows, nodes.items + nodes.count);
    exchange(list, TP_DO_WAIT_GRADIENTS, l, all);
    add_barrier(list, TILEPROP_EXCHANGE, l);
    if (owned.begin < owned.end && block.units.begin < block.units.end) {
        block.slot = add_received(list, &nodes, &block, tp_shards_root(shards));
        block.kind = TP_DO_APPLY;
        add(list, block);
    }
    add_barrier(list, TILEPROP_UPDATE, l);
    exchange(list, TP_DO_SEND_WEIGHTS, l, all);
}

/* Everything from the losses on. */
static void add_exchange(struct list *list)
{
    const size_t last = list->network->layer_count - 1;
    add_barrier(list, TILEPROP_LOSS, last);
    exchange(list, TP_DO_SEND_LOSSES, last, (struct tp_range){0, list->network->layers[last].units});
    for (size_t l = last + 1; l-- > 0;) {
        const struct tp_range units = {0, list->network->layers[l].units};
        struct tp_range sent = {0, 0};
        while (sent.end < units.end) {
            sent = (struct tp_range){sent.end, min_size(sent.end + UNITS_AT_ONCE, units.end)};
            add_gradients(list, l, sent, false);
            if (l == last && sent.begin == 0)
                exchange(list, TP_DO_REPORT, last, units);
            add_barrier(list, TILEPROP_UPDATE, l);
            exchange(list, TP_DO_SEND_GRADIENTS, l, sent);
        }
        add_gradients(list, l, units, true);
        /* In the middle of backward: gradients have had time to arrive, and weights still have time to. */
        const struct tp_range passed = is_by_inputs(list, l) ? list->all : list->own;
        const size_t middle = (passed.begin + passed.end) / 2;
        if (l > 0)
            add_backward(list, l, (struct tp_range){passed.begin, middle});
        add_collected(list, l);
        if (l > 0) {
            add_backward(list, l, (struct tp_range){middle, passed.end});
            add_barrier(list, TILEPROP_BACKWARD, l);
        }
    }
    add(list, (struct tp_operation){.kind = TP_DO_PACK_AHEAD, .verb = TILEPROP_PACK});
    for (size_t l = last + 1; l-- > 0;) {
        struct tp_operation put = update_of(list, l);
        put.kind = TP_DO_PUT;
        exchange(list, TP_DO_WAIT_WEIGHTS, l, (struct tp_range){0, list->network->layers[l].units});
        add_barrier(list, TILEPROP_EXCHANGE, l);
        if (put.inputs.begin < put.inputs.end)
            add(list, put);
    }
}

/* --- All ---------------------------------------------------------------------------------------------------------- */

size_t tp_plan_operations(const struct tp_plan *plan, const struct tp_network *network, size_t member, size_t rows,
                          bool measure, struct tp_operation *operations)
{
    const struct tp_range of = tp_shards_rows_of_rank(&plan->shards, plan->shards.rank, rows),
                          all = {0, of.end - of.begin};
    const struct tp_range own = tp_plan_share(all.end, member, plan->step_members);
    const size_t last = network->layer_count - 1;
    /* If a member's forward of the first layer reads every row, each member packs the whole batch for itself. */
    const struct tp_range packed = plan->by_units[0] ? all : own;
    struct list list = {.plan = plan,
                        .network = network,
                        .member = member,
                        .rows = rows,
                        .first = of.begin,
                        .all = all,
                        .own = own,
                        .items = operations};

    add(&list, (struct tp_operation){.kind = TP_DO_PACK, .verb = TILEPROP_PACK, .rows = packed});
    add_forward(&list);
    add(&list, (struct tp_operation){.kind = TP_DO_LOSS, .verb = TILEPROP_LOSS, .layer = last, .rows = own});
    if (plan->shards.ranks > 1) {
        add_exchange(&list);
    } else {
        add_all_backward(&list);
        add(&list, (struct tp_operation){.kind = TP_DO_PREFETCH, .verb = TILEPROP_PACK, .rows = packed});
        add_barrier(&list, last > 0 ? TILEPROP_BACKWARD : TILEPROP_LOSS, last > 0 ? 1 : 0);
        if (member == 0)
            add(&list, (struct tp_operation){.kind = TP_DO_REPORT, .verb = TILEPROP_LOSS, .layer = last, .rows = all});
        if (measure)
            add(&list, (struct tp_operation){.kind = TP_DO_MEASURE, .verb = TILEPROP_LOSS, .layer = last, .rows = all});
        add_updates(&list);
    }
    add_barrier(&list, TILEPROP_UPDATE, last);
    return list.count;
}
