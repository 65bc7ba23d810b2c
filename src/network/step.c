#include "network/step.h"

#include <math.h>

#include "base/clock.h"
#include "network/sparse.h"
#include "system/team.h"

static struct tp_matrix take_matrix(const struct tp_plan *plan, size_t columns, struct tp_arena *arena)
{
    const size_t rows = tp_shards_most(&plan->shards, plan->batch), stride = tp_panel_stride(rows);
    return (struct tp_matrix){.data = tp_arena_take(arena, tp_panel_count(columns), stride * sizeof(float)),
                              .stride = stride,
                              .rows = rows,
                              .columns = columns};
}

static struct tp_inputs take_inputs(const struct tp_plan *plan, size_t columns, struct tp_arena *arena)
{
    struct tp_inputs inputs = {.a = take_matrix(plan, columns, arena)};
    inputs.marks.rows = inputs.a.rows;
    if (plan->skips)
        inputs.marks.words = tp_arena_take(arena, inputs.a.rows, tp_mark_words(columns) * sizeof(uint64_t));
    return inputs;
}

/* Whether weights, state and transposed views exceed what stays in the caches. */
static bool is_nontemporal(const struct tp_network *network, const struct tp_tier *tier)
{
    size_t floats = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        for (const struct tp_slice *s = layer->slices; s < layer->slices + layer->slice_count; s++) {
            floats += (size_t)(1 + network->states) * tp_panel_count(s->w.columns) * s->w.stride;
            floats += l > 0 ? tp_panel_count(s->wt.columns) * s->wt.stride : 0;
        }
    }
    return floats * sizeof(float) > tier->blocks->nontemporal_bytes;
}

void tp_step_layout(struct tp_step *step, struct tp_arena *arena)
{
    const struct tp_network *network = step->network;
    const struct tp_plan *plan = step->plan;
    if (!plan->by_units[0]) /* otherwise each member packs all rows itself: its first layer reads them */
        step->inputs = take_inputs(plan, network->layers[0].inputs, arena);
    for (size_t l = 0; l < network->layer_count; l++) {
        step->a[l] = take_matrix(plan, network->layers[l].units, arena);
        step->d[l] = take_matrix(plan, network->layers[l].units, arena);
        if (step->measures)
            step->squares[l] = tp_arena_take(arena, tp_panel_count(network->layers[l].units), sizeof(double));
    }
    step->labels = tp_arena_take(arena, plan->batch, sizeof *step->labels);
    step->loss = tp_arena_take(arena, plan->batch, sizeof *step->loss);
    step->weights = tp_arena_take(arena, plan->batch, sizeof *step->weights);
    step->nontemporal = is_nontemporal(network, step->tier);
}

/* Floats of a block of gradients. */
#define SLOT (TP_BLOCK_FLOATS + TP_BLOCK_FLOATS / TP_BLOCK_INPUTS)

/* Floats of the largest slice that a member owns. */
static size_t largest_slice(const struct tp_network *network, size_t member)
{
    size_t most = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        const struct tp_matrix *w = &layer->slices[member].w;
        const size_t floats = tp_panel_count(w->columns) * w->stride;
        most = floats > most ? floats : most;
    }
    return most;
}

void tp_step_member_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena)
{
    member->inputs = step->inputs;
    if (step->plan->by_units[0])
        member->inputs = take_inputs(step->plan, step->network->layers[0].inputs, arena);
    if (step->measures)
        member->gradient = tp_arena_take(arena, largest_slice(step->network, member->index), sizeof(float));
    if (step->plan->shards.count > 1)
        member->slots = tp_arena_take(arena, tp_plan_slots(step->plan) * SLOT, sizeof(float));
}

void tp_step_lists_layout(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena)
{
    const size_t rows[] = {step->plan->batch, step->last_rows};
    for (size_t i = 0; i < 2; i++) {
        struct tp_step_list *list = &member->lists[i];
        list->rows = rows[i];
        list->count =
            rows[i] ? tp_plan_operations(step->plan, step->network, member->index, rows[i], step->measures, NULL) : 0;
        list->operations = tp_arena_take(arena, list->count, sizeof *list->operations);
    }
}

/* The columns of a layer's matrix that belong to a slice of it. */
static struct tp_matrix columns_of(const struct tp_slice *slice, const struct tp_matrix *matrix)
{
    return tp_matrix_columns(matrix, slice->unit_begin, slice->w.columns);
}

