#include "network/evaluator.h"

#include <math.h>
#include <stdbool.h>

#include "system/team.h"

static size_t block_bytes(const struct tp_plan *plan, size_t columns)
{
    return tp_panel_count(columns) * plan->evaluation_rows * TP_PANEL * sizeof(float);
}

static size_t widest_output(const struct tp_network *network)
{
    size_t widest = 0;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layers[l].units > widest ? network->layers[l].units : widest;
    return widest;
}

size_t tp_evaluator_member_bytes(const struct tp_network *network, const struct tp_plan *plan, size_t total)
{
    total = tp_arena_add(total, 1, block_bytes(plan, network->layers[0].inputs));
    total = tp_arena_add(total, 1, block_bytes(plan, widest_output(network)));
    return tp_arena_add(total, 1, block_bytes(plan, widest_output(network)));
}

void tp_evaluator_member_place(const struct tp_evaluator *evaluator, struct tp_evaluator_member *member,
                               struct tp_arena *arena)
{
    const struct tp_network *network = evaluator->network;
    member->inputs = tp_arena_take(arena, block_bytes(evaluator->plan, network->layers[0].inputs));
    for (int i = 0; i < 2; i++)
        member->outputs[i] = tp_arena_take(arena, block_bytes(evaluator->plan, widest_output(network)));
}

static void pack(const struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                 const struct tp_dataset *dataset, size_t begin, size_t rows)
{
    const struct tp_tier *tier = evaluator->tier;
    tp_pack_fn *verb = dataset->type == TILEPROP_U8 ? tier->pack_u8 : tier->pack_f32;
    verb(
        &(struct tp_pack){.row_end = rows,
                          .samples = (const char *)dataset->samples + begin * tp_dataset_sample_size(dataset),
                          .scale = evaluator->normalization->scale,
                          .shift = evaluator->normalization->shift,
                          .a = {member->inputs, rows * TP_PANEL, rows, dataset->features}});
}

/* Outputs of layer l for the rows whose outputs of the layer below are a. */
static float *forward(const struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                      size_t l, float *a, size_t rows)
{
    const size_t stride = rows * TP_PANEL;
    const struct tp_layer *layer = &evaluator->network->layers[l];
    float *z = member->outputs[l % 2];
    for (size_t s = 0; s < layer->slice_count; s++) {
        const struct tp_slice *slice = &layer->slices[s];
        evaluator->tier->forward(
            &(struct tp_forward){.row_end = rows,
                                 .bias = layer->bias,
                                 .a = {a, stride, rows, layer->inputs},
                                 .w = {slice->w, slice->w_stride, layer->inputs + layer->bias, slice->units},
                                 .z = {z + slice->unit_begin / TP_PANEL * stride, stride, rows, slice->units},
                                 .activation = layer->activation});
    }
    return z;
}

float *tp_evaluator_logits(const struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                           const struct tp_dataset *dataset, size_t begin, size_t rows)
{
    float *a = member->inputs;
    pack(evaluator, member, dataset, begin, rows);
    for (size_t l = 0; l < evaluator->network->layer_count; l++)
        a = forward(evaluator, member, l, a, rows);
    return a;
}

/* The first row of the next block, whose samples come while the present one is computed; count: none is left.
 */
static size_t take_block(struct tp_evaluator *evaluator, const struct tp_dataset *dataset)
{
    size_t block = evaluator->plan->evaluation_rows;
    size_t begin = atomic_fetch_add(&evaluator->next_block, 1) * block;
    if (begin >= dataset->count)
        return dataset->count;
    for (size_t r = begin; r < begin + block && r < dataset->count; r++)
        tp_dataset_fetch(dataset, r);
    return begin;
}

void tp_evaluator_run(struct tp_evaluator *evaluator, const struct tp_evaluator_member *member,
                      const struct tp_dataset *dataset)
{
    size_t block = evaluator->plan->evaluation_rows, layers = evaluator->network->layer_count;
    for (size_t begin = take_block(evaluator, dataset), next; begin < dataset->count; begin = next) {
        size_t rows = dataset->count - begin < block ? dataset->count - begin : block;
        next = take_block(evaluator, dataset);
        float *a = tp_evaluator_logits(evaluator, member, dataset, begin, rows);
        evaluator->tier->loss(
            &(struct tp_loss){.row_end = rows,
                              .z = {a, rows * TP_PANEL, rows, evaluator->network->layers[layers - 1].units},
                              .labels = dataset->labels + begin,
                              .loss = evaluator->loss + begin,
                              .predicted = evaluator->predicted + begin});
    }
    tp_team_barrier();
}

static bool all_finite(const float *z, size_t stride, size_t rows, size_t units)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t u = 0; u < units; u++) {
            if (!isfinite(z[tp_panel_offset(stride, r, u)]))
                return false;
        }
    }
    return true;
}

size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator,
                                    const struct tp_evaluator_member *member,
                                    const struct tp_dataset *dataset)
{
    size_t block = evaluator->plan->evaluation_rows, first = evaluator->network->layer_count + 1;
    for (size_t begin = 0; begin < dataset->count; begin += block) {
        size_t rows = dataset->count - begin < block ? dataset->count - begin : block;
        pack(evaluator, member, dataset, begin, rows);
        float *a = member->inputs;
        for (size_t l = 0; l + 1 < first && l < evaluator->network->layer_count; l++) {
            a = forward(evaluator, member, l, a, rows);
            if (!all_finite(a, rows * TP_PANEL, rows, evaluator->network->layers[l].units))
                first = l + 1;
        }
    }
    return first > evaluator->network->layer_count ? 0 : first;
}
