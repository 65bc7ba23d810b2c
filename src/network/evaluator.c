#include "network/evaluator.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "data/offsets.h"
#include "data/sparse.h"
#include "tileprop/tileprop.h"

#define TIMED_BLOCKS 4      /* of each form; the fastest counts */
#define FEW_SAMPLES  16     /* fewer always multiply: timing would cost more than skipping gains */
#define JOINED_MAX   131072 /* floats that still stay in L2 */
#define TABLES_MAX   2      /* for one scale: a table for split features and one for the others */
#define TABLE_SIZE   256    /* floats */

void tp_evaluator_layout(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                         struct tp_arena *arena)
{
    const struct tp_layer *first = &evaluator->network->layers[0];
    const size_t widest = tp_panel_count(tp_network_widest(evaluator->network)) * TP_PANEL, rows = evaluator->rows;
    if (evaluator->zeros != TILEPROP_ZEROS_MULTIPLY) {
        buffers->marks = tp_arena_take(arena, rows * tp_mark_words(first->inputs), sizeof *buffers->marks);
        buffers->tables = tp_arena_take(arena, TABLES_MAX * TABLE_SIZE, sizeof *buffers->tables);
        buffers->values = tp_arena_take(arena, first->inputs, sizeof *buffers->values);
        buffers->added = tp_arena_take(arena, tp_mark_words(first->inputs), sizeof *buffers->added);
    }
    buffers->inputs = tp_arena_take(arena, rows, tp_panel_count(first->inputs) * TP_PANEL * sizeof *buffers->inputs);
    buffers->sums = tp_arena_take(arena, tp_panel_count(first->units), TP_PANEL * sizeof *buffers->sums);
    const size_t weights = tp_panel_count(first->units) * tp_panel_stride(first->inputs + first->bias);
    if (first->slice_count > 1 && weights <= JOINED_MAX)
        buffers->joined = tp_arena_take(arena, weights, sizeof *buffers->joined);
    for (int i = 0; i < 2; i++)
        buffers->outputs[i] = tp_arena_take(arena, rows, widest * sizeof *buffers->outputs[i]);
}

/* A buffer as the matrix of a block. */
static struct tp_matrix block_of(float *buffer, size_t rows, size_t columns)
{
    return (struct tp_matrix){.data = buffer, .stride = rows * TP_PANEL, .rows = rows, .columns = columns};
}

/* Some rows of the data set. */
struct block {
    size_t begin;
    struct tp_matrix a;
    struct tp_marks marks; /* if it skips zeros */
};

static struct block make_block(const struct tp_evaluator_buffers *buffers, const struct tp_dataset *dataset,
                               size_t begin, size_t rows, bool skips)
{
    return (struct block){.begin = begin,
                          .a = block_of(buffers->inputs, rows, dataset->features),
                          .marks = {.words = skips ? buffers->marks : NULL, .rows = rows}};
}

/* Uses integer operations, which gcc vectorizes at -O3. */
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

/* What replaces a value that is not finite. Infinity becomes NaN, which no activation turns into a finite value. */
static float without_value(const float *missing, size_t feature, float value)
{
    return isnan(value) && missing ? missing[feature] : NAN;
}

/* Marks need no change: values that are not finite are not 0, so they are marked. */
static void replace_missing(const struct tp_evaluator *evaluator, const struct block *block, size_t row, size_t column,
                            size_t columns, const float *samples)
{
    if (are_finite(samples, columns))
        return;
    for (size_t j = 0; j < columns; j++)
        if (!isfinite(samples[j]))
            *tp_matrix_at(&block->a, row, column + j) = without_value(evaluator->missing, column + j, samples[j]);
}

static double value_at(const struct tp_dataset *dataset, size_t i)
{
    return dataset->type == TILEPROP_U8    ? ((const uint8_t *)dataset->samples)[i]
           : dataset->type == TILEPROP_F64 ? ((const double *)dataset->samples)[i]
                                           : (double)((const float *)dataset->samples)[i];
}

