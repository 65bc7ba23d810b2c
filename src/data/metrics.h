/*
 * What an evaluation over a data set gives.
 */
#ifndef TP_METRICS_H
#define TP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "data/dataset.h"

struct tp_metrics {
    double loss;     /* mean cross-entropy, nats per sample */
    double accuracy; /* fraction */
    size_t count;    /* samples */
};

/* Mean loss, added in sample order in double, and accuracy, from what a run left of the samples. */
struct tp_metrics tp_metrics_of(const float *losses, const uint16_t *predicted,
                                const struct tp_dataset *dataset);

#endif