static struct tp_pack bind_pack(const struct tp_step *step, const struct tp_step_member *member,
                                const struct tp_operation *operation)
{
    return (struct tp_pack){.row_begin = operation->rows.begin,
                            .row_end = operation->rows.end,
                            .samples = member->train->samples,
                            .scale = step->normalization->scale,
                            .shift = step->normalization->added,
                            .a = member->inputs.a,
                            .marks = member->inputs.marks};
}

static struct tp_forward bind_forward(const struct tp_step *step, const struct tp_step_member *member,
                                      const struct tp_operation *operation)
{
    const struct tp_layer *layer = &step->network->layers[operation->layer];
    const struct tp_slice *slice = &layer->slices[operation->slice];
    return (struct tp_forward){.row_begin = operation->rows.begin,
                               .row_end = operation->rows.end,
                               .bias = layer->bias,
                               .a = operation->layer == 0 ? member->inputs.a : step->a[operation->layer - 1],
                               .w = slice->w,
                               .sums = slice->sums,
                               .z = columns_of(slice, &step->a[operation->layer]),
                               .activation = layer->activation,
                               .marks = member->inputs.marks};
}

static struct tp_loss bind_loss(const struct tp_step *step, const struct tp_step_member *member,
                                const struct tp_operation *operation, const struct tp_step_list *list)
{
    const struct tp_dataset *train = member->train;
    return (struct tp_loss){.row_begin = operation->rows.begin,
                            .row_end = operation->rows.end,
                            .z = step->a[operation->layer],
                            .labels = step->labels,
                            .weights = train->class_weights || train->sample_weights ? step->weights : NULL,
                            .scale = 1 / (float)list->rows,
                            .d = step->d[operation->layer],
                            .loss = step->loss + list->own.begin};
}

static struct tp_backward bind_backward(const struct tp_step *step, const struct tp_operation *operation)
{
    const size_t l = operation->layer;
    const struct tp_layer *layer = &step->network->layers[l];
    const struct tp_slice *slice = &layer->slices[operation->slice];
    return (struct tp_backward){.row_begin = operation->rows.begin,
                                .row_end = operation->rows.end,
                                .input_begin = operation->inputs.begin,
                                .input_end = operation->inputs.end,
                                .first = operation->slice == 0,
                                .last = operation->slice + 1 == layer->slice_count,
                                .d = columns_of(slice, &step->d[l]),
                                .wt = slice->wt,
                                .a = step->a[l - 1],
                                .d_in = step->d[l - 1],
                                .activation = step->network->layers[l - 1].activation};
}

static struct tp_update bind_update(const struct tp_step *step, const struct tp_step_member *member, size_t l, size_t s,
                                    size_t rows)
{
    const struct tp_layer *layer = &step->network->layers[l];
    const struct tp_slice *slice = &layer->slices[s];
    return (struct tp_update){.rows = rows,
                              .input_end = layer->inputs,
                              .bias = layer->bias,
                              .a = l == 0 ? member->inputs.a : step->a[l - 1],
                              .d = columns_of(slice, &step->d[l]),
                              .optimizer = &step->optimizer,
                              .w = slice->w,
                              .wt = slice->wt,
                              .state = {slice->state[0], slice->state[1]},
                              .shift = layer->shift,
                              .sums = slice->sums,
                              .nontemporal = step->nontemporal,
                              .marks = member->inputs.marks};
}

/* --- Blocks ------------------------------------------------------------------------------------------------------- */

/* Rows of a block, and what is beyond the first `row` of a matrix. */
static size_t rows_of(const struct tp_operation *block)
{
    return block->inputs.end - block->inputs.begin + block->bias;
}

static struct tp_matrix rows_from(struct tp_matrix matrix, size_t row)
{
    matrix.data = matrix.data ? matrix.data + row * TP_PANEL : NULL;
    matrix.rows -= row;
    return matrix;
}

/* A block's part of an owner's matrix of the layer. */
static struct tp_matrix part_of(const struct tp_step *step, const struct tp_operation *block, struct tp_matrix matrix)
{
    const struct tp_range owned = tp_plan_owned(step->plan, &step->network->layers[block->layer], block->owner);
    const struct tp_matrix columns =
        tp_matrix_columns(&matrix, block->units.begin, block->units.end - block->units.begin);
    struct tp_matrix part = rows_from(columns, block->inputs.begin - owned.begin);
    part.rows = rows_of(block);
    return part;
}

