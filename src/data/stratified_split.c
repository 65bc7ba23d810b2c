/*
 * The part of dataset.h that draws the rows of a table.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/dataset.h"

/* Of one class: its samples, those for the tail, and what rounding took from it. */
struct quota {
    size_t count, wanted;
    double remainder;
};

static void find_quotas(const struct tp_dataset *dataset, size_t wanted, struct quota *quotas)
{
    size_t given = 0;
    for (size_t i = 0; i < dataset->count; i++)
        quotas[dataset->labels[i]].count++;
    for (size_t k = 0; k < dataset->classes; k++) {
        const double exact = (double)wanted * (double)quotas[k].count / (double)dataset->count;
        quotas[k].wanted = (size_t)exact;
        quotas[k].remainder = exact - floor(exact);
        given += quotas[k].wanted;
    }
    for (; given < wanted; given++) {
        struct quota *best = quotas; /* the largest remainder, of equal ones the first */
        for (struct quota *quota = quotas + 1; quota < quotas + dataset->classes; quota++)
            best = quota->remainder > best->remainder ? quota : best;
        best->remainder = -1;
        best->wanted++;
    }
}

tileprop_status tp_dataset_draw(struct tp_dataset *dataset, double fraction, uint64_t seed, struct tp_dataset *tail,
                                struct tp_error *error)
{
    const size_t count = dataset->count, size = tp_dataset_sample_size(dataset);
    size_t wanted = (size_t)rint(fraction * (double)count);
    wanted += fraction > 0 && wanted == 0;
    *tail = (struct tp_dataset){0};
    if (wanted >= count || count > UINT32_MAX)
        return tp_fail(error, TILEPROP_USAGE, "%zu of %zu samples to validate on leave none to train on", wanted,
                       count);

    struct quota *quotas = calloc(dataset->classes, sizeof *quotas);
    uint32_t *order = malloc(count * sizeof *order);
    char *samples = malloc(count * size);
    uint16_t *labels = malloc(count * sizeof *labels);
    const bool good = quotas && order && samples && labels;
    if (good) {
        size_t head = 0, behind = count - wanted;
        find_quotas(dataset, wanted, quotas);
        tp_random_permutation(seed, TP_RANDOM_DRAW, 0, count, order);
        for (size_t i = 0; i < count; i++) {
            struct quota *quota = &quotas[dataset->labels[order[i]]];
            const size_t place = quota->wanted ? behind++ : head++;
            quota->wanted -= quota->wanted > 0;
            memcpy(samples + place * size, (const char *)dataset->samples + order[i] * size, size);
            labels[place] = dataset->labels[order[i]];
        }
        free(dataset->samples);
        free(dataset->labels);
        dataset->samples = samples;
        dataset->labels = labels;
        tp_dataset_cut(dataset, count - wanted, tail);
    } else {
        free(samples);
        free(labels);
    }
    free(quotas);
    free(order);
    return good ? TILEPROP_OK : tp_fail_memory(error, NULL, "a split");
}

tileprop_status tp_missing_means(const struct tp_dataset *dataset, float *means, struct tp_error *error)
{
    const float *samples = dataset->samples;
    const size_t features = dataset->features;
    for (size_t j = 0; j < features; j++) {
        double sum = 0;
        size_t there = 0;
        for (size_t i = 0; i < dataset->count; i++) {
            const float value = samples[i * features + j];
            if (!isnan(value)) {
                sum += (double)value;
                there++;
            }
        }
        if (!there)
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "input %zu is missing in all %zu training samples, expected a value", j + 1, dataset->count);
        means[j] = (float)(sum / (double)there);
    }
    return TILEPROP_OK;
}

void tp_missing_fill(struct tp_dataset *dataset, const float *means)
{
    float *samples = dataset->samples;
    for (size_t i = 0; i < dataset->count; i++) {
        for (size_t j = 0; j < dataset->features; j++) {
            float *value = &samples[i * dataset->features + j];
            *value = isnan(*value) ? means[j] : *value;
        }
    }
}