/* Packs values that are still doubles, a word of marks at a time. */
static void narrow(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, const struct block *block)
{
    const struct tp_normalization *normalization = evaluator->normalization;
    const size_t features = dataset->features;
    for (size_t r = 0; r < block->a.rows; r++) {
        struct tp_matrix row = block->a;
        row.data += r * TP_PANEL;
        for (size_t k = 0; k < features; k += TP_MARKS) {
            const size_t left = features - k, columns = left < TP_MARKS ? left : TP_MARKS;
            float samples[TP_MARKS];
            for (size_t j = 0; j < columns; j++)
                samples[j] = tp_offsets_narrow(value_at(dataset, (block->begin + r) * features + k + j),
                                               normalization->offset, k + j);
            struct tp_pack part = {.row_end = 1,
                                   .samples = samples,
                                   .scale = normalization->scale + k,
                                   .shift = normalization->added + k,
                                   .a = tp_matrix_columns(&row, k, columns)};
            if (block->marks.words)
                part.marks = (struct tp_marks){block->marks.words + k / TP_MARKS * block->marks.rows + r, 1};
            evaluator->tier->pack_f32(&part);
            replace_missing(evaluator, block, r, k, columns, samples);
        }
    }
}

static void pack_sparse(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset,
                        const struct block *block)
{
    const struct tp_pack pack = {.row_end = block->a.rows, .a = block->a, .marks = block->marks};
    struct tp_dataset before = *dataset, rows;
    tp_dataset_cut(&before, block->begin, &rows);
    tp_sparse_pack(&pack, &rows, evaluator->normalization);
    for (size_t r = 0; evaluator->unchecked && r < block->a.rows; r++) {
        const struct tp_row row = tp_dataset_row(&rows, r);
        for (size_t k = 0; k < row.count; k++)
            if (!isfinite(row.values[k]))
                *tp_matrix_at(&block->a, r, tp_row_feature(&row, k)) =
                    without_value(evaluator->missing, tp_row_feature(&row, k), row.values[k]);
    }
}

static void pack(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, const struct block *block)
{
    if (dataset->type == TILEPROP_CSR) {
        pack_sparse(evaluator, dataset, block);
        return;
    }
    if (dataset->type == TILEPROP_F64 || (evaluator->offset && !dataset->offset)) {
        narrow(evaluator, dataset, block);
        return;
    }
    const void *samples = (const char *)dataset->samples + block->begin * tp_dataset_sample_size(dataset);
    const struct tp_pack p = {.row_end = block->a.rows,
                              .samples = samples,
                              .scale = evaluator->normalization->scale,
                              .shift = evaluator->normalization->added,
                              .a = block->a,
                              .marks = block->marks};
    (dataset->type == TILEPROP_U8 ? evaluator->tier->pack_u8 : evaluator->tier->pack_f32)(&p);
    for (size_t r = 0; evaluator->unchecked && dataset->type == TILEPROP_F32 && r < block->a.rows; r++)
        replace_missing(evaluator, block, r, 0, dataset->features, (const float *)samples + r * dataset->features);
}

/* What all blocks share in the first layer. */
struct first {
    struct tp_matrix sums; /* start of the chains: one row, the sums of all panels of inputs added up */
    struct tp_matrix w;    /* all slices; absent: they are not joined */
    struct tp_bytes bytes; /* read instead of packing by blocks that skip zeros; not used if values is NULL */
};

/* Whether bytes are normalized alike in all features, except for the shift of some. Small tables then hold their
 * values. */
static bool tabulate(const struct tp_normalization *normalization, const struct tp_evaluator_buffers *buffers)
{
    size_t tables = 0, of[TABLES_MAX]; /* a feature with each table's values */
    memset(buffers->added, 0, tp_mark_words(normalization->features) * sizeof *buffers->added);
    for (size_t k = 0; k < normalization->features; k++) {
        const float scale = normalization->scale[k], added = normalization->added[k];
        size_t t = 0;
        while (t < tables && (normalization->scale[of[t]] != scale || normalization->added[of[t]] != added))
            t++;
        if (t == TABLES_MAX)
            return false;
        float *table = buffers->tables + t * TABLE_SIZE;
        if (t == tables) {
            of[tables++] = k;
            for (int byte = 0; byte < TABLE_SIZE; byte++)
                table[byte] = fmaf((float)byte, scale, added);
        }
        buffers->values[k] = table;
        buffers->added[k / TP_MARKS] |= (uint64_t)(added != 0) << k % TP_MARKS;
    }
    return true;
}

