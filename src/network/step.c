#include "network/step.h"

#include <math.h>

#include "base/clock.h"
#include "data/sparse.h"
#include "network/binding.h"
#include "system/team.h"

static struct tp_matrix take_matrix(const struct tp_plan *plan, size_t columns, struct tp_arena *arena)
{
    const size_t rows = tp_shards_rows_max(&plan->shards, plan->batch), stride = tp_panel_stride(rows);
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

/* Whether weights, state and transposed copies exceed what stays in the caches. */
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
    if (step->plan->shards.count > 1)
        member->slots = tp_arena_take(arena, tp_plan_slots(step->plan) * TP_SLOT, sizeof(float));
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

static void add_matrix(const struct tp_matrix *to, const struct tp_matrix *from)
{
    for (size_t c = 0; c < to->columns; c += TP_PANEL)
        tp_shards_add(tp_matrix_at(to, 0, c), tp_matrix_at(from, 0, c), to->rows * TP_PANEL);
}

/* --- Lists -------------------------------------------------------------------------------------------------------- */

/* Before the first update nothing that outlives the step changes. All ranks agree on the report. */
static bool ends_abandonable(const struct tp_step *step, enum tp_operation_kind kind)
{
    return kind == TP_DO_UPDATE || kind == TP_DO_APPLY || (step->exchange && kind == TP_DO_SEND_LOSSES);
}

void tp_step_bind(const struct tp_step *step, struct tp_step_member *member)
{
    for (size_t i = 0; i < 2; i++) {
        struct tp_step_list *list = &member->lists[i];
        if (list->count == 0)
            continue;
        list->count =
            tp_plan_operations(step->plan, step->network, member->index, list->rows, step->measures, list->operations);
        list->own = tp_shards_rows_of_rank(&step->plan->shards, step->plan->shards.rank, list->rows);
        list->abandonable = list->count;
        for (size_t o = list->count; o-- > 0;) {
            struct tp_operation *operation = &list->operations[o];
            tp_bind(step, member, operation, list);
            if (ends_abandonable(step, operation->kind))
                list->abandonable = o;
            list->works |= operation->kind == TP_DO_UPDATE || operation->kind == TP_DO_APPLY ||
                           operation->kind == TP_DO_GRADIENT ||
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

/* A member prefetches as many of the next samples as it packs now. Always inlined, like tp_dataset_prefetch(). */
static inline __attribute__((always_inline)) void prefetch(const struct tp_step_member *member, struct tp_range rows,
                                                           const uint32_t *next, size_t next_rows)
{
    for (size_t r = rows.begin; r < rows.end && r < next_rows; r++)
        tp_dataset_prefetch(member->train, next[r]);
}

/* Sum of the squares of a panel's columns without padding, row by row. */
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
        struct tp_update update = tp_bind_update(step, member, l, member->index, rows);
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
 * Member 0 asks only while a barrier before the first update still passes its answer on to all. The others may see it
 * earlier and skip work; they still meet at the same barriers.
 */
static bool is_abandoned(struct tp_step *step, const struct tp_step_member *member, bool abandonable)
{
    if (member->index == 0 && abandonable && step->interrupted && step->interrupted(step->context))
        atomic_store_explicit(&step->abandoned, true, memory_order_relaxed);
    return atomic_load_explicit(&step->abandoned, memory_order_relaxed);
}

/* A step that any rank abandons is abandoned by all. */
static void report(struct tp_step *step, size_t rows)
{
    struct tp_exchange *exchange = step->exchange;
    if (exchange && exchange->ranks->rank == 0 && tp_exchange_wait_losses(exchange, step->loss, rows))
        atomic_store_explicit(&step->abandoned, true, memory_order_relaxed);
    if (step->losses_ready && (exchange || !atomic_load_explicit(&step->abandoned, memory_order_relaxed)))
        step->losses_ready(step->context, rows);
    if (exchange && atomic_load_explicit(&step->abandoned, memory_order_relaxed))
        tp_exchange_wait_all(exchange);
}

/* The next batch may have a different number of rows. */
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
    step->tier->refresh(&operation->update);
}

/* Whether a step that is abandoned, or computes nothing, leaves out an operation. Other members wait for the rest. */
static bool is_skipped(const struct tp_step *step, const struct tp_operation *operation, bool abandoned)
{
    const enum tp_operation_kind kind = operation->kind;
    const bool agrees = step->exchange && (kind == TP_DO_SEND_LOSSES || kind == TP_DO_REPORT);
    if (kind == TP_DO_BARRIER || agrees)
        return false;
    return abandoned || (step->idles && operation->verb != TILEPROP_EXCHANGE);
}

/* The samples of a step, index[rows], those of all ranks, and of the next step. */
struct samples {
    const uint32_t *index, *next;
    size_t rows, next_rows;
};

/* Everything but the products, which tp_step_run() calls itself. */
static void run_other(struct tp_step *step, struct tp_step_member *member, const struct tp_step_list *list,
                      struct tp_operation *operation, const struct samples *samples, bool abandoned)
{
    switch (operation->kind) {
    case TP_DO_PACK:
        pack(step, member, operation, samples->index + list->own.begin);
        break;
    case TP_DO_LOSS:
        loss(step, member, &operation->loss, samples->index + list->own.begin);
        break;
    case TP_DO_ADD:
    case TP_DO_COLLECT:
        add_matrix(&operation->add.to, &operation->add.from);
        break;
    case TP_DO_PUT:
        put(step, operation);
        break;
    case TP_DO_PREFETCH:
        prefetch(member, operation->rows, samples->next, samples->next_rows);
        break;
    case TP_DO_PACK_AHEAD:
        pack_ahead(step, member, samples->next, samples->next_rows);
        break;
    case TP_DO_REPORT:
        report(step, samples->rows);
        break;
    case TP_DO_MEASURE:
        if (step->measure)
            measure(step, member, samples->rows);
        break;
    default:
        tp_exchange_do(step->exchange, operation, step->loss + list->own.begin, samples->rows, abandoned);
        break;
    }
}

bool tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows)
{
    const struct tp_tier *tier = step->tier;
    const struct tp_step_list *list = &member->lists[rows != member->lists[0].rows];
    const struct samples samples = {index, next, rows, next_rows};
    bool abandoned = false;
    if (member->profile)
        member->profile->last = tp_clock_seconds();
    for (size_t i = 0; i < list->count; i++) {
        struct tp_operation *operation = &list->operations[i];
        abandoned = is_abandoned(step, member, i < list->abandonable);
        if (is_skipped(step, operation, abandoned))
            continue;
        switch (operation->kind) {
        case TP_DO_FORWARD:
            (operation->marked ? tier->forward_marked : tier->forward)(&operation->forward);
            break;
        case TP_DO_BACKWARD:
            tier->backward(&operation->backward);
            break;
        case TP_DO_UPDATE:
        case TP_DO_GRADIENT:
            (operation->marked ? tier->update_marked : tier->update)(&operation->update);
            break;
        case TP_DO_APPLY:
            tier->apply(&operation->update);
            break;
        case TP_DO_BARRIER:
            tp_team_barrier_of(step->plan->step_members);
            break;
        default:
            run_other(step, member, list, operation, &samples, abandoned);
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
