/* The part of dataset.h that draws a split at random. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/dataset.h"

/* A class: its samples, how many go to the tail, and what rounding down took from that. */
struct quota {
    size_t count, wanted;
    double remainder;
};

/* Whether the class can give another sample and still keep one. */
static bool has_spare(const struct quota *quota)
{
    return quota->wanted + 1 < quota->count;
}

/* Each class keeps at least one sample. False: the classes cannot give enough. */
static bool find_quotas(const struct tp_dataset *dataset, size_t wanted, struct quota *quotas)
{
    size_t given = 0, spare = dataset->count;
    for (size_t i = 0; i < dataset->count; i++)
        quotas[dataset->labels[i]].count++;
    for (size_t k = 0; k < dataset->classes; k++) {
        const size_t count = quotas[k].count;
        const double exact = (double)wanted * (double)count / (double)dataset->count;
        quotas[k].wanted = (size_t)exact - (count && (size_t)exact == count);
        quotas[k].remainder = exact - floor(exact);
        given += quotas[k].wanted;
        spare -= count > 0;
    }
    if (wanted > spare)
        return false;
    while (given < wanted) {
        struct quota *best = NULL; /* the largest remainder; the first on a tie */
        for (struct quota *quota = quotas; quota < quotas + dataset->classes; quota++)
            if (has_spare(quota) && (!best || quota->remainder > best->remainder))
                best = quota;
        best->remainder -= 1;
        best->wanted++;
        given++;
    }
    return true;
}

/* Copies sample `from` to place `count` of *to. */
static void append(const struct tp_dataset *dataset, size_t from, struct tp_dataset *to, size_t count)
{
    to->labels[count] = dataset->labels[from];
    if (dataset->places)
        to->places[count] = dataset->places[from];
    if (dataset->sample_weights)
        to->sample_weights[count] = dataset->sample_weights[from];
    if (dataset->type != TILEPROP_CSR) {
        const size_t size = tp_dataset_sample_size(dataset);
        memcpy((char *)to->samples + count * size, (const char *)dataset->samples + from * size, size);
        return;
    }
    const struct tp_row row = tp_dataset_row(dataset, from);
    const size_t begin = (size_t)to->indptr[count];
    memcpy((float *)to->samples + begin, row.values, row.count * sizeof *row.values);
    memcpy(to->indices + begin, row.indices, row.count * sizeof *row.indices);
    to->indptr[count + 1] = (int64_t)(begin + row.count);
}

/* Copies the samples in this order; false: out of memory. */
static bool copy_ordered(struct tp_dataset *to, const struct tp_dataset *dataset, const uint32_t *order)
{
    const bool sparse = dataset->type == TILEPROP_CSR, weighted = dataset->sample_weights, placed = dataset->places;
    *to = *dataset;
    to->samples = malloc(tp_dataset_bytes(dataset) + 1);
    to->labels = malloc(dataset->count * sizeof *to->labels);
    to->sample_weights = weighted ? malloc(dataset->count * sizeof *to->sample_weights) : NULL;
    to->places = placed ? malloc(dataset->count * sizeof *to->places) : NULL;
    to->indptr = sparse ? calloc(dataset->count + 1, sizeof *to->indptr) : NULL;
    to->indices = sparse ? calloc(tp_dataset_entries(dataset) + 1, sizeof *to->indices) : NULL;
    if (!to->samples || !to->labels || (weighted && !to->sample_weights) || (placed && !to->places) ||
        (sparse && (!to->indptr || !to->indices))) {
        tp_dataset_free(to);
        return false;
    }
    for (size_t i = 0; i < dataset->count; i++)
        append(dataset, order ? order[i] : i, to, i);
    return true;
}

tileprop_status tp_dataset_copy(struct tp_dataset *dataset, const struct tp_dataset *from, struct tp_error *error)
{
    return copy_ordered(dataset, from, NULL) ? TILEPROP_OK : tp_fail_memory(error, NULL, "a copy of the data");
}

/* Puts the samples drawn for the tail after the others, both in random order, and cuts them off. */
static bool cut(struct tp_dataset *dataset, const uint32_t *order, size_t kept, struct tp_dataset *tail)
{
    struct tp_dataset to;
    const bool good = copy_ordered(&to, dataset, order);
    if (!good)
        return false;
    tp_dataset_free(dataset);
    *dataset = to;
    tp_dataset_cut(dataset, kept, tail);
    return true;
}

