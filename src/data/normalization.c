/* The part of dataset.h that fits a normalization to a data set. */
#include "data/dataset.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/flush.h"

/* n^2 times a variance of bytes needs more than 64 bits, and less than 128 up to n = 2^56. */
__extension__ typedef unsigned __int128 tp_uint128;

struct moments {
    double mean, deviation;
    size_t zeros;
    uint64_t sum, squares; /* of x and of x^2, of bytes: exact up to 2^48 of them */
};

/*
 * deviation^2 = (n sum(x^2) - sum(x)^2) / n^2. With rounded sums the difference would cancel; here it is exact, and
 * never below 0 (Cauchy-Schwarz).
 */
static void byte_moments(struct moments *of, size_t n)
{
    const tp_uint128 difference = (tp_uint128)n * of->squares - (tp_uint128)of->sum * of->sum;
    of->mean = (double)of->sum / (double)n;
    of->deviation = sqrt((double)difference) / (double)n;
}

/* So few features and samples that the sums fit in narrow integers, many of which fit in a vector. */
#define TP_FEATURES_AT_A_TIME 1024
#define TP_SAMPLES_AT_A_TIME  255

static void add_bytes(const uint8_t *samples, size_t count, size_t stride, size_t features, struct moments *of)
{
    uint16_t sum[TP_FEATURES_AT_A_TIME] = {0};
    uint32_t squares[TP_FEATURES_AT_A_TIME] = {0};
    uint8_t zeros[TP_FEATURES_AT_A_TIME] = {0};
    for (size_t i = 0; i < count; i++, samples += stride) {
        for (size_t j = 0; j < features; j++) {
            const uint16_t x = samples[j], square = (uint16_t)(x * x);
            sum[j] = (uint16_t)(sum[j] + x);
            squares[j] += square;
            zeros[j] = (uint8_t)(zeros[j] + (samples[j] == 0));
        }
    }
    for (size_t j = 0; j < features; j++) {
        of[j].sum += sum[j];
        of[j].squares += squares[j];
        of[j].zeros += zeros[j];
    }
}

/* Stores the moments of each feature, and of all values in *whole; both are zero before. */
static void u8_moments(const struct tp_dataset *dataset, struct moments *of, struct moments *whole)
{
    const size_t count = dataset->count, features = dataset->features;
    const uint8_t *samples = dataset->samples;
    for (size_t i = 0; i < count; i += TP_SAMPLES_AT_A_TIME) {
        const size_t rows = count - i < TP_SAMPLES_AT_A_TIME ? count - i : TP_SAMPLES_AT_A_TIME;
        for (size_t j = 0; j < features; j += TP_FEATURES_AT_A_TIME) {
            const size_t columns = features - j < TP_FEATURES_AT_A_TIME ? features - j : TP_FEATURES_AT_A_TIME;
            add_bytes(samples + i * features + j, rows, features, columns, &of[j]);
        }
    }
    for (size_t j = 0; j < features; j++) {
        byte_moments(&of[j], count);
        whole->sum += of[j].sum;
        whole->squares += of[j].squares;
        whole->zeros += of[j].zeros;
    }
    byte_moments(whole, count * features);
}

static double offset_of(const struct tp_dataset *dataset, size_t feature)
{
    return dataset->offset ? dataset->offset[feature] : 0;
}

/*
 * Like u8_moments, in two passes of double sums: each feature's in sample order, then over the features in order. The
 * squares of all zeros are added last, as one term, so that sparse samples give the same bits.
 * The squares about the common mean are those about each feature's mean plus count times the squared distance of the
 * means, so two passes serve both. A feature's mean has its offset subtracted.
 */
static void f32_moments(const struct tp_dataset *dataset, struct moments *of, struct moments *whole)
{
    const size_t count = dataset->count, features = dataset->features;
    const double n = (double)count;

    for (size_t j = 0; j < features; j++)
        of[j].zeros = count;
    for (size_t i = 0; i < count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        for (size_t k = 0; k < row.count; k++) {
            struct moments *m = &of[tp_row_feature(&row, k)];
            m->mean += (double)row.values[k];
            m->zeros -= row.values[k] != 0;
        }
    }
    double sum = 0;
    for (size_t j = 0; j < features; j++) {
        sum += of[j].mean + n * offset_of(dataset, j);
        whole->zeros += of[j].zeros;
        of[j].mean /= n;
    }
    whole->mean = sum / (n * (double)features);

    for (size_t i = 0; i < count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        for (size_t k = 0; k < row.count; k++) {
            struct moments *m = &of[tp_row_feature(&row, k)];
            const double distance = row.values[k] != 0 ? (double)row.values[k] - m->mean : 0;
            m->deviation += distance * distance;
        }
    }
    double squares = 0;
    for (size_t j = 0; j < features; j++) {
        const double distance = of[j].mean + offset_of(dataset, j) - whole->mean;
        of[j].deviation += (double)of[j].zeros * (of[j].mean * of[j].mean);
        squares += of[j].deviation + n * (distance * distance);
        of[j].deviation = sqrt(of[j].deviation / n);
    }
    whole->deviation = sqrt(squares / (n * (double)features));
}

