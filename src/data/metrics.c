#include "data/metrics.h"

struct tp_metrics tp_metrics_of(const float *losses, const uint16_t *predicted,
                                const struct tp_dataset *dataset)
{
    double loss = 0;
    size_t right = 0;
    for (size_t i = 0; i < dataset->count; i++) {
        loss += (double)losses[i];
        right += predicted[i] == dataset->labels[i];
    }
    double count = (double)dataset->count;
    return (struct tp_metrics){
        .loss = loss / count, .accuracy = (double)right / count, .count = dataset->count};
}
