#include "data/dataset.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tileprop_status fail_memory(const char *what, struct tp_error *error)
{
    return tp_fail(error, TILEPROP_FAILURE, "out of memory for %s", what);
}

void tp_dataset_count_classes(const struct tp_dataset *dataset, size_t *counts)
{
    memset(counts, 0, dataset->classes * sizeof *counts);
    for (size_t i = 0; i < dataset->count; i++)
        counts[dataset->labels[i]]++;
}

void tp_dataset_free(struct tp_dataset *dataset)
{
    free(dataset->samples);
    free(dataset->labels);
    *dataset = (struct tp_dataset){0};
}

/* Gives memory back; a block that cannot be moved stays as it is. */
static void *shrink(void *block, size_t size)
{
    void *moved = realloc(block, size);
    return moved ? moved : block;
}

/*
 * Both parts keep the classes of the whole, so that a network fits both. The product is lowered by a few
 * units in the last place before it is rounded up: as doubles 0.07 * 100 is above 7.
 */
tileprop_status tp_dataset_tail(struct tp_dataset *dataset, double fraction, struct tp_dataset *tail,
                                struct tp_error *error)
{
    *tail = (struct tp_dataset){0};
    if (!(fraction > 0 && fraction < 1))
        return tp_fail(error, TILEPROP_USAGE,
                       "--val-split: expected a fraction between 0 and 1, both excluded, found %.15g",
                       fraction);
    const double wanted = -floor(-fraction * (double)dataset->count * (1 - 4 * DBL_EPSILON));
    if (!(wanted < (double)dataset->count))
        return tp_fail(error, TILEPROP_USAGE, "--val-split: %.15g of %zu samples leaves none to train on",
                       fraction, dataset->count);
    const size_t kept = dataset->count - (size_t)wanted;
    *tail = *dataset;
    tail->samples = (unsigned char *)dataset->samples + kept * tp_dataset_sample_size(dataset);
    tail->labels = dataset->labels + kept;
    tail->count = (size_t)wanted;
    dataset->count = kept;
    return TILEPROP_OK;
}

tileprop_status tp_dataset_split(struct tp_dataset *dataset, double fraction, struct tp_dataset *tail,
                                 struct tp_error *error)
{
    struct tp_dataset kept = *dataset, view;
    *tail = (struct tp_dataset){0};
    const tileprop_status status = tp_dataset_tail(&kept, fraction, &view, error);
    if (status != TILEPROP_OK)
        return status;
    const size_t sample_size = tp_dataset_sample_size(dataset);
    void *samples = malloc(view.count * sample_size);
    uint16_t *labels = malloc(view.count * sizeof *labels);
    if (!samples || !labels) {
        free(samples);
        free(labels);
        return fail_memory("a split", error);
    }
    *tail = view;
    tail->samples = memcpy(samples, view.samples, view.count * sample_size);
    tail->labels = memcpy(labels, view.labels, view.count * sizeof *labels);
    *dataset = kept;
    dataset->samples = shrink(dataset->samples, kept.count * sample_size);
    dataset->labels = shrink(dataset->labels, kept.count * sizeof *dataset->labels);
    return TILEPROP_OK;
}