/*
 * Maps each feature's least value to 0 and its largest to 1; a constant feature becomes 0. If 0 is among a feature's
 * values, |shift| is at most 1.
 */
static tileprop_status fit_range(struct tp_normalization *normalization, const struct tp_dataset *dataset,
                                 const struct moments *of, struct tp_error *error)
{
    float *low = normalization->shift, *high = normalization->scale;
    for (size_t j = 0; j < dataset->features; j++) {
        low[j] = of[j].zeros ? 0 : INFINITY;
        high[j] = of[j].zeros ? 0 : -INFINITY;
    }
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        for (size_t k = 0; k < row.count; k++) {
            const size_t j = tp_row_feature(&row, k);
            low[j] = row.values[k] < low[j] ? row.values[k] : low[j];
            high[j] = row.values[k] > high[j] ? row.values[k] : high[j];
        }
    }
    for (size_t j = 0; j < dataset->features; j++) {
        const double range = (double)high[j] - (double)low[j];
        if (range > 1 / (double)FLT_MIN)
            return tp_fail(error, TILEPROP_BAD_INPUT, "value %zu of the samples: range %g is too large to divide by", j,
                           range);
        const bool constant = range < (double)FLT_MIN;
        normalization->shift[j] = constant ? 0 : (float)(-(double)low[j] / range);
        normalization->scale[j] = constant ? 0 : (float)(1 / range);
    }
    return TILEPROP_OK;
}

tileprop_status tp_normalization_fit(struct tp_normalization *normalization, int mode, const struct tp_dataset *dataset,
                                     struct tp_error *error)
{
    const size_t features = dataset->features;
    const uint64_t saved = tp_flush_enter(); /* independent of the caller's rounding mode */
    tileprop_status status = tp_normalization_make(normalization, features, error);
    struct moments *of = calloc(features, sizeof *of), whole = {0};
    if (status == TILEPROP_OK && !of)
        status = tp_fail_memory(error, NULL, "the normalization");
    if (status == TILEPROP_OK)
        (dataset->type == TILEPROP_U8 ? u8_moments : f32_moments)(dataset, of, &whole);
    normalization->mean = whole.mean;
    normalization->deviation = whole.deviation;

    for (size_t j = 0; status == TILEPROP_OK && j < features; j++) {
        const bool together = mode == TILEPROP_NORMALIZE_GLOBAL;
        const struct moments m = together ? whole : of[j];
        const size_t values = dataset->count * (together ? features : 1);
        const double offset = offset_of(dataset, j);
        double scale = 1, shift = 0;
        if (mode == TILEPROP_NORMALIZE_UNIT && dataset->type == TILEPROP_U8) {
            scale = 1.0 / 255;
        } else if (mode != TILEPROP_NORMALIZE_UNIT && mode != TILEPROP_NORMALIZE_NONE) {
            /* Below FLT_MIN, values differ only as subnormals, which are flushed to 0, and 1 / deviation overflows. */
            const bool constant = m.deviation < (double)FLT_MIN;
            scale = constant ? 0 : 1 / m.deviation;
            shift =
                mode == TILEPROP_NORMALIZE_SCALE || constant ? 0 : -(together ? m.mean - offset : m.mean) / m.deviation;
            if (scale != 0 && scale < (double)FLT_MIN)
                status = tp_fail(error, TILEPROP_BAD_INPUT,
                                 "value %zu of the samples: deviation %g is too large to divide by", j, 1 / scale);
        }
        normalization->scale[j] = (float)scale;
        normalization->shift[j] = (float)shift;
        normalization->split[j] = offset == 0 && m.zeros >= values / 4 + (values % 4 != 0);
        normalization->offset[j] = offset;
    }
    if (status == TILEPROP_OK && mode == TILEPROP_NORMALIZE_UNIT && dataset->type != TILEPROP_U8)
        status = fit_range(normalization, dataset, of, error);
    if (status == TILEPROP_OK)
        tp_normalization_settle(normalization);
    tp_flush_leave(saved);
    free(of);
    if (status != TILEPROP_OK)
        tp_normalization_free(normalization);
    return status;
}