/* Joins slices, since kernels that skip zeros gain from more panels; for few samples the copy would take longer. */
static struct first prepare(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                            const struct tp_dataset *dataset)
{
    const struct tp_layer *layer = &evaluator->network->layers[0];
    const size_t rows = layer->inputs + layer->bias, stride = tp_panel_stride(rows);
    struct first first = {.sums = {.data = buffers->sums, .stride = TP_PANEL, .rows = 1, .columns = layer->units},
                          .w = {dataset->count < rows ? NULL : buffers->joined, stride, rows, layer->units}};
    for (const struct tp_slice *s = layer->slices; s < layer->slices + layer->slice_count; s++) {
        tp_matrix_add_rows(&s->sums, tp_matrix_columns(&first.sums, s->unit_begin, s->w.columns));
        for (size_t u = 0; first.w.data && u < s->w.columns; u += TP_PANEL)
            memcpy(tp_matrix_at(&first.w, 0, s->unit_begin + u), tp_matrix_at(&s->w, 0, u),
                   rows * TP_PANEL * sizeof(float));
    }
    const bool offset = evaluator->offset && !dataset->offset;
    if (dataset->type == TILEPROP_U8 && !offset && buffers->marks && dataset->count >= rows &&
        tabulate(evaluator->normalization, buffers))
        first.bytes = (struct tp_bytes){dataset->samples, buffers->values, buffers->added};
    return first;
}

/* Outputs of layer l; a: outputs of the layer below, or the block's inputs. */
static struct tp_matrix forward(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                const struct first *first, size_t l, struct tp_matrix a, const struct block *block)
{
    const struct tp_layer *layer = &evaluator->network->layers[l];
    const struct tp_matrix z = block_of(buffers->outputs[l % 2], a.rows, layer->units);
    const struct tp_matrix sums = l == 0 ? first->sums : (struct tp_matrix){0};
    const struct tp_slice joined = {.w = first->w};
    const bool skips = l == 0 && block->marks.words, joins = l == 0 && first->w.data;
    const bool bytes = skips && first->bytes.values;
    struct tp_bytes samples = {0};
    if (bytes) {
        samples = first->bytes;
        samples.samples += block->begin * layer->inputs;
    }
    for (size_t s = 0; s < (joins ? 1 : layer->slice_count); s++) {
        const struct tp_slice *slice = joins ? &joined : &layer->slices[s];
        const struct tp_forward f = {.row_end = a.rows,
                                     .bias = layer->bias,
                                     .a = a,
                                     .w = slice->w,
                                     .sums = tp_matrix_columns(&sums, slice->unit_begin, slice->w.columns),
                                     .z = tp_matrix_columns(&z, slice->unit_begin, slice->w.columns),
                                     .activation = layer->activation,
                                     .marks = block->marks,
                                     .bytes = samples};
        (bytes   ? evaluator->tier->forward_bytes
         : skips ? evaluator->tier->forward_marked
                 : evaluator->tier->forward)(&f);
    }
    return z;
}

/* Copies a block to the rows from begin on, unless to is NULL. */
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
    /* Both are sums over a row's exponentials; a single NaN makes the sum NaN. */
    for (size_t r = 0; predicted && r < logits.rows; r++)
        if (isnan(to->loss ? to->loss[begin + r] : *tp_matrix_at(&logits, r, 0)))
            predicted[r] = TILEPROP_NO_CLASS;
    copy_rows(&logits, to->probabilities, begin);
}

