#include "network/exchange.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { TAG_LOSSES, TAG_GRADIENTS, TAG_WEIGHTS, TAG_OTHER };

/* Rows of an owner's block: its inputs, and the bias with the last of them. */
static size_t rows_of(const struct tp_exchange *x, const struct tp_layer *layer, size_t owner)
{
    const struct tp_range inputs = tp_plan_owned(x->plan, layer, owner);
    return inputs.end - inputs.begin + (inputs.begin < inputs.end && inputs.end == layer->inputs && layer->bias);
}

static size_t floats_of(const struct tp_exchange *x, const struct tp_layer *layer, size_t owner)
{
    return rows_of(x, layer, owner) * tp_panel_count(layer->units) * TP_PANEL;
}

static size_t floats_of_all(const struct tp_layer *layer)
{
    return (layer->inputs + layer->bias) * tp_panel_count(layer->units) * TP_PANEL;
}

/* An owner's block of a layer's matrix. */
static struct tp_matrix block_of(const struct tp_exchange *x, size_t l, float *all, size_t owner)
{
    const struct tp_layer *layer = &x->network->layers[l];
    const size_t rows = rows_of(x, layer, owner), begin = tp_plan_owned(x->plan, layer, owner).begin;
    return (struct tp_matrix){all + begin * tp_panel_count(layer->units) * TP_PANEL, rows * TP_PANEL, rows,
                              layer->units};
}

/* Number of a rank's nodes for a batch of `rows`; the same for every batch in which each shard has a row. */
static size_t nodes_of(const struct tp_exchange *x, size_t rank, size_t rows)
{
    struct tp_node nodes[TP_NODES_MAX];
    return tp_shards_nodes(&x->plan->shards, rank, rows, nodes);
}

static size_t own(const struct tp_exchange *x)
{
    return x->ranks->rank;
}

void tp_exchange_layout(struct tp_exchange *x, struct tp_arena *arena)
{
    const size_t every = x->plan->shards.count;
    x->losses = tp_arena_take(arena, x->plan->batch + x->ranks->count, sizeof *x->losses);
    for (size_t l = 0; l < x->network->layer_count; l++) {
        const struct tp_layer *layer = &x->network->layers[l];
        struct tp_exchange_layer *to = &x->layers[l];
        const size_t all = floats_of_all(layer), mine = floats_of(x, layer, own(x));
        size_t received = 0;
        for (size_t r = 0; r < x->ranks->count; r++)
            received += r != own(x) ? nodes_of(x, r, every) : 0;
        to->nodes = tp_arena_take(arena, nodes_of(x, own(x), every) * all, sizeof *to->nodes);
        to->received = tp_arena_take(arena, received * mine, sizeof *to->received);
        to->weights = tp_arena_take(arena, all, sizeof *to->weights);
        for (int i = 0; i < x->states; i++)
            to->state[i] = tp_arena_take(arena, mine, sizeof *to->state[i]);
    }
}

struct tp_matrix tp_exchange_node(const struct tp_exchange *x, size_t l, size_t owner, size_t node)
{
    return block_of(x, l, x->layers[l].nodes + node * floats_of_all(&x->network->layers[l]), owner);
}

struct tp_matrix tp_exchange_received(const struct tp_exchange *x, size_t l, size_t node, size_t rows)
{
    size_t before = 0; /* nodes of other ranks */
    for (size_t r = 0;; r++) {
        const size_t count = nodes_of(x, r, rows);
        if (node < count && r == own(x))
            return tp_exchange_node(x, l, r, node);
        if (node < count) {
            struct tp_matrix received = block_of(x, l, x->layers[l].received, own(x));
            received.data = x->layers[l].received + (before + node) * floats_of(x, &x->network->layers[l], own(x));
            return received;
        }
        node -= count;
        before += r != own(x) ? count : 0;
    }
}

struct tp_matrix tp_exchange_weights(const struct tp_exchange *x, size_t l, size_t owner)
{
    return block_of(x, l, x->layers[l].weights, owner);
}

/* --- Transfers ---------------------------------------------------------------------------------------------------- */

static void send(struct tp_exchange *x, size_t to, int tag, const void *bytes, size_t count)
{
    x->started = x->ranks->send(x->ranks->context, to, tag, bytes, count);
}

static void receive(struct tp_exchange *x, size_t from, int tag, void *bytes, size_t count)
{
    x->started = x->ranks->receive(x->ranks->context, from, tag, bytes, count);
}

static void wait_for(const struct tp_exchange *x, struct tp_range transfers)
{
    x->ranks->wait(x->ranks->context, transfers.begin, transfers.end);
}

void tp_exchange_wait_all(struct tp_exchange *x)
{
    x->ranks->finish(x->ranks->context);
    x->started = 0;
}

/* Where a rank's losses are on rank 0: after those of all ranks before it. */
static float *losses_of(const struct tp_exchange *x, size_t rank, size_t rows)
{
    return x->losses + tp_shards_rows_of_rank(&x->plan->shards, rank, rows).begin + rank;
}

