#include "data/dataset.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

void tp_dataset_free(struct tp_dataset *dataset)
{
    free(dataset->samples);
    free(dataset->labels);
    free(dataset->sample_weights);
    free(dataset->places);
    free(dataset->indptr);
    free(dataset->indices);
    *dataset = (struct tp_dataset){0};
}

void tp_dataset_cut(struct tp_dataset *dataset, size_t kept, struct tp_dataset *tail)
{
    *tail = *dataset;
    tail->labels = dataset->labels + kept;
    tail->sample_weights = dataset->sample_weights ? dataset->sample_weights + kept : NULL;
    tail->places = dataset->places ? dataset->places + kept : NULL;
    tail->count = dataset->count - kept;
    dataset->count = kept;
    tail->samples = (unsigned char *)dataset->samples + tp_dataset_bytes(dataset);
    if (dataset->type == TILEPROP_CSR) {
        tail->indptr = dataset->indptr + kept;
        tail->indices = dataset->indices + tp_dataset_entries(dataset);
    }
}

/* The product is lowered by a few units in the last place before it is rounded up: in double, 0.07 * 100 is above 7. */
tileprop_status tp_dataset_tail(struct tp_dataset *dataset, double fraction, struct tp_dataset *tail,
                                struct tp_error *error)
{
    *tail = (struct tp_dataset){0};
    if (!(fraction > 0 && fraction < 1))
        return tp_fail(error, TILEPROP_USAGE,
                       "--val-split: expected a fraction between 0 and 1, both excluded, found %.15g", fraction);
    const double wanted = -floor(-fraction * (double)dataset->count * (1 - 4 * DBL_EPSILON));
    if (!(wanted < (double)dataset->count))
        return tp_fail(error, TILEPROP_USAGE, "--val-split: %.15g of %zu samples leaves none to train on", fraction,
                       dataset->count);
    tp_dataset_cut(dataset, dataset->count - (size_t)wanted, tail);
    return TILEPROP_OK;
}

struct tp_metrics tp_metrics_of(const float *losses, const uint16_t *predicted, const struct tp_dataset *dataset)
{
    double loss = 0, right = 0, all = 0;
    for (size_t i = 0; i < dataset->count; i++) {
        const double weight = dataset->sample_weights ? (double)dataset->sample_weights[i] : 1;
        loss += weight * (double)losses[i];
        right += predicted[i] == dataset->labels[i] ? weight : 0;
        all += weight;
    }
    return (struct tp_metrics){.loss = loss / all, .accuracy = right / all, .count = dataset->count};
}