bool tp_evaluator_skips(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                        size_t samples)
{
    const struct tp_evaluator_form *multiplying = &buffers->forms[0], *skipping = &buffers->forms[1];
    if (evaluator->zeros != TILEPROP_ZEROS_AUTO)
        return evaluator->zeros == TILEPROP_ZEROS_SKIP;
    if (samples < FEW_SAMPLES)
        return false;
    if (multiplying->timed < TIMED_BLOCKS || skipping->timed < TIMED_BLOCKS)
        return skipping->timed < multiplying->timed;
    return skipping->seconds < multiplying->seconds;
}

static size_t rows_from(const struct tp_evaluator *evaluator, const struct tp_dataset *dataset, size_t begin)
{
    const size_t left = begin < dataset->count ? dataset->count - begin : 0;
    return left < evaluator->rows ? left : evaluator->rows;
}

/* Takes the next block and prefetches its samples. It has no rows if none are left. */
static struct block take_block(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                               const struct tp_dataset *dataset, atomic_size_t *next_block)
{
    const size_t begin = atomic_fetch_add_explicit(next_block, 1, memory_order_relaxed) * evaluator->rows;
    const size_t rows = rows_from(evaluator, dataset, begin);
    for (size_t r = begin; r < begin + rows; r++)
        tp_dataset_prefetch(dataset, r);
    return make_block(buffers, dataset, begin, rows, tp_evaluator_skips(evaluator, buffers, dataset->count));
}

static void compute(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                    const struct first *first, const struct tp_dataset *dataset, const struct tp_predictions *to,
                    const struct block *block)
{
    if (!block->marks.words || !first->bytes.values)
        pack(evaluator, dataset, block);
    struct tp_matrix a = block->a;
    for (size_t l = 0; l < evaluator->network->layer_count; l++)
        a = forward(evaluator, buffers, first, l, a, block);
    predict(evaluator->tier, a, dataset->labels, to, block->begin);
}

bool tp_evaluator_run(const struct tp_evaluator *evaluator, struct tp_evaluator_buffers *buffers,
                      const struct tp_dataset *dataset, const struct tp_predictions *to, atomic_size_t *next_block)
{
    const struct first first = prepare(evaluator, buffers, dataset);
    for (struct block block = take_block(evaluator, buffers, dataset, next_block), next;; block = next) {
        if (buffers->interrupted && buffers->interrupted(buffers->context)) {
            atomic_store(next_block, dataset->count); /* so that no thread takes another block */
            return false;
        }
        if (!block.a.rows)
            return true;
        struct tp_evaluator_form *form = &buffers->forms[block.marks.words != NULL];
        const bool times =
            evaluator->zeros == TILEPROP_ZEROS_AUTO && form->timed < TIMED_BLOCKS && dataset->count >= FEW_SAMPLES;
        form->timed += times;
        next = take_block(evaluator, buffers, dataset, next_block);
        const double began = times ? tp_clock_seconds() : 0;
        compute(evaluator, buffers, &first, dataset, to, &block);
        if (times) {
            const double seconds = (tp_clock_seconds() - began) / (double)block.a.rows;
            form->seconds = form->seconds > 0 && form->seconds < seconds ? form->seconds : seconds;
        }
    }
}

size_t tp_evaluator_first_bad_layer(const struct tp_evaluator *evaluator, const struct tp_evaluator_buffers *buffers,
                                    const struct tp_dataset *dataset)
{
    const size_t layers = evaluator->network->layer_count;
    const struct first first = prepare(evaluator, buffers, dataset);
    size_t bad = layers + 1;
    for (size_t begin = 0; begin < dataset->count; begin += evaluator->rows) {
        const struct block block = make_block(buffers, dataset, begin, rows_from(evaluator, dataset, begin), false);
        pack(evaluator, dataset, &block);
        struct tp_matrix a = block.a;
        for (size_t l = 0; l + 1 < bad && l < layers; l++) {
            a = forward(evaluator, buffers, &first, l, a, &block);
            if (!tp_matrix_finite(&a))
                bad = l + 1;
        }
    }
    return bad > layers ? 0 : bad;
}
