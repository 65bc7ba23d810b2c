#include "network/evaluator.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "data/offsets.h"
#include "network/sparse.h"
#include "tileprop/tileprop.h"

static float *take_block_of(const struct tp_evaluator *evaluator, size_t columns, struct tp_arena *arena)
{
    return tp_arena_take(arena, tp_panel_count(columns), evaluator->rows * TP_PANEL * sizeof(float));
}

void tp_evaluator_layout(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                         struct tp_arena *arena)
{
    buffers->inputs = take_block_of(evaluator, evaluator->network->layers[0].inputs, arena);
    for (int i = 0; i < 2; i++)
        buffers->outputs[i] = take_block_of(evaluator, tp_network_widest(evaluator->network), arena);
}

/* A buffer as the matrix of a block. */
static struct tp_matrix block_of(float *buffer, size_t rows, size_t columns)
{
    return (struct tp_matrix){.data = buffer, .stride = rows * TP_PANEL, .rows = rows, .columns = columns};
}

/* Compiled at -O3: a loop over bits is one over vectors. */
static bool are_finite(const float *x, size_t count)
{
    int32_t most = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        most = bits > most ? bits : most;
    }
    return most < 0x7f800000; /* infinity; NaNs are larger */
}

/* What a value that is not finite becomes: an infinite one NaN, which no activation makes finite. */
static float without_value(const float *missing, size_t feature, float value)
{
    return isnan(value) && missing ? missing[feature] : NAN;
}

static void replace_missing(const float *missing, struct tp_matrix a, const float *samples)
{
    for (size_t r = 0; r < a.rows; r++, samples += a.columns) {
        if (are_finite(samples, a.columns))
            continue;
        for (size_t j = 0; j < a.columns; j++)
            if (!isfinite(samples[j]))
                *tp_matrix_at(&a, r, j) = without_value(missing, j, samples[j]);
    }
}

static double value_at(const struct tp_dataset *dataset, size_t i)
{
    return dataset->type == TILEPROP_U8    ? ((const uint8_t *)dataset->samples)[i]
           : dataset->type == TILEPROP_F64 ? ((const double *)dataset->samples)[i]
                                           : (double)((const float *)dataset->samples)[i];
}

/* Packs values that are still to be narrowed, a panel at a time. */
static void narrow(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, size_t begin,
                   struct tp_matrix a)
{
    const struct tp_normalization *normalization = evaluator->normalization;
    for (size_t r = 0; r < a.rows; r++) {
        for (size_t k = 0; k < a.columns; k += TP_PANEL) {
            const size_t left = a.columns - k, columns = left < TP_PANEL ? left : TP_PANEL;
            const struct tp_matrix part = {
                .data = tp_matrix_at(&a, r, k), .stride = TP_PANEL, .rows = 1, .columns = columns};
            float samples[TP_PANEL];
            for (size_t j = 0; j < columns; j++)
                samples[j] =
                    tp_offsets_narrow(value_at(dataset, (begin + r) * a.columns + k + j), normalization->offset, k + j);
            evaluator->tier->pack_f32(&(struct tp_pack){.row_end = 1,
                                                        .samples = samples,
                                                        .scale = normalization->scale + k,
                                                        .shift = normalization->added + k,
                                                        .a = part});
            replace_missing(evaluator->missing ? evaluator->missing + k : NULL, part, samples);
        }
    }
}

static void pack_sparse(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, size_t begin,
                        struct tp_matrix a)
{
    struct tp_dataset before = *dataset, rows;
    tp_dataset_cut(&before, begin, &rows);
    tp_sparse_pack(&(struct tp_pack){.row_end = a.rows, .a = a}, &rows, evaluator->normalization);
    for (size_t r = 0; evaluator->unchecked && r < a.rows; r++) {
        const struct tp_row row = tp_dataset_row(&rows, r);
        for (size_t k = 0; k < row.count; k++)
            if (!isfinite(row.values[k]))
                *tp_matrix_at(&a, r, tp_row_feature(&row, k)) =
                    without_value(evaluator->missing, tp_row_feature(&row, k), row.values[k]);
    }
}

static struct tp_matrix pack(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                             const struct tp_dataset *dataset, size_t begin, size_t rows)
{
    const struct tp_tier *tier = evaluator->tier;
    const struct tp_matrix a = block_of(buffers->inputs, rows, dataset->features);
    if (dataset->type == TILEPROP_CSR) {
        pack_sparse(evaluator, dataset, begin, a);
        return a;
    }
    if (dataset->type == TILEPROP_F64 || (evaluator->offset && !dataset->offset)) {
        narrow(evaluator, dataset, begin, a);
        return a;
    }
    const void *samples = (const char *)dataset->samples + begin * tp_dataset_sample_size(dataset);
    (dataset->type == TILEPROP_U8 ? tier->pack_u8
                                  : tier->pack_f32)(&(struct tp_pack){.row_end = rows,
                                                                      .samples = samples,
                                                                      .scale = evaluator->normalization->scale,
                                                                      .shift = evaluator->normalization->added,
                                                                      .a = a});
    if (evaluator->unchecked && dataset->type == TILEPROP_F32)
        replace_missing(evaluator->missing, a, samples);
    return a;
}

