#include "network/binding.h"

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

struct tp_update tp_bind_update(const struct tp_step *step, const struct tp_step_member *member, size_t l, size_t s,
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

/* The same for an operation's inputs: update, or refresh of weights that were put in place. */
static struct tp_update bind_update(const struct tp_step *step, const struct tp_step_member *member,
                                    const struct tp_operation *operation, size_t rows)
{
    struct tp_update update = tp_bind_update(step, member, operation->layer, operation->slice, rows);
    update.input_begin = operation->inputs.begin;
    update.input_end = operation->inputs.end;
    update.bias = operation->bias;
    return update;
}

/* --- Blocks ------------------------------------------------------------------------------------------------------- */

/* The rows of a block, its bias row included. */
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

/* Where a block of gradients is stored: a rank's nodes in the buffer they are sent from, others in the member's
 * scratch. */
static struct tp_matrix slot_of(const struct tp_step *step, const struct tp_step_member *member,
                                const struct tp_operation *block, size_t slot, size_t rows)
{
    struct tp_node nodes[TP_NODES_MAX];
    const struct tp_shards *shards = &step->plan->shards;
    const size_t sent = step->exchange ? tp_shards_nodes(shards, shards->rank, rows, nodes) : 0;
    if (slot < sent)
        return part_of(step, block, tp_exchange_node(step->exchange, block->layer, block->owner, slot));
    return (struct tp_matrix){member->slots + (slot - sent) * TP_SLOT, rows_of(block) * TP_PANEL, rows_of(block),
                              block->units.end - block->units.begin};
}

/* A block's update: computes the gradient of a shard, or applies one to columns of the slice. */
static struct tp_update bind_block(const struct tp_step *step, const struct tp_step_member *member,
                                   const struct tp_operation *block, size_t rows)
{
    struct tp_update update = bind_update(step, member, block, block->rows.end - block->rows.begin);
    const size_t unit = block->units.begin - step->network->layers[block->layer].slices[block->slice].unit_begin;
    const size_t units = block->units.end - block->units.begin;
    update.a = rows_from(update.a, block->rows.begin);
    update.d = rows_from(tp_matrix_columns(&update.d, unit, units), block->rows.begin);
    for (int i = 0; i < 2 && update.state[i]; i++)
        update.state[i] += tp_panel_offset(update.w.stride, 0, unit);
    update.w = tp_matrix_columns(&update.w, unit, units);
    update.wt = rows_from(update.wt, unit);
    update.wt.rows = units;
    update.sums = tp_matrix_columns(&update.sums, unit, units);
    update.gradient = slot_of(step, member, block, block->slot, rows);
    if (update.marks.words)
        update.marks.words += block->rows.begin;
    return update;
}

/* Updates the weights that this rank owns. Their derived values are computed when they are put in place. */
static struct tp_update bind_owned(const struct tp_step *step, const struct tp_operation *block, size_t rows)
{
    const struct tp_exchange *exchange = step->exchange;
    const size_t inputs = block->inputs.end - block->inputs.begin;
    const struct tp_matrix w = tp_exchange_weights(exchange, block->layer, block->owner);
    const struct tp_matrix gradient = tp_exchange_received(exchange, block->layer, block->slot, rows);
    struct tp_update update = {.input_end = inputs,
                               .bias = block->bias,
                               .a = {.columns = inputs},
                               .optimizer = &step->optimizer,
                               .w = part_of(step, block, w),
                               .gradient = part_of(step, block, gradient),
                               .nontemporal = step->nontemporal};
    for (int i = 0; i < exchange->states; i++)
        update.state[i] = exchange->layers[block->layer].state[i] + tp_panel_offset(w.stride, 0, block->units.begin);
    return update;
}

void tp_bind(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
             const struct tp_step_list *list)
{
    const size_t rows = list->rows;
    switch (operation->kind) {
    case TP_DO_PACK:
        operation->pack = bind_pack(step, member, operation);
        break;
    case TP_DO_FORWARD:
        operation->forward = bind_forward(step, member, operation);
        break;
    case TP_DO_LOSS:
        operation->loss = bind_loss(step, member, operation, list);
        break;
    case TP_DO_BACKWARD:
        operation->backward = bind_backward(step, operation);
        break;
    case TP_DO_UPDATE:
    case TP_DO_PUT:
        operation->update = bind_update(step, member, operation, rows);
        break;
    case TP_DO_GRADIENT:
        operation->update = bind_block(step, member, operation, rows);
        break;
    case TP_DO_ADD:
        operation->add.to = slot_of(step, member, operation, operation->slot, rows);
        operation->add.from = slot_of(step, member, operation, operation->other, rows);
        break;
    case TP_DO_COLLECT:
        operation->add.to =
            part_of(step, operation, tp_exchange_received(step->exchange, operation->layer, operation->slot, rows));
        operation->add.from =
            part_of(step, operation, tp_exchange_received(step->exchange, operation->layer, operation->other, rows));
        break;
    case TP_DO_APPLY:
        operation->update =
            step->exchange ? bind_owned(step, operation, rows) : bind_block(step, member, operation, rows);
        break;
    default:
        break;
    }
}
