/*
 * Which classes were taken for which.
 */
#ifndef TP_CONFUSION_H
#define TP_CONFUSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Beyond this there is no matrix: it would grow with the square of what a model file says. */
#define TP_CONFUSION_MATRIX_MAX 256

struct tp_confusion {
    size_t classes;
    size_t *samples; /* [classes]: of this class; owned, and the next two behind it */
    size_t *chosen;  /* [classes]: predicted as this class */
    size_t *right;   /* [classes]: both */
    size_t *matrix;  /* owned, [class][predicted], or NULL for more classes than TP_CONFUSION_MATRIX_MAX */
};

/*
 * Counts samples by their class and the predicted one, all below classes.
 * Errors: TILEPROP_FAILURE without memory. It may be freed either way.
 */
tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error);

void tp_confusion_free(struct tp_confusion *confusion);

/* Of those predicted as the class, the share that is right; NaN where there are none. */
double tp_confusion_precision(const struct tp_confusion *confusion, size_t class);

/* Of those of the class, the share that is right; NaN where there are none. */
double tp_confusion_recall(const struct tp_confusion *confusion, size_t class);

#endif