/* Where a block of gradients lies: a rank's nodes where they are sent from, the others in the member's scratch. */
static struct tp_matrix slot_of(const struct tp_step *step, const struct tp_step_member *member,
                                const struct tp_operation *block, size_t slot, size_t rows)
{
    struct tp_node nodes[TP_NODES_MAX];
    const struct tp_shards *shards = &step->plan->shards;
    const size_t sent = step->exchange ? tp_shards_nodes(shards, shards->rank, rows, nodes) : 0;
    if (slot < sent)
        return part_of(step, block, tp_exchange_node(step->exchange, block->layer, block->owner, slot));
    return (struct tp_matrix){member->slots + (slot - sent) * SLOT, rows_of(block) * TP_PANEL, rows_of(block),
                              block->units.end - block->units.begin};
}

/* The gradient of a shard: columns of the slice's matrices, and rows of the shard. */
static struct tp_update bind_gradient(const struct tp_step *step, const struct tp_step_member *member,
                                      const struct tp_operation *block, size_t rows)
{
    struct tp_update update =
        bind_update(step, member, block->layer, block->slice, block->rows.end - block->rows.begin);
    const size_t unit = block->units.begin - step->network->layers[block->layer].slices[block->slice].unit_begin;
    const size_t units = block->units.end - block->units.begin;
    update.input_begin = block->inputs.begin;
    update.input_end = block->inputs.end;
    update.bias = block->bias;
    update.a = rows_from(update.a, block->rows.begin);
    update.d = rows_from(tp_matrix_columns(&update.d, unit, units), block->rows.begin);
    update.w = tp_matrix_columns(&update.w, unit, units);
    update.sums = tp_matrix_columns(&update.sums, unit, units);
    update.gradient = slot_of(step, member, block, block->slot, rows);
    if (update.marks.words)
        update.marks.words += block->rows.begin;
    return update;
}

/* To a block of a slice. */
static struct tp_apply bind_apply(const struct tp_step *step, const struct tp_step_member *member,
                                  const struct tp_operation *block, size_t rows)
{
    const struct tp_layer *layer = &step->network->layers[block->layer];
    const struct tp_slice *slice = &layer->slices[block->slice];
    const size_t unit = block->units.begin - slice->unit_begin, units = block->units.end - block->units.begin;
    struct tp_apply apply = {.input_begin = block->inputs.begin,
                             .input_end = block->inputs.end,
                             .inputs = layer->inputs,
                             .bias = block->bias,
                             .gradient = slot_of(step, member, block, block->slot, rows),
                             .optimizer = &step->optimizer,
                             .w = tp_matrix_columns(&slice->w, unit, units),
                             .wt = rows_from(slice->wt, unit),
                             .shift = layer->shift,
                             .sums = tp_matrix_columns(&slice->sums, unit, units),
                             .nontemporal = step->nontemporal};
    apply.wt.rows = units;
    for (int i = 0; i < 2 && slice->state[i]; i++)
        apply.state[i] = slice->state[i] + tp_panel_offset(slice->w.stride, 0, unit);
    return apply;
}

/* To the weights that this rank owns, whose derived values are made where they are put in place. */
static struct tp_apply bind_owned(const struct tp_step *step, const struct tp_operation *block, size_t rows)
{
    const struct tp_exchange *exchange = step->exchange;
    const size_t inputs = block->inputs.end - block->inputs.begin;
    const struct tp_matrix w = tp_exchange_weights(exchange, block->layer, block->owner);
    struct tp_apply apply = {.input_end = inputs,
                             .inputs = inputs,
                             .bias = block->bias,
                             .gradient =
                                 part_of(step, block, tp_exchange_sent(exchange, block->layer, block->slot, rows)),
                             .optimizer = &step->optimizer,
                             .w = part_of(step, block, w),
                             .nontemporal = step->nontemporal};
    for (int i = 0; i < exchange->states; i++)
        apply.state[i] = exchange->layers[block->layer].state[i] + tp_panel_offset(w.stride, 0, block->units.begin);
    return apply;
}

static struct tp_refresh bind_refresh(const struct tp_step *step, const struct tp_operation *operation)
{
    const struct tp_layer *layer = &step->network->layers[operation->layer];
    const struct tp_slice *slice = &layer->slices[operation->slice];
    return (struct tp_refresh){.input_begin = operation->inputs.begin,
                               .input_end = operation->inputs.end,
                               .w = slice->w,
                               .wt = slice->wt,
                               .shift = layer->shift,
                               .sums = slice->sums,
                               .nontemporal = step->nontemporal};
}

