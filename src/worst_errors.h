/*
 * Samples that were taken for another class, those with the largest loss first, and pictures of them.
 */
#ifndef TP_WORST_ERRORS_H
#define TP_WORST_ERRORS_H

#include <stdio.h>

#include "../include/tileprop/tileprop.h"
#include "dataset.h"
#include "safe_file.h"

#define TP_SHEET_MOST 100 /* errors on a contact sheet */

struct tp_worst_error {
    size_t sample;
    float loss;
};

struct tp_worst_errors {
    const struct tp_dataset *set;
    const uint16_t *predicted;
    const tileprop_model *model;
    struct tp_worst_error *errors; /* [count]; owned */
    size_t count;
};

/*
 * Finds the errors among samples whose losses and predicted classes are known; all of it outlives them.
 * Errors: TP_FAILURE without memory.
 */
enum tp_status tp_worst_errors_find(struct tp_worst_errors *worst, const tileprop_model *model,
                                    const struct tp_dataset *set, const float *losses,
                                    const uint16_t *predicted, struct tp_error *error);

void tp_worst_errors_free(struct tp_worst_errors *worst);

/* The name of a class, fit for a terminal: who wrote the model chose it. */
struct tp_shown tp_show_class(const tileprop_model *model, size_t class);

/* "sample 247: 4 taken for 2, loss 6.1", without the end of the line. */
void tp_worst_errors_tell(const struct tp_worst_errors *worst, size_t i, FILE *out);

/* Draws the first `most`, square images of this side, side by side as far as 80 columns go. */
void tp_worst_errors_draw(const struct tp_worst_errors *worst, size_t most, size_t side, FILE *out);

/*
 * Writes the first TP_SHEET_MOST, ten in a row, twice as large, as a PNG.
 * Errors: as tp_image_write.
 */
enum tp_status tp_worst_errors_sheet(const struct tp_worst_errors *worst, size_t side,
                                     struct tp_safe_file *out, struct tp_error *error);

#endif
