#include "cli/confusion.h"

#include <stdlib.h>

tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error)
{
    const size_t columns = classes <= TP_CONFUSION_MATRIX_MAX ? classes : 0;
    size_t *samples = calloc(classes, (3 + columns) * sizeof *samples);
    if (!samples)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: counts of %zu classes", classes);
    *confusion = (struct tp_confusion){classes, samples, samples + classes, samples + 2 * classes,
                                       columns ? samples + 3 * classes : NULL};
    for (size_t i = 0; i < count; i++) {
        confusion->samples[labels[i]]++;
        confusion->chosen[predicted[i]]++;
        confusion->right[labels[i]] += labels[i] == predicted[i];
        if (columns)
            confusion->matrix[labels[i] * classes + predicted[i]]++;
    }
    return TILEPROP_OK;
}
