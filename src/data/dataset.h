/*
 * A labelled data set in memory: samples as they were stored (u8 stays u8, sparse stays sparse), one class per sample.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "data/schema.h"

struct tp_dataset {
    tileprop_type type; /* u8, f32, csr; for predictions also f64 */
    bool sparse;        /* from a file that leaves out zeros; has the defaults of csr, whatever the type is */
    void *samples;      /* [count][features] of type; csr: the entries, floats */
    int64_t *indptr; /* csr: [count + 1]; sample i has entries indptr[i] - indptr[0] to indptr[i + 1] - indptr[0] - 1 */
    int32_t *indices;      /* csr: the entries' features */
    uint16_t *labels;      /* [count], each < classes */
    float *sample_weights; /* [count] factors on loss and gradient, >= 0; NULL: all 1 */
    uint32_t *places;      /* [count] line of each sample in its file, from 1; NULL: not known */
    size_t count;
    size_t features;
    size_t classes;                 /* 1 + the largest label; at least 1 */
    const float *class_weights;     /* [classes] of a training set, not owned; NULL: all 1 */
    const struct tp_schema *schema; /* names of columns and classes, not owned; NULL: there are none */
    const double *offset;           /* [features] already subtracted from f32 samples, not owned; NULL: none were */
};

/*
 * A value v becomes scale (v - offset) + shift, where v - offset is a float, scale = 1 / sigma, shift = (offset - mu) /
 * sigma, computed in double, rounded once. A split feature's zeros stay zeros: its shift is not added to its values,
 * but enters the first layer as kernels.h says.
 */
struct tp_normalization {
    double mean, deviation; /* over all values, whatever the mode; population deviation */
    size_t features;
    double *offset; /* [features], see offsets.h; one allocation with all arrays below */
    float *scale;   /* [features] */
    float *shift;   /* [features] */
    float *split;   /* [features] 1 or 0 */
    float *added;   /* [features] the part of shift that is added to values: 0 for split features */
    float *apart;   /* [features] the rest */

    uint32_t *nonzero; /* [nonzero_count] features whose `added` is not 0, ascending: their zeros are filled in */
    size_t nonzero_count;
};

/* The stored values of a sample of floats; all others are 0. */
struct tp_row {
    const float *values;
    const int32_t *indices; /* the values' features, ascending; NULL: 0, 1, 2, ... */
    size_t count;
};

static inline struct tp_row tp_dataset_row(const struct tp_dataset *dataset, size_t sample)
{
    struct tp_row row = {(const float *)dataset->samples, NULL, dataset->features};
    if (dataset->type == TILEPROP_CSR) {
        const int64_t begin = dataset->indptr[sample] - dataset->indptr[0];
        row.values += begin;
        row.indices = dataset->indices + begin;
        row.count = (size_t)(dataset->indptr[sample + 1] - dataset->indptr[sample]);
    } else {
        row.values += sample * dataset->features;
    }
    return row;
}

static inline size_t tp_row_feature(const struct tp_row *row, size_t i)
{
    return row->indices ? (size_t)row->indices[i] : i;
}

/* Entries of sparse samples. */
static inline size_t tp_dataset_entries(const struct tp_dataset *dataset)
{
    return (size_t)(dataset->indptr[dataset->count] - dataset->indptr[0]);
}

/* Bytes of one dense sample. */
static inline size_t tp_dataset_sample_size(const struct tp_dataset *dataset)
{
    return dataset->features * (dataset->type == TILEPROP_U8    ? 1
                                : dataset->type == TILEPROP_F64 ? sizeof(double)
                                                                : sizeof(float));
}

/* Bytes of all samples; if sparse, of the entries' values. */
static inline size_t tp_dataset_bytes(const struct tp_dataset *dataset)
{
    return dataset->type == TILEPROP_CSR ? tp_dataset_entries(dataset) * sizeof(float)
                                         : dataset->count * tp_dataset_sample_size(dataset);
}

/* Always inlined, like its callers: gcc drops calls to a function that only prefetches, since it sees no effect. */
static inline __attribute__((always_inline)) void tp_prefetch(const void *bytes, size_t size)
{
    for (size_t offset = 0; offset < size; offset += 64)
        __builtin_prefetch((const char *)bytes + offset, 0, 2);
}

/* Prefetches a sample, which will be packed. */
static inline __attribute__((always_inline)) void tp_dataset_prefetch(const struct tp_dataset *dataset, size_t sample)
{
    if (dataset->type == TILEPROP_CSR) {
        const struct tp_row row = tp_dataset_row(dataset, sample);
        tp_prefetch(row.values, row.count * sizeof *row.values);
        tp_prefetch(row.indices, row.count * sizeof *row.indices);
    } else {
        const size_t size = tp_dataset_sample_size(dataset);
        tp_prefetch((const char *)dataset->samples + sample * size, size);
    }
}