/* Outputs of layer l, a being those of the layer below. */
static struct tp_matrix forward(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                size_t l, struct tp_matrix a)
{
    const struct tp_layer *layer = &evaluator->network->layers[l];
    const struct tp_matrix z = block_of(buffers->outputs[l % 2], a.rows, layer->units);
    for (size_t s = 0; s < layer->slice_count; s++) {
        const struct tp_slice *slice = &layer->slices[s];
        evaluator->tier->forward(&(struct tp_forward){.row_end = a.rows,
                                                      .bias = layer->bias,
                                                      .a = a,
                                                      .w = slice->w,
                                                      .sums = slice->sums,
                                                      .z = tp_matrix_columns(&z, slice->unit_begin, slice->w.columns),
                                                      .activation = layer->activation});
    }
    return z;
}

/* Copies a block to rows from begin on; to NULL: not wanted. */
static void copy_rows(const struct tp_matrix *block, float *to, size_t begin)
{
    for (size_t r = 0; to && r < block->rows; r++)
        for (size_t k = 0; k < block->columns; k++)
            to[(begin + r) * block->columns + k] = *tp_matrix_at(block, r, k);
}

/* Predictions of rows from their logits, which softmax overwrites after the loss. */
static void predict(const struct tp_tier *tier, struct tp_matrix logits, const uint16_t *labels,
                    const struct tp_predictions *to, size_t begin)
{
    uint16_t *predicted = to->predicted ? to->predicted + begin : NULL;
    copy_rows(&logits, to->logits, begin);
    if (to->loss)
        tier->loss(&(struct tp_loss){.row_end = logits.rows,
                                     .z = logits,
                                     .labels = labels + begin,
                                     .loss = to->loss + begin,
                                     .predicted = predicted});
    if (to->probabilities || (predicted && !to->loss))
        tier->softmax(&(struct tp_softmax){
            .row_end = logits.rows, .z = logits, .p = logits, .predicted = to->loss ? NULL : predicted});
    /* Both are sums over a row's exponentials, of which one that is NaN makes all NaN. */
    for (size_t r = 0; predicted && r < logits.rows; r++)
        if (isnan(to->loss ? to->loss[begin + r] : *tp_matrix_at(&logits, r, 0)))
            predicted[r] = TILEPROP_NO_CLASS;
    copy_rows(&logits, to->probabilities, begin);
}

/* Takes the next block and prefetches its samples. Returns its first row; dataset->count if none is left. */
static size_t take_block(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset,
                         atomic_size_t *next_block)
{
    const size_t begin = atomic_fetch_add_explicit(next_block, 1, memory_order_relaxed) * evaluator->rows;
    if (begin >= dataset->count)
        return dataset->count;
    for (size_t r = begin; r < begin + evaluator->rows && r < dataset->count; r++)
        tp_dataset_fetch(dataset, r);
    return begin;
}

static size_t rows_from(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, size_t begin)
{
    const size_t left = dataset->count - begin;
    return left < evaluator->rows ? left : evaluator->rows;
}

bool tp_evaluator_run(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                      const struct tp_dataset *dataset, const struct tp_predictions *to, atomic_size_t *next_block)
{
    for (size_t begin = take_block(evaluator, dataset, next_block), next;; begin = next) {
        if (buffers->unwanted && buffers->unwanted(buffers->context)) {
            atomic_store(next_block, dataset->count); /* so that nobody finds one more */
            return false;
        }
        if (begin >= dataset->count)
            return true;
        next = take_block(evaluator, dataset, next_block);
        struct tp_matrix a = pack(evaluator, buffers, dataset, begin, rows_from(evaluator, dataset, begin));
        for (size_t l = 0; l < evaluator->network->layer_count; l++)
            a = forward(evaluator, buffers, l, a);
        predict(evaluator->tier, a, dataset->labels, to, begin);
    }
}

size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                    const struct tp_dataset *dataset)
{
    const size_t layers = evaluator->network->layer_count;
    size_t first = layers + 1;
    for (size_t begin = 0; begin < dataset->count; begin += evaluator->rows) {
        struct tp_matrix a = pack(evaluator, buffers, dataset, begin, rows_from(evaluator, dataset, begin));
        for (size_t l = 0; l + 1 < first && l < layers; l++) {
            a = forward(evaluator, buffers, l, a);
            if (!tp_matrix_finite(&a))
                first = l + 1;
        }
    }
    return first > layers ? 0 : first;
}
