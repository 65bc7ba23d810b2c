#include "network/step.h"

#include <math.h>

#include "base/clock.h"
#include "network/sparse.h"
#include "system/team.h"

static struct tp_matrix take_matrix(const struct tp_plan *plan, size_t columns, struct tp_arena *arena)
{
    const size_t stride = tp_panel_stride(plan->batch);
    return (struct tp_matrix){.data = tp_arena_take(arena, tp_panel_count(columns), stride * sizeof(float)),
                              .stride = stride,
                              .rows = plan->batch,
                              .columns = columns};
}

static struct tp_inputs take_inputs(const struct tp_plan *plan, size_t columns, struct tp_arena *arena)
{
    struct tp_inputs inputs = {.a = take_matrix(plan, columns, arena), .marks = {.rows = plan->batch}};
    if (plan->skips)
        inputs.marks.words = tp_arena_take(arena, plan->batch, tp_mark_words(columns) * sizeof(uint64_t));
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
                                const struct tp_operation *operation, size_t rows)
{
    const struct tp_dataset *train = member->train;
    return (struct tp_loss){.row_begin = operation->rows.begin,
                            .row_end = operation->rows.end,
                            .z = step->a[operation->layer],
                            .labels = step->labels,
                            .weights = train->class_weights || train->sample_weights ? step->weights : NULL,
                            .scale = 1 / (float)rows,
                            .d = step->d[operation->layer],
                            .loss = step->loss};
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

static void bind(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
                 size_t rows)
{
    switch (operation->kind) {
    case TP_DO_PACK:
        operation->pack = bind_pack(step, member, operation);
        break;
    case TP_DO_FORWARD:
    case TP_DO_FORWARD_MARKED:
        operation->forward = bind_forward(step, member, operation);
        break;
    case TP_DO_LOSS:
        operation->loss = bind_loss(step, member, operation, rows);
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
    case TP_DO_PREFETCH:
    case TP_DO_REPORT:
    case TP_DO_MEASURE:
    case TP_DO_BARRIER:
        break;
    }
}

void tp_step_bind(const struct tp_step *step, struct tp_step_member *member)
{
    for (size_t i = 0; i < 2; i++) {
        struct tp_step_list *list = &member->lists[i];
        if (list->count == 0)
            continue;
        tp_plan_operations(step->plan, step->network, member->index, list->rows, step->measures, list->operations);
        for (size_t o = 0; o < list->count; o++) {
            struct tp_operation *operation = &list->operations[o];
            bind(step, member, operation, list->rows);
            list->works |= operation->kind == TP_DO_UPDATE || operation->kind == TP_DO_UPDATE_MARKED ||
                           (operation->kind == TP_DO_LOSS && operation->rows.begin < operation->rows.end);
        }
    }
}

static void pack(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
                 const uint32_t *index)
{
    const struct tp_dataset *train = member->train;
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
static bool is_abandoned(struct tp_step *step, const struct tp_step_member *member, enum tp_operation_kind kind)
{
    if (member->index == 0 && kind < TP_DO_UPDATE && step->unwanted && step->unwanted(step->context))
        atomic_store_explicit(&step->abandoned, true, memory_order_relaxed);
    return atomic_load_explicit(&step->abandoned, memory_order_relaxed);
}

bool tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows)
{
    const struct tp_tier *tier = step->tier;
    const struct tp_step_list *list = &member->lists[rows != member->lists[0].rows];
    bool abandoned = false;
    if (member->profile)
        member->profile->last = tp_clock_seconds();
    for (size_t i = 0; i < list->count; i++) {
        struct tp_operation *operation = &list->operations[i];
        abandoned = is_abandoned(step, member, operation->kind);
        if (abandoned && operation->kind != TP_DO_BARRIER)
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
            tier->update(&operation->update);
            break;
        case TP_DO_UPDATE_MARKED:
            tier->update_marked(&operation->update);
            break;
        case TP_DO_PREFETCH:
            prefetch(member, operation->rows, next, next_rows);
            break;
        case TP_DO_REPORT:
            if (step->losses_ready)
                step->losses_ready(step->context, rows);
            break;
        case TP_DO_MEASURE:
            if (step->measure)
                measure(step, member, rows);
            break;
        case TP_DO_BARRIER:
            tp_team_barrier_of(step->plan->step_members);
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