/* Frees what the data set owns and empties it. */
void tp_dataset_free(struct tp_dataset *dataset);

/* Cuts off the samples from `kept` on. *tail owns nothing: its samples follow those that remain. */
void tp_dataset_cut(struct tp_dataset *dataset, size_t kept, struct tp_dataset *tail);

/*
 * Cuts off the last ceil(fraction * count) samples.
 * Errors: TILEPROP_USAGE unless 0 < fraction < 1 and at least one sample stays; *tail is empty then.
 */
tileprop_status tp_dataset_tail(struct tp_dataset *dataset, double fraction, struct tp_dataset *tail,
                                struct tp_error *error);

/*
 * Puts the samples in a random order that depends on the seed, and cuts off about fraction * count of them (0 <=
 * fraction < 1; rounded, and at least one unless it is 0), from each class in proportion to its share of the samples,
 * by the largest-remainder method, but never a class's last sample. Both parts keep the classes and the schema of the
 * whole.
 * Errors: TILEPROP_USAGE if that leaves too few to cut off; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_dataset_split_stratified(struct tp_dataset *dataset, double fraction, uint64_t seed,
                                            struct tp_dataset *tail, struct tp_error *error);

/*
 * The same for fold `fold`, counted from 0, of `folds` >= 2: each sample is in the tail of exactly one fold, except
 * that a class's only sample is in none.
 * Errors: TILEPROP_USAGE if that leaves nothing to cut off; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_dataset_split_fold(struct tp_dataset *dataset, size_t folds, size_t fold, uint64_t seed,
                                      struct tp_dataset *tail, struct tp_error *error);

/* Copies what the data set owns. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_dataset_copy(struct tp_dataset *dataset, const struct tp_dataset *from, struct tp_error *error);

/*
 * Replace missing values (NaN) by the feature's mean over the samples that have it. The first function finds
 * means[features] of f32 or csr samples, the second fills them in. Errors: TILEPROP_BAD_INPUT for a feature that is
 * missing in all samples; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_missing_means(const struct tp_dataset *dataset, float *means, struct tp_error *error);
void tp_missing_fill(struct tp_dataset *dataset, const float *means);

/*
 * Computes mean and deviation from integer sums for u8 and from double sums in sample order for f32 and csr. A feature
 * is split if at least a quarter of its values (of all values if all features share one mean) are 0: |shift| is then at
 * most sqrt(3), so nothing is lost to cancellation.
 */
tileprop_status tp_normalization_fit(struct tp_normalization *normalization, int mode, const struct tp_dataset *dataset,
                                     struct tp_error *error);

/* Makes a normalization from given values; NULL: scale 1, all others 0. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_normalization_of(struct tp_normalization *normalization, size_t features, const float *scale,
                                    const float *shift, const float *split, const double *offset,
                                    struct tp_error *error);

/* Allocates memory for this many features. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_normalization_make(struct tp_normalization *normalization, size_t features, struct tp_error *error);

/* Sets all members that are derived from scale, shift and split. */
void tp_normalization_settle(struct tp_normalization *normalization);

/* Copies the values to a normalization with the same number of features. */
void tp_normalization_assign(struct tp_normalization *to, const struct tp_normalization *from);

/* The fraction of values that normalize to 0 and can be skipped, estimated from some of the samples. */
double tp_normalization_zeros(const struct tp_normalization *normalization, const struct tp_dataset *dataset);

/* Makes a copy, which must be freed separately. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_normalization_copy(struct tp_normalization *normalization, const struct tp_normalization *from,
                                      struct tp_error *error);
void tp_normalization_free(struct tp_normalization *normalization);

/* The result of an evaluation over a data set. */
struct tp_metrics {
    double loss;     /* mean cross-entropy, nats per sample */
    double accuracy; /* fraction */
    size_t count;    /* samples */
};

/*
 * Mean loss, summed in sample order in double, and accuracy, from each sample's loss and predicted class. With sample
 * weights, whose sum must not be 0, both are weighted means; class weights are ignored.
 */
struct tp_metrics tp_metrics_of(const float *losses, const uint16_t *predicted, const struct tp_dataset *dataset);

/*
 * Checks that a network can be trained on train and evaluated on validation and, unless NULL, test.
 * Errors: TILEPROP_BAD_INPUT for data sets that do not fit each other or are empty.
 */
tileprop_status tp_dataset_check_sets(const struct tp_dataset *train, const struct tp_dataset *validation,
                                      const struct tp_dataset *test, struct tp_error *error);