/* Adds a matrix to another one. */
static void add_matrix(const struct tp_matrix *to, const struct tp_matrix *from)
{
    for (size_t c = 0; c < to->columns; c += TP_PANEL) {
        float *sum = tp_matrix_at(to, 0, c);
        const float *more = tp_matrix_at(from, 0, c);
        for (size_t i = 0; i < to->rows * TP_PANEL; i++)
            sum[i] += more[i];
    }
}

/* --- Lists -------------------------------------------------------------------------------------------------------- */

static void bind(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
                 const struct tp_step_list *list)
{
    const size_t rows = list->rows;
    switch (operation->kind) {
    case TP_DO_PACK:
        operation->pack = bind_pack(step, member, operation);
        break;
    case TP_DO_FORWARD:
    case TP_DO_FORWARD_MARKED:
        operation->forward = bind_forward(step, member, operation);
        break;
    case TP_DO_LOSS:
        operation->loss = bind_loss(step, member, operation, list);
        break;
    case TP_DO_BACKWARD:
        operation->backward = bind_backward(step, operation);
        break;
    case TP_DO_UPDATE:
    case TP_DO_UPDATE_MARKED:
        operation->update = bind_update(step, member, operation->layer, operation->slice, rows);
        operation->update.input_begin = operation->inputs.begin;
        operation->update.input_end = operation->inputs.end;
        operation->update.bias = operation->bias;
        break;
    case TP_DO_GRADIENT:
    case TP_DO_GRADIENT_MARKED:
        operation->update = bind_gradient(step, member, operation, rows);
        break;
    case TP_DO_ADD:
        operation->add.to = slot_of(step, member, operation, operation->slot, rows);
        operation->add.from = slot_of(step, member, operation, operation->other, rows);
        break;
    case TP_DO_COLLECT:
        operation->add.to =
            part_of(step, operation, tp_exchange_sent(step->exchange, operation->layer, operation->slot, rows));
        operation->add.from =
            part_of(step, operation, tp_exchange_sent(step->exchange, operation->layer, operation->other, rows));
        break;
    case TP_DO_APPLY:
        operation->apply =
            step->exchange ? bind_owned(step, operation, rows) : bind_apply(step, member, operation, rows);
        break;
    case TP_DO_PUT:
        operation->refresh = bind_refresh(step, operation);
        break;
    default:
        break;
    }
}

/* Nothing that outlives the step changes before an update, and all ranks agree with the report. */
static bool ends_abandonable(const struct tp_step *step, enum tp_operation_kind kind)
{
    return kind == TP_DO_UPDATE || kind == TP_DO_UPDATE_MARKED || kind == TP_DO_APPLY ||
           (step->exchange && kind == TP_DO_SEND_LOSSES);
}

void tp_step_bind(const struct tp_step *step, struct tp_step_member *member)
{
    for (size_t i = 0; i < 2; i++) {
        struct tp_step_list *list = &member->lists[i];
        if (list->count == 0)
            continue;
        list->count =
            tp_plan_operations(step->plan, step->network, member->index, list->rows, step->measures, list->operations);
        list->own = tp_shards_own(&step->plan->shards, step->plan->shards.rank, list->rows);
        list->abandonable = list->count;
        for (size_t o = list->count; o-- > 0;) {
            struct tp_operation *operation = &list->operations[o];
            bind(step, member, operation, list);
            if (ends_abandonable(step, operation->kind))
                list->abandonable = o;
            list->works |= operation->kind == TP_DO_UPDATE || operation->kind == TP_DO_UPDATE_MARKED ||
                           operation->kind == TP_DO_APPLY || operation->kind == TP_DO_GRADIENT ||
                           operation->kind == TP_DO_GRADIENT_MARKED ||
                           (operation->kind == TP_DO_LOSS && operation->rows.begin < operation->rows.end);
        }
    }
}

static void pack(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
                 const uint32_t *index)
{
    const struct tp_dataset *train = member->train;
    if (member->packed && member->packed == index)
        return;
    operation->pack.index = index;
    if (train->type == TILEPROP_CSR)
        tp_sparse_pack(&operation->pack, train, step->normalization);
    else
        (train->type == TILEPROP_U8 ? step->tier->pack_u8 : step->tier->pack_f32)(&operation->pack);
}