tileprop_status tp_dataset_split_stratified(struct tp_dataset *dataset, double fraction, uint64_t seed,
                                            struct tp_dataset *tail, struct tp_error *error)
{
    const size_t count = dataset->count;
    size_t wanted = (size_t)rint(fraction * (double)count);
    wanted += fraction > 0 && wanted == 0;
    *tail = (struct tp_dataset){0};
    if (count > UINT32_MAX)
        return tp_fail(error, TILEPROP_USAGE, "expected at most %" PRIu32 " samples, found %zu", UINT32_MAX, count);

    struct quota *quotas = calloc(dataset->classes, sizeof *quotas);
    uint32_t *drawn = malloc(count * sizeof *drawn), *order = malloc(count * sizeof *order);
    bool good = quotas && drawn && order;
    const bool enough = good && find_quotas(dataset, wanted, quotas);
    if (enough) {
        size_t head = 0, behind = count - wanted;
        tp_random_permutation(seed, TP_RANDOM_SPLIT, 0, count, drawn);
        for (size_t i = 0; i < count; i++) {
            struct quota *quota = &quotas[dataset->labels[drawn[i]]];
            order[quota->wanted ? behind++ : head++] = drawn[i];
            quota->wanted -= quota->wanted > 0;
        }
        good = cut(dataset, order, count - wanted, tail);
    }
    free(quotas);
    free(drawn);
    free(order);
    if (good && !enough)
        return tp_fail(error, TILEPROP_USAGE,
                       "validating on %zu of %zu samples leaves a class without training samples; %s--val-data "
                       "validates on another file",
                       wanted, count, count > dataset->classes ? "--val-split sets a smaller fraction, " : "");
    return good ? TILEPROP_OK : tp_fail_memory(error, NULL, "a split");
}

tileprop_status tp_dataset_split_fold(struct tp_dataset *dataset, size_t folds, size_t fold, uint64_t seed,
                                      struct tp_dataset *tail, struct tp_error *error)
{
    const size_t count = dataset->count;
    *tail = (struct tp_dataset){0};
    if (count > UINT32_MAX)
        return tp_fail(error, TILEPROP_USAGE, "expected at most %" PRIu32 " samples, found %zu", UINT32_MAX, count);
    struct quota *quotas = calloc(dataset->classes, sizeof *quotas);
    uint32_t *drawn = malloc(count * sizeof *drawn), *order = malloc(count * sizeof *order);
    bool good = quotas && drawn && order;
    size_t head = 0, behind = count;
    if (good)
        tp_random_permutation(seed, TP_RANDOM_SPLIT, 0, count, drawn);
    for (size_t i = 0; good && i < count; i++)
        quotas[dataset->labels[i]].count++;
    for (size_t i = 0; good && i < count; i++) {
        const uint16_t label = dataset->labels[drawn[i]];
        struct quota *quota = &quotas[label]; /* classes begin at different folds, so that folds are equally large */
        const bool is_held = quota->count > 1 && (quota->wanted++ + label) % folds == fold;
        order[is_held ? --behind : head++] = drawn[i];
    }
    if (good && head < count)
        good = cut(dataset, order, head, tail);
    free(quotas);
    free(drawn);
    free(order);
    if (good && head == count)
        return tp_fail(error, TILEPROP_USAGE, "--folds: expected fewer than %zu: fold %zu gets none of the %zu samples",
                       folds, fold + 1, count);
    return good ? TILEPROP_OK : tp_fail_memory(error, NULL, "a split");
}

/* The values of a feature that are present. */
struct present {
    double sum;
    size_t count;
};

tileprop_status tp_missing_means(const struct tp_dataset *dataset, float *means, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    struct present *present = calloc(dataset->features, sizeof *present);
    if (!present)
        return tp_fail_memory(error, NULL, "means");
    for (size_t j = 0; j < dataset->features; j++)
        present[j].count = dataset->count;
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        for (size_t k = 0; k < row.count; k++) {
            struct present *of = &present[tp_row_feature(&row, k)];
            if (isnan(row.values[k]))
                of->count--;
            else
                of->sum += (double)row.values[k];
        }
    }
    for (size_t j = 0; status == TILEPROP_OK && j < dataset->features; j++) {
        means[j] = (float)(present[j].sum / (double)present[j].count);
        if (present[j].count == 0)
            status = tp_fail(error, TILEPROP_BAD_INPUT,
                             "input %zu: expected a value, found none in %zu training samples", j + 1, dataset->count);
    }
    free(present);
    return status;
}

void tp_missing_fill(struct tp_dataset *dataset, const float *means)
{
    float *value = dataset->samples;
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        for (size_t k = 0; k < row.count; k++, value++)
            *value = isnan(*value) ? means[tp_row_feature(&row, k)] : *value;
    }
}
