#include "network/step.h"

#include <math.h>

#include "system/team.h"

/* Whether each member packs the whole batch for itself: its first layer then reads every row. */
static bool packs_own_copy(const struct tp_plan *plan)
{
    return plan->by_units[0];
}

static size_t matrix_bytes(const struct tp_plan *plan, size_t columns)
{
    return tp_panel_count(columns) * tp_panel_stride(plan->batch) * sizeof(float);
}

size_t tp_step_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total)
{
    if (!packs_own_copy(plan))
        total = tp_arena_add(total, 1, matrix_bytes(plan, network->layers[0].inputs));
    for (size_t l = 0; l < network->layer_count; l++)
        total = tp_arena_add(tp_arena_add(total, 1, matrix_bytes(plan, network->layers[l].units)), 1,
                             matrix_bytes(plan, network->layers[l].units));
    total = tp_arena_add(total, plan->batch, sizeof(uint16_t));
    return tp_arena_add(tp_arena_add(total, plan->batch, sizeof(float)), plan->batch, sizeof(float));
}

static bool is_nontemporal(const struct tp_network *network)
{
    size_t bytes = 0, owners = 0;
    for (size_t l = 0; l < network->layer_count; l++)
        owners = network->layers[l].slice_count > owners ? network->layers[l].slice_count : owners;
    for (size_t m = 0; m < owners; m++)
        bytes = tp_network_bytes(network, m, bytes);
    return bytes > TP_NONTEMPORAL_BYTES;
}

void tp_step_place(struct tp_step *step, struct tp_arena *arena)
{
    step->nontemporal = is_nontemporal(step->network);
    step->stride = tp_panel_stride(step->plan->batch);
    if (!packs_own_copy(step->plan))
        step->inputs = tp_arena_take(arena, matrix_bytes(step->plan, step->network->layers[0].inputs));
    for (size_t l = 0; l < step->network->layer_count; l++) {
        step->a[l] = tp_arena_take(arena, matrix_bytes(step->plan, step->network->layers[l].units));
        step->d[l] = tp_arena_take(arena, matrix_bytes(step->plan, step->network->layers[l].units));
    }
    step->labels = tp_arena_take(arena, step->plan->batch * sizeof *step->labels);
    step->loss = tp_arena_take(arena, step->plan->batch * sizeof *step->loss);
    step->weights = tp_arena_take(arena, step->plan->batch * sizeof *step->weights);
}

size_t tp_step_member_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total)
{
    return packs_own_copy(plan) ? tp_arena_add(total, 1, matrix_bytes(plan, network->layers[0].inputs))
                                : total;
}

void tp_step_member_place(const struct tp_step *step, struct tp_step_member *member, struct tp_arena *arena)
{
    member->inputs = step->inputs;
    if (packs_own_copy(step->plan))
        member->inputs = tp_arena_take(arena, matrix_bytes(step->plan, step->network->layers[0].inputs));
}

size_t tp_step_measure_bytes(const struct tp_network *network, size_t total)
{
    for (size_t l = 0; l < network->layer_count; l++)
        total = tp_arena_add(total, tp_panel_count(network->layers[l].units), sizeof(double));
    return total;
}

void tp_step_measure_place(struct tp_step *step, struct tp_arena *arena)
{
    for (size_t l = 0; l < step->network->layer_count; l++)
        step->squares[l] =
            tp_arena_take(arena, tp_panel_count(step->network->layers[l].units) * sizeof(double));
}

static size_t gradient_bytes(const struct tp_network *network, size_t member)
{
    size_t most = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member];
        size_t bytes = tp_panel_count(slice->units) * slice->w_stride * sizeof(float);
        most = bytes > most ? bytes : most;
    }
    return most;
}

size_t tp_step_member_measure_bytes(const struct tp_network *network, size_t member, size_t total)
{
    return tp_arena_add(total, 1, gradient_bytes(network, member));
}

void tp_step_member_measure_place(const struct tp_step *step, struct tp_step_member *member,
                                  struct tp_arena *arena)
{
    member->gradient = tp_arena_take(arena, gradient_bytes(step->network, member->index));
}

static struct tp_matrix batch_matrix(const struct tp_step *step, float *data, size_t columns)
{
    return (struct tp_matrix){data, step->stride, step->plan->batch, columns};
}

/* What layer l reads. */
static struct tp_matrix inputs_of(const struct tp_step *step, const struct tp_step_member *member, size_t l)
{
    return batch_matrix(step, l == 0 ? member->inputs : step->a[l - 1], step->network->layers[l].inputs);
}

static struct tp_matrix weights_of(const struct tp_layer *layer, const struct tp_slice *slice)
{
    return (struct tp_matrix){slice->w, slice->w_stride, layer->inputs + layer->bias, slice->units};
}

static struct tp_matrix transposed_of(const struct tp_layer *layer, const struct tp_slice *slice)
{
    return (struct tp_matrix){slice->wt, slice->wt_stride, slice->units, layer->inputs};
}

