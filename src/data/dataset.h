/*
 * A labelled data set in memory: samples as they were stored (u8 stays u8), one class per sample.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "data/schema.h"

struct tp_dataset {
    tileprop_type type; /* u8, f32; for predictions also f64 */
    void *samples;      /* [count][features] of type */
    uint16_t *labels;   /* [count], each < classes */
    size_t count;
    size_t features;
    size_t classes;                 /* 1 + the largest label; at least 1 */
    const float *class_weights;     /* [classes] of a training set, not owned; NULL: all 1 */
    const struct tp_schema *schema; /* names of columns and classes, not owned; NULL: there are none */
    const double *offset;           /* [features] what f32 samples are less than the values, not owned; NULL: nothing */
};

/*
 * A value v becomes scale (v - offset) + shift, where v - offset is a float, scale = 1 / sigma, shift = (offset - mu) /
 * sigma, computed in double, rounded once. A split feature's zeros stay zeros: its shift is not added to its values,
 * but enters the first layer as kernels.h says.
 */
struct tp_normalization {
    double mean, deviation; /* over all values, whatever the mode; population deviation */
    size_t features;
    double *offset; /* [features], with all that follow in one piece of memory; offsets.h */
    float *scale;   /* [features] */
    float *shift;   /* [features] */
    float *split;   /* [features] 1 or 0 */
    float *added;   /* [features] the part of shift that is added to values: 0 of split features */
    float *apart;   /* [features] the rest */
};

/* Bytes of one sample. */
static inline size_t tp_dataset_sample_size(const struct tp_dataset *dataset)
{
    return dataset->features * (dataset->type == TILEPROP_U8    ? 1
                                : dataset->type == TILEPROP_F64 ? sizeof(double)
                                                                : sizeof(float));
}

/*
 * Asks for a sample, so that it is in the caches when it is packed. Always inlined: gcc takes a function that
 * only prefetches for one without effect and drops its calls.
 */
static inline __attribute__((always_inline)) void tp_dataset_fetch(const struct tp_dataset *dataset, size_t sample)
{
    size_t size = tp_dataset_sample_size(dataset);
    const char *bytes = (const char *)dataset->samples + sample * size;
    for (size_t offset = 0; offset < size; offset += 64)
        __builtin_prefetch(bytes + offset, 0, 2);
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
 * Puts the samples in a random order that the seed decides, and cuts off about fraction * count of them (0 <=
 * fraction < 1; rounded, and at least one unless it is 0), as many of each class as its share of the
 * samples says, by the method of the largest remainder. Both keep the classes and the schema of the whole.
 * Errors: TILEPROP_USAGE if none would be left; TILEPROP_FAILURE without memory.
 */
tileprop_status tp_dataset_draw(struct tp_dataset *dataset, double fraction, uint64_t seed, struct tp_dataset *tail,
                                struct tp_error *error);

/*
 * Makes a missing feature, NaN, the mean of those that are there. The first finds the means[features] of f32
 * samples and the second puts them there. Errors: TILEPROP_BAD_INPUT for a feature that is missing in all
 * samples.
 */
tileprop_status tp_missing_means(const struct tp_dataset *dataset, float *means, struct tp_error *error);
void tp_missing_fill(struct tp_dataset *dataset, const float *means);

/*
 * Mean and deviation from integer sums for u8 and from double sums in sample order for f32. A feature is split if at
 * least a quarter of its values are 0, of all values where all share one mean: |shift| is then at most sqrt(3), so that
 * nothing is lost to cancellation.
 */
tileprop_status tp_normalization_fit(struct tp_normalization *normalization, int mode, const struct tp_dataset *dataset,
                                     struct tp_error *error);

/* One of given values; NULL: 1, 0, 0 and 0. Errors: TILEPROP_FAILURE without memory. */
tileprop_status tp_normalization_of(struct tp_normalization *normalization, size_t features, const float *scale,
                                    const float *shift, const float *split, const double *offset,
                                    struct tp_error *error);

/* Takes memory for so many features. Errors: TILEPROP_FAILURE without memory. */
tileprop_status tp_normalization_make(struct tp_normalization *normalization, size_t features, struct tp_error *error);

/* Sets all that follows from scale, shift and split. */
void tp_normalization_settle(struct tp_normalization *normalization);

/* Copies the values to a normalization of as many features. */
void tp_normalization_assign(struct tp_normalization *to, const struct tp_normalization *from);

/* The fraction of values, in a sample of them, that normalize to 0 and can be left out. */
double tp_normalization_zeros(const struct tp_normalization *normalization, const struct tp_dataset *dataset);

/* A copy of a normalization, which is then freed by itself. Errors: TILEPROP_FAILURE without memory. */
tileprop_status tp_normalization_copy(struct tp_normalization *normalization, const struct tp_normalization *from,
                                      struct tp_error *error);
void tp_normalization_free(struct tp_normalization *normalization);

/* What an evaluation over a data set gives. */
struct tp_metrics {
    double loss;     /* mean cross-entropy, nats per sample */
    double accuracy; /* fraction */
    size_t count;    /* samples */
};

/* Mean loss, added in sample order in double, and accuracy, from what a run left of the samples. */
struct tp_metrics tp_metrics_of(const float *losses, const uint16_t *predicted, const struct tp_dataset *dataset);