static void loss(const struct tp_step *step, const struct tp_step_member *member, const struct tp_loss *loss,
                 const uint32_t *index)
{
    const float *of_classes = member->train->class_weights, *of_samples = member->train->sample_weights;
    for (size_t r = loss->row_begin; r < loss->row_end; r++)
        step->labels[r] = member->train->labels[index[r]];
    for (size_t r = loss->row_begin; loss->weights && r < loss->row_end; r++)
        step->weights[r] = (of_classes ? of_classes[step->labels[r]] : 1) * (of_samples ? of_samples[index[r]] : 1);
    step->tier->loss(loss);
}

/* A member prefetches as many of the next samples as it packs now. Always inlined, as tp_dataset_fetch() is. */
static inline __attribute__((always_inline)) void prefetch(const struct tp_step_member *member, struct tp_range rows,
                                                           const uint32_t *next, size_t next_rows)
{
    for (size_t r = rows.begin; r < rows.end && r < next_rows; r++)
        tp_dataset_fetch(member->train, next[r]);
}

/* Sum of the squares of the real columns of a panel, row by row. */
static double panel_squares(const float *panel, size_t rows, size_t columns)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++)
            sum += (double)panel[r * TP_PANEL + c] * (double)panel[r * TP_PANEL + c];
    }
    return sum;
}

/* Gradients of the slices that the member owns; only their squares are kept. */
static void measure(const struct tp_step *step, const struct tp_step_member *member, size_t rows)
{
    for (size_t l = 0; l < step->network->layer_count; l++) {
        const struct tp_layer *layer = &step->network->layers[l];
        if (member->index >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member->index];
        struct tp_update update = bind_update(step, member, l, member->index, rows);
        update.gradient = slice->w;
        update.gradient.data = member->gradient;
        (l == 0 && step->plan->skips ? step->tier->update_marked : step->tier->update)(&update);
        for (size_t u = 0; u < slice->w.columns; u += TP_PANEL) {
            const size_t left = slice->w.columns - u;
            step->squares[l][(slice->unit_begin + u) / TP_PANEL] =
                panel_squares(tp_matrix_at(&update.gradient, 0, u), slice->w.rows, left < TP_PANEL ? left : TP_PANEL);
        }
    }
}

/* Charges the time since the last call to the verb and layer, as work or as waiting. */
static void count_time(struct tp_profile *profile, const struct tp_operation *operation)
{
    const double now = tp_clock_seconds();
    tileprop_time *cell = &profile->cells[operation->verb][operation->layer];
    *(operation->kind == TP_DO_BARRIER ? &cell->waited : &cell->seconds) += now - profile->last;
    profile->last = now;
}

void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers, tileprop_time *times)
{
    for (size_t v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < layers; l++) {
            tileprop_time sum = {0};
            for (size_t m = 0; m < members; m++) {
                const tileprop_time *cell = &profiles[m].cells[v][l];
                sum.seconds += cell->seconds / (double)members;
                sum.waited += cell->waited / (double)members;
                sum.longest = cell->seconds > sum.longest ? cell->seconds : sum.longest;
            }
            times[v * layers + l] = sum;
        }
    }
}

double tp_step_gradient_norm(const struct tp_step *step, size_t layer)
{
    double sum = 0;
    for (size_t p = 0; p < tp_panel_count(step->network->layers[layer].units); p++)
        sum += step->squares[layer][p];
    return sqrt(sum);
}

/*
 * Member 0 asks only while its answer reaches everybody with a barrier before the first update. The others may
 * see it earlier and skip work; they meet at the same barriers all the same.
 */
static bool is_abandoned(struct tp_step *step, const struct tp_step_member *member, bool abandonable)
{
    if (member->index == 0 && abandonable && step->unwanted && step->unwanted(step->context))
        atomic_store_explicit(&step->abandoned, true, memory_order_relaxed);
    return atomic_load_explicit(&step->abandoned, memory_order_relaxed);
}

/* With other ranks: a step that any of them abandons is abandoned by all. */
static void report(struct tp_step *step, size_t rows)
{
    struct tp_exchange *exchange = step->exchange;
    if (exchange && exchange->ranks->rank == 0 && tp_exchange_wait_losses(exchange, step->loss, rows))
        atomic_store_explicit(&step->abandoned, true, memory_order_relaxed);
    if (step->losses_ready && (exchange || !atomic_load_explicit(&step->abandoned, memory_order_relaxed)))
        step->losses_ready(step->context, rows);
    if (exchange && atomic_load_explicit(&step->abandoned, memory_order_relaxed))
        tp_exchange_finish(exchange);
}