static size_t rows_in(const struct tp_exchange *x, size_t rank, size_t rows)
{
    const struct tp_range range = tp_shards_rows_of_rank(&x->plan->shards, rank, rows);
    return range.end - range.begin;
}

static void send_losses(struct tp_exchange *x, const float *losses, size_t rows, bool abandons)
{
    const size_t count = rows_in(x, own(x), rows);
    float *to = losses_of(x, own(x), rows);
    memcpy(to, losses, count * sizeof *to);
    to[count] = abandons;
    if (own(x) > 0)
        send(x, 0, TAG_LOSSES, to, (count + 1) * sizeof *to);
    x->losses_received.begin = x->started;
    for (size_t r = 1; own(x) == 0 && r < x->ranks->count; r++)
        receive(x, r, TAG_LOSSES, losses_of(x, r, rows), (rows_in(x, r, rows) + 1) * sizeof *to);
    x->losses_received.end = x->started;
}

bool tp_exchange_wait_losses(struct tp_exchange *x, float *losses, size_t rows)
{
    bool abandoned = false;
    wait_for(x, x->losses_received);
    for (size_t r = 0; r < x->ranks->count; r++) {
        const size_t count = rows_in(x, r, rows);
        const float *from = losses_of(x, r, rows);
        memcpy(losses + tp_shards_rows_of_rank(&x->plan->shards, r, rows).begin, from, count * sizeof *from);
        abandoned |= from[count] != 0;
    }
    return abandoned;
}

/* Floats of these units in an owner's block, where they are contiguous. */
static size_t floats_of_units(const struct tp_exchange *x, size_t l, size_t owner, struct tp_range units)
{
    return rows_of(x, &x->network->layers[l], owner) * tp_panel_count(units.end - units.begin) * TP_PANEL;
}

/* Transfers the gradients of some units; unit 0's are sent first. */
static void send_gradients(struct tp_exchange *x, size_t l, struct tp_range units, size_t rows)
{
    struct tp_exchange_layer *layer = &x->layers[l];
    const size_t all = floats_of(x, &x->network->layers[l], own(x)), nodes = nodes_of(x, own(x), rows);
    const size_t mine = floats_of_units(x, l, own(x), units);
    float *received = layer->received + floats_of_units(x, l, own(x), (struct tp_range){0, units.begin});
    if (units.begin == 0)
        layer->receives[0].begin = x->started;
    for (size_t r = 0; mine && r < x->ranks->count; r++) {
        for (size_t n = 0; r != own(x) && n < nodes_of(x, r, rows); n++, received += all)
            receive(x, r, TAG_GRADIENTS, received, mine * sizeof *received);
    }
    layer->receives[0].end = x->started;
    for (size_t r = 0; r < x->ranks->count; r++) {
        const size_t bytes = floats_of_units(x, l, r, units) * sizeof(float);
        for (size_t n = 0; r != own(x) && bytes && n < nodes; n++) {
            const struct tp_matrix node = tp_exchange_node(x, l, r, n);
            send(x, r, TAG_GRADIENTS, tp_matrix_at(&node, 0, units.begin), bytes);
        }
    }
}

static void send_weights(struct tp_exchange *x, size_t l)
{
    const size_t own_bytes = floats_of(x, &x->network->layers[l], own(x)) * sizeof(float);
    x->layers[l].receives[1].begin = x->started;
    for (size_t r = 0; r < x->ranks->count; r++) {
        const size_t bytes = floats_of(x, &x->network->layers[l], r) * sizeof(float);
        if (r != own(x) && bytes)
            receive(x, r, TAG_WEIGHTS, tp_exchange_weights(x, l, r).data, bytes);
    }
    x->layers[l].receives[1].end = x->started;
    for (size_t r = 0; own_bytes && r < x->ranks->count; r++)
        if (r != own(x))
            send(x, r, TAG_WEIGHTS, tp_exchange_weights(x, l, own(x)).data, own_bytes);
}

void tp_exchange_do(struct tp_exchange *x, const struct tp_operation *operation, const float *losses, size_t rows,
                    bool abandons)
{
    switch (operation->kind) {
    case TP_DO_SEND_LOSSES:
        send_losses(x, losses, rows, abandons);
        break;
    case TP_DO_SEND_GRADIENTS:
        send_gradients(x, operation->layer, operation->units, rows);
        break;
    case TP_DO_WAIT_GRADIENTS:
        wait_for(x, x->layers[operation->layer].receives[0]);
        break;
    case TP_DO_SEND_WEIGHTS:
        send_weights(x, operation->layer);
        break;
    case TP_DO_WAIT_WEIGHTS:
        wait_for(x, x->layers[operation->layer].receives[1]);
        if (operation->layer == 0) /* the last */
            tp_exchange_wait_all(x);
        break;
    default:
        x->ranks->progress(x->ranks->context);
        break;
    }
}

void tp_exchange_broadcast(struct tp_exchange *x, void *bytes, size_t count)
{
    const size_t begin = x->started;
    for (size_t r = 1; own(x) == 0 && r < x->ranks->count; r++)
        send(x, r, TAG_OTHER, bytes, count);
    if (own(x) > 0) {
        receive(x, 0, TAG_OTHER, bytes, count);
        wait_for(x, (struct tp_range){begin, x->started});
    }
}