tileprop_status tp_normalization_make(struct tp_normalization *normalization, size_t features, struct tp_error *error)
{
    double *offset = calloc(features, sizeof *offset + 5 * sizeof(float) + sizeof(uint32_t));
    *normalization = (struct tp_normalization){0};
    if (!offset)
        return tp_fail_memory(error, NULL, "the normalization");
    float *all = (float *)(void *)(offset + features);
    *normalization = (struct tp_normalization){.features = features,
                                               .offset = offset,
                                               .scale = all,
                                               .shift = all + features,
                                               .split = all + 2 * features,
                                               .added = all + 3 * features,
                                               .apart = all + 4 * features,
                                               .nonzero = (uint32_t *)(void *)(all + 5 * features)};
    return TILEPROP_OK;
}

void tp_normalization_settle(struct tp_normalization *normalization)
{
    normalization->nonzero_count = 0;
    for (size_t j = 0; j < normalization->features; j++) {
        const bool split = normalization->split[j] != 0;
        normalization->added[j] = split ? 0 : normalization->shift[j];
        normalization->apart[j] = split ? normalization->shift[j] : 0;
        if (normalization->added[j] != 0)
            normalization->nonzero[normalization->nonzero_count++] = (uint32_t)j;
    }
}

tileprop_status tp_normalization_of(struct tp_normalization *normalization, size_t features, const float *scale,
                                    const float *shift, const float *split, const double *offset,
                                    struct tp_error *error)
{
    const tileprop_status status = tp_normalization_make(normalization, features, error);
    if (status != TILEPROP_OK)
        return status;
    normalization->deviation = 1;
    for (size_t j = 0; j < features; j++) {
        normalization->scale[j] = scale ? scale[j] : 1;
        normalization->shift[j] = shift ? shift[j] : 0;
        normalization->split[j] = split ? split[j] : 0;
        normalization->offset[j] = offset ? offset[j] : 0;
    }
    tp_normalization_settle(normalization);
    return TILEPROP_OK;
}

void tp_normalization_assign(struct tp_normalization *to, const struct tp_normalization *from)
{
    const size_t size = from->features * sizeof *from->scale;
    memcpy(to->scale, from->scale, size);
    memcpy(to->shift, from->shift, size);
    memcpy(to->split, from->split, size);
    memcpy(to->offset, from->offset, from->features * sizeof *from->offset);
    tp_normalization_settle(to);
    to->mean = from->mean;
    to->deviation = from->deviation;
}

#define SAMPLES_LOOKED_AT 256

/* The number of a sample's values that cannot be skipped. */
static size_t count_others(const struct tp_normalization *normalization, const struct tp_dataset *dataset,
                           size_t sample)
{
    const size_t features = dataset->features;
    size_t others = normalization->nonzero_count;
    if (dataset->type == TILEPROP_U8) {
        const uint8_t *bytes = (const uint8_t *)dataset->samples + sample * features;
        for (size_t j = 0; j < features; j++)
            others += bytes[j] != 0 && normalization->added[j] == 0;
        return others;
    }
    const struct tp_row row = tp_dataset_row(dataset, sample);
    for (size_t k = 0; k < row.count; k++)
        others += row.values[k] != 0 && normalization->added[tp_row_feature(&row, k)] == 0;
    return others;
}

double tp_normalization_zeros(const struct tp_normalization *normalization, const struct tp_dataset *dataset)
{
    const size_t features = dataset->features;
    const size_t looked_at = dataset->count < SAMPLES_LOOKED_AT ? dataset->count : SAMPLES_LOOKED_AT;
    size_t zeros = looked_at * features;
    for (size_t i = 0; i < looked_at; i++)
        zeros -= count_others(normalization, dataset, i * dataset->count / looked_at);
    return looked_at ? (double)zeros / ((double)looked_at * (double)features) : 0;
}

tileprop_status tp_normalization_copy(struct tp_normalization *normalization, const struct tp_normalization *from,
                                      struct tp_error *error)
{
    const tileprop_status status = tp_normalization_make(normalization, from->features, error);
    if (status == TILEPROP_OK)
        tp_normalization_assign(normalization, from);
    return status;
}

void tp_normalization_free(struct tp_normalization *normalization)
{
    free(normalization->offset);
    *normalization = (struct tp_normalization){0};
}
