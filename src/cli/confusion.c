#include "cli/confusion.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error)
{
    const bool has_matrix = classes <= TP_CONFUSION_MATRIX_MAX;
    *confusion = (struct tp_confusion){.classes = classes};
    confusion->samples = calloc(classes, 3 * sizeof *confusion->samples);
    confusion->matrix = has_matrix ? calloc(classes * classes, sizeof *confusion->matrix) : NULL;
    if (!confusion->samples || (has_matrix && !confusion->matrix))
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: counts of %zu classes", classes);
    confusion->chosen = confusion->samples + classes;
    confusion->right = confusion->chosen + classes;
    for (size_t i = 0; i < count; i++) {
        confusion->samples[labels[i]]++;
        confusion->chosen[predicted[i]]++;
        confusion->right[labels[i]] += labels[i] == predicted[i];
        if (has_matrix)
            confusion->matrix[labels[i] * classes + predicted[i]]++;
    }
    return TILEPROP_OK;
}

void tp_confusion_free(struct tp_confusion *confusion)
{
    free(confusion->samples);
    free(confusion->matrix);
    *confusion = (struct tp_confusion){0};
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

double tp_confusion_precision(const struct tp_confusion *confusion, size_t class)
{
    return share(confusion->right[class], confusion->chosen[class]);
}

double tp_confusion_recall(const struct tp_confusion *confusion, size_t class)
{
    return share(confusion->right[class], confusion->samples[class]);
}