/* The next batch may have other rows than this one. */
static void pack_ahead(const struct tp_step *step, struct tp_step_member *member, const uint32_t *next,
                       size_t next_rows)
{
    struct tp_step_list *list = &member->lists[next_rows != member->lists[0].rows];
    member->packed = NULL;
    if (next_rows == 0)
        return;
    pack(step, member, &list->operations[0], next + list->own.begin);
    member->packed = next + list->own.begin;
}

static void put(const struct tp_step *step, const struct tp_operation *operation)
{
    const struct tp_slice *slice = &step->network->layers[operation->layer].slices[operation->slice];
    tp_exchange_put(step->exchange, operation->layer, slice, operation->inputs, operation->bias);
    step->tier->refresh(&operation->refresh);
}

/* Whether an operation is left out of a step that is abandoned, or computes nothing. Others wait for the rest. */
static bool is_skipped(const struct tp_step *step, const struct tp_operation *operation, bool abandoned)
{
    const enum tp_operation_kind kind = operation->kind;
    const bool agrees = step->exchange && (kind == TP_DO_SEND_LOSSES || kind == TP_DO_REPORT);
    if (kind == TP_DO_BARRIER || agrees)
        return false;
    return abandoned || (step->idles && operation->verb != TILEPROP_EXCHANGE);
}

bool tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows)
{
    const struct tp_tier *tier = step->tier;
    const struct tp_step_list *list = &member->lists[rows != member->lists[0].rows];
    bool abandoned = false;
    if (member->profile)
        member->profile->last = tp_clock_seconds();
    index += list->own.begin;
    for (size_t i = 0; i < list->count; i++) {
        struct tp_operation *operation = &list->operations[i];
        abandoned = is_abandoned(step, member, i < list->abandonable);
        if (is_skipped(step, operation, abandoned))
            continue;
        switch (operation->kind) {
        case TP_DO_PACK:
            pack(step, member, operation, index);
            break;
        case TP_DO_FORWARD:
            tier->forward(&operation->forward);
            break;
        case TP_DO_FORWARD_MARKED:
            tier->forward_marked(&operation->forward);
            break;
        case TP_DO_LOSS:
            loss(step, member, &operation->loss, index);
            break;
        case TP_DO_BACKWARD:
            tier->backward(&operation->backward);
            break;
        case TP_DO_UPDATE:
        case TP_DO_GRADIENT:
            tier->update(&operation->update);
            break;
        case TP_DO_UPDATE_MARKED:
        case TP_DO_GRADIENT_MARKED:
            tier->update_marked(&operation->update);
            break;
        case TP_DO_ADD:
        case TP_DO_COLLECT:
            add_matrix(&operation->add.to, &operation->add.from);
            break;
        case TP_DO_APPLY:
            tier->apply(&operation->apply);
            break;
        case TP_DO_PUT:
            put(step, operation);
            break;
        case TP_DO_PREFETCH:
            prefetch(member, operation->rows, next, next_rows);
            break;
        case TP_DO_PACK_AHEAD:
            pack_ahead(step, member, next, next_rows);
            break;
        case TP_DO_REPORT:
            report(step, rows);
            break;
        case TP_DO_MEASURE:
            if (step->measure)
                measure(step, member, rows);
            break;
        case TP_DO_BARRIER:
            tp_team_barrier_of(step->plan->step_members);
            break;
        case TP_DO_SEND_LOSSES:
        case TP_DO_SEND_GRADIENTS:
        case TP_DO_WAIT_GRADIENTS:
        case TP_DO_SEND_WEIGHTS:
        case TP_DO_WAIT_WEIGHTS:
        case TP_DO_PROGRESS:
            tp_exchange_do(step->exchange, operation, step->loss + list->own.begin, rows, abandoned);
            break;
        }
        if (member->profile)
            count_time(member->profile, operation);
    }
    member->worked |= list->works && !abandoned;
    return !abandoned;
}

size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows)
{
    for (size_t l = 0; l < step->network->layer_count; l++) {
        struct tp_matrix outputs = step->a[l];
        outputs.rows = rows;
        if (!tp_matrix_finite(&outputs))
            return l + 1;
    }
    return 0;
}