/* The columns of a layer's outputs that belong to a slice. */
static struct tp_matrix outputs_of(const struct tp_step *step, float *data, const struct tp_slice *slice)
{
    return batch_matrix(step, data + slice->unit_begin / TP_PANEL * step->stride, slice->units);
}

static void pack(const struct tp_step *step, const struct tp_step_member *member, const uint32_t *index,
                 struct tp_range rows)
{
    const struct tp_tier *tier = step->tier;
    tp_pack_fn *verb = member->train->type == TILEPROP_U8 ? tier->pack_u8 : tier->pack_f32;
    verb(&(struct tp_pack){.row_begin = rows.begin,
                           .row_end = rows.end,
                           .samples = member->train->samples,
                           .index = index,
                           .scale = step->normalization->scale,
                           .shift = step->normalization->shift,
                           .a = inputs_of(step, member, 0)});
}

static void forward_slice(const struct tp_step *step, const struct tp_step_member *member, size_t l, size_t s,
                          struct tp_range rows)
{
    const struct tp_layer *layer = &step->network->layers[l];
    const struct tp_slice *slice = &layer->slices[s];
    step->tier->forward(&(struct tp_forward){.row_begin = rows.begin,
                                             .row_end = rows.end,
                                             .bias = layer->bias,
                                             .a = inputs_of(step, member, l),
                                             .w = weights_of(layer, slice),
                                             .z = outputs_of(step, step->a[l], slice),
                                             .activation = layer->activation});
}

/* Waits for the other step members behind a verb. */
static void meet(const struct tp_step *step, const struct tp_step_member *member, tileprop_verb verb,
                 size_t l)
{
    tp_team_barrier_of(step->plan->step_members);
    tp_profile_wait(member->profile, verb, l);
}

/* A barrier stands where a layer reads rows or units that another member wrote. */
static void forward(const struct tp_step *step, const struct tp_step_member *member, struct tp_range all,
                    struct tp_range own)
{
    const struct tp_plan *plan = step->plan;
    for (size_t l = 0; l < step->network->layer_count; l++) {
        if (l > 0 && (plan->by_units[l - 1] || plan->by_units[l]))
            meet(step, member, TILEPROP_FORWARD, l - 1);
        if (plan->by_units[l]) {
            forward_slice(step, member, l, member->index, all);
        } else {
            for (size_t s = 0; s < step->network->layers[l].slice_count; s++)
                forward_slice(step, member, l, s, own);
        }
        tp_profile_work(member->profile, TILEPROP_FORWARD, l);
    }
    if (plan->by_units[step->network->layer_count - 1])
        meet(step, member, TILEPROP_FORWARD, step->network->layer_count - 1);
}

static void loss(const struct tp_step *step, const struct tp_step_member *member, const uint32_t *index,
                 size_t batch, struct tp_range rows)
{
    const size_t last = step->network->layer_count - 1, classes = step->network->layers[last].units;
    for (size_t r = rows.begin; r < rows.end; r++)
        step->labels[r] = member->train->labels[index[r]];
    const float *class_weights = member->train->class_weights;
    for (size_t r = rows.begin; class_weights && r < rows.end; r++)
        step->weights[r] = class_weights[step->labels[r]];
    step->tier->loss(&(struct tp_loss){.row_begin = rows.begin,
                                       .row_end = rows.end,
                                       .z = batch_matrix(step, step->a[last], classes),
                                       .labels = step->labels,
                                       .weights = class_weights ? step->weights : NULL,
                                       .scale = 1 / (float)batch,
                                       .d = batch_matrix(step, step->d[last], classes),
                                       .loss = step->loss});
    tp_profile_work(member->profile, TILEPROP_LOSS, last);
}

static void backward_layer(const struct tp_step *step, size_t l, struct tp_range rows, struct tp_range inputs)
{
    const struct tp_layer *layer = &step->network->layers[l];
    for (size_t s = 0; s < layer->slice_count; s++) {
        const struct tp_slice *slice = &layer->slices[s];
        step->tier->backward(&(struct tp_backward){.row_begin = rows.begin,
                                                   .row_end = rows.end,
                                                   .input_begin = inputs.begin,
                                                   .input_end = inputs.end,
                                                   .first = s == 0,
                                                   .last = s + 1 == layer->slice_count,
                                                   .d = outputs_of(step, step->d[l], slice),
                                                   .wt = transposed_of(layer, slice),
                                                   .a = batch_matrix(step, step->a[l - 1], layer->inputs),
                                                   .d_in = batch_matrix(step, step->d[l - 1], layer->inputs),
                                                   .activation = step->network->layers[l - 1].activation});
    }
}

/*
 * A barrier stands where a layer reads gradients that another member wrote. What it reads of the activations
 * below, all have written before forward of the layer.
 */
