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
    size_t *samples; /* [classes]: of this class; owned, from malloc, with the next three behind it */
    size_t *chosen;  /* [classes]: predicted as this class */
    size_t *right;   /* [classes]: both */
    size_t *matrix;  /* [class][predicted], or NULL for more classes than TP_CONFUSION_MATRIX_MAX */
};

/*
 * Counts samples by their class and the predicted one, all below classes.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error);

#endif
