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

tileprop_status tp_dataset_check_sets(const struct tp_dataset *train, const struct tp_dataset *validation,
                                      const struct tp_dataset *test, struct tp_error *error)
{
    if (train->count == 0 || validation->count == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "expected at least 1 %s sample, found none",
                       train->count == 0 ? "training" : "validation");
    if (validation->features != train->features)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "expected validation samples of %zu values as in the training set, found %zu", train->features,
                       validation->features);
    if (validation->classes > train->classes)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "expected validation classes from 0 to %zu as in the training set, found %zu",
                       train->classes - 1, validation->classes - 1);
    if (test && (test->count == 0 || test->features != train->features || test->classes > train->classes))
        return tp_fail(
            error, TILEPROP_BAD_INPUT,
            "expected at least 1 test sample of %zu values and at most %zu classes, found %zu of %zu and %zu",
            train->features, train->classes, test->count, test->features, test->classes);
    if (train->count > UINT32_MAX)
        return tp_fail(error, TILEPROP_BAD_INPUT, "expected at most %u training samples, found %zu", UINT32_MAX,
                       train->count);
    return TILEPROP_OK;
}