static void backward(const struct tp_step *step, const struct tp_step_member *member, struct tp_range all,
                     struct tp_range own)
{
    const size_t last = step->network->layer_count - 1, members = step->plan->step_members;
    bool above_by_inputs = false;
    for (size_t l = last; l > 0; l--) {
        const struct tp_layer *layer = &step->network->layers[l];
        const bool by_inputs = tp_plan_inputs_pay(step->plan->by_units[l], layer->inputs, layer->units);
        if (by_inputs || above_by_inputs)
            meet(step, member, l == last ? TILEPROP_LOSS : TILEPROP_BACKWARD, l == last ? l : l + 1);
        if (by_inputs)
            backward_layer(step, l, all, tp_plan_share_panels(layer->inputs, member->index, members));
        else
            backward_layer(step, l, own, (struct tp_range){0, layer->inputs});
        tp_profile_work(member->profile, TILEPROP_BACKWARD, l);
        above_by_inputs = by_inputs;
    }
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

/* The gradients of the slices that the member owns, of which nothing is kept but their squares. */
static void measure(const struct tp_step *step, const struct tp_step_member *member, size_t rows)
{
    for (size_t l = 0; l < step->network->layer_count; l++) {
        const struct tp_layer *layer = &step->network->layers[l];
        if (member->index >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member->index];
        step->tier->update(&(struct tp_update){
            .rows = rows,
            .input_end = layer->inputs,
            .bias = layer->bias,
            .a = inputs_of(step, member, l),
            .d = outputs_of(step, step->d[l], slice),
            .optimizer = &step->optimizer,
            .w = weights_of(layer, slice),
            .gradient = {member->gradient, slice->w_stride, layer->inputs + layer->bias, slice->units}});
        for (size_t u = 0; u < slice->units; u += TP_PANEL) {
            size_t columns = slice->units - u < TP_PANEL ? slice->units - u : TP_PANEL;
            step->squares[l][(slice->unit_begin + u) / TP_PANEL] = panel_squares(
                member->gradient + u / TP_PANEL * slice->w_stride, layer->inputs + layer->bias, columns);
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

/* Whether the member had a part in it. */
static bool update(const struct tp_step *step, const struct tp_step_member *member, size_t rows)
{
    bool worked = false;
    for (size_t l = 0; l < step->network->layer_count; l++) {
        const struct tp_layer *layer = &step->network->layers[l];
        struct tp_update_share share = tp_plan_update(step->plan, layer, member->index);
        if (share.inputs.begin == share.inputs.end)
            continue;
        const struct tp_slice *slice = &layer->slices[share.slice];
        step->tier->update(&(struct tp_update){.rows = rows,
                                               .input_begin = share.inputs.begin,
                                               .input_end = share.inputs.end,
                                               .bias = share.bias,
                                               .a = inputs_of(step, member, l),
                                               .d = outputs_of(step, step->d[l], slice),
                                               .optimizer = &step->optimizer,
                                               .w = weights_of(layer, slice),
                                               .wt = transposed_of(layer, slice),
                                               .state = {slice->state[0], slice->state[1]},
                                               .nontemporal = step->nontemporal});
        tp_profile_work(member->profile, TILEPROP_UPDATE, l);
        worked = true;
    }
    return worked;
}

void tp_step_run(struct tp_step *step, struct tp_step_member *member, const uint32_t *index, size_t rows,
                 const uint32_t *next, size_t next_rows, void (*losses_ready)(void *context, size_t rows),
                 void *context)
{
    size_t members = step->plan->step_members;
    struct tp_range all = {0, rows}, own = tp_plan_share(rows, member->index, members);
    bool copies = packs_own_copy(step->plan);

    size_t last = step->network->layer_count - 1;

    tp_profile_begin(member->profile);
    pack(step, member, index, copies ? all : own);
    tp_profile_work(member->profile, TILEPROP_PACK, 0);
    forward(step, member, all, own);
    loss(step, member, index, rows, own);
    backward(step, member, all, own);
    struct tp_range to_come =
        copies ? (struct tp_range){0, next_rows} : tp_plan_share(next_rows, member->index, members);
    for (size_t r = to_come.begin; r < to_come.end; r++)
        tp_dataset_fetch(member->train, next[r]);
    tp_profile_work(member->profile, TILEPROP_PACK, 0);
    meet(step, member, last > 0 ? TILEPROP_BACKWARD : TILEPROP_LOSS, last > 0 ? 1 : 0);
    if (member->index == 0)
        losses_ready(context, rows);
    if (step->measure)
        measure(step, member, rows);
    tp_profile_work(member->profile, TILEPROP_LOSS, last);
    bool worked = update(step, member, rows);
    member->worked |= worked || own.begin < own.end;
    meet(step, member, TILEPROP_UPDATE, last);
}

size_t tp_step_first_bad_layer(const struct tp_step *step, size_t rows)
{
    for (size_t l = 0; l < step->network->layer_count; l++) {
        for (size_t r = 0; r < rows; r++) {
            for (size_t u = 0; u < step->network->layers[l].units; u++) {
                if (!isfinite(step->a[l][tp_panel_offset(step->stride, r, u)]))
                    return l + 1;
            }
        }
    }
    return 0;
}