void tp_exchange_gather(struct tp_exchange *x, void *items, size_t size, size_t count)
{
    for (size_t r = 1; r < x->ranks->count; r++) {
        const struct tp_range share = tp_plan_share(count, r, x->ranks->count);
        char *part = (char *)items + share.begin * size;
        const size_t bytes = (share.end - share.begin) * size;
        if (own(x) == 0)
            receive(x, r, TAG_OTHER, part, bytes);
        else if (own(x) == r)
            send(x, 0, TAG_OTHER, part, bytes);
    }
    tp_exchange_wait_all(x);
}

/* --- Blocks and slices -------------------------------------------------------------------------------------------- */

/* Copies the intersection of an owner's block and these inputs of a slice, to or from the slice. */
static void copy_common(const struct tp_exchange *x, size_t l, size_t owner, struct tp_range inputs, bool bias,
                        bool to_slice, const struct tp_slice *slice, float *values, struct tp_matrix block)
{
    const struct tp_layer *layer = &x->network->layers[l];
    const struct tp_range owned = tp_plan_owned(x->plan, layer, owner);
    const size_t begin = owned.begin > inputs.begin ? owned.begin : inputs.begin;
    size_t end = owned.end < inputs.end ? owned.end : inputs.end;
    if (begin >= end)
        return;
    end += bias && end == layer->inputs;
    for (size_t u = 0; u < slice->w.columns; u += TP_PANEL) {
        float *of_slice = values + tp_panel_offset(slice->w.stride, begin, u);
        float *of_block = tp_matrix_at(&block, begin - owned.begin, slice->unit_begin + u);
        memcpy(to_slice ? of_slice : of_block, to_slice ? of_block : of_slice,
               (end - begin) * TP_PANEL * sizeof(float));
    }
}

void tp_exchange_put(const struct tp_exchange *x, size_t l, const struct tp_slice *slice, struct tp_range inputs,
                     bool bias)
{
    for (size_t r = 0; r < x->ranks->count; r++)
        copy_common(x, l, r, inputs, bias, true, slice, slice->w.data, tp_exchange_weights(x, l, r));
}

void tp_exchange_load(struct tp_exchange *x)
{
    for (size_t l = 0; l < x->network->layer_count; l++) {
        const struct tp_layer *layer = &x->network->layers[l];
        for (int i = 0; i < x->states; i++)
            memset(x->layers[l].state[i], 0, floats_of(x, layer, own(x)) * sizeof(float));
        for (size_t s = 0; s < layer->slice_count; s++)
            copy_common(x, l, own(x), (struct tp_range){0, layer->inputs}, layer->bias, false, &layer->slices[s],
                        layer->slices[s].w.data, tp_exchange_weights(x, l, own(x)));
    }
}

void tp_exchange_put_state(struct tp_exchange *x, int number, const struct tp_weights *values)
{
    for (size_t l = 0; l < x->network->layer_count; l++) {
        const struct tp_layer *layer = &x->network->layers[l];
        const struct tp_weights_layer *from = &values->layers[l];
        const struct tp_range owned = tp_plan_owned(x->plan, layer, own(x));
        struct tp_matrix block = tp_exchange_weights(x, l, own(x));
        block.data = x->layers[l].state[number - 1];
        for (size_t row = 0; row < block.rows; row++) {
            for (size_t u = 0; u < layer->units; u++) {
                const size_t input = owned.begin + row;
                const float value = input < layer->inputs ? from->weight[u * layer->inputs + input] : from->bias[u];
                *tp_matrix_at(&block, row, u) = fabsf(value) < FLT_MIN ? copysignf(0, value) : value;
            }
        }
    }
}

/* Uses the first node's memory, which no step is using now. */
void tp_exchange_gather_state(struct tp_exchange *x)
{
    for (size_t l = 0; l < x->network->layer_count; l++) {
        const struct tp_layer *layer = &x->network->layers[l];
        for (int i = 0; i < x->states; i++) {
            float *state = x->layers[l].state[i];
            for (size_t r = 1; own(x) == 0 && r < x->ranks->count; r++)
                receive(x, r, TAG_OTHER, tp_exchange_node(x, l, r, 0).data, floats_of(x, layer, r) * sizeof *state);
            if (own(x) > 0)
                send(x, 0, TAG_OTHER, state, floats_of(x, layer, own(x)) * sizeof *state);
            tp_exchange_wait_all(x);
            for (size_t r = 0; own(x) == 0 && r < x->ranks->count; r++) {
                struct tp_matrix block = tp_exchange_node(x, l, r, 0);
                block.data = r == 0 ? state : block.data;
                for (size_t s = 0; s < layer->slice_count; s++)
                    copy_common(x, l, r, (struct tp_range){0, layer->inputs}, layer->bias, true, &layer->slices[s],
                                layer->slices[s].state[i], block);
            }
        }
    }
}
