/* Misclassified samples, largest loss first, and pictures of them. */
#pragma once

#include <stdio.h>

#include "base/safe_file.h"
#include "data/dataset.h"
#include "tileprop/tileprop.h"

#define TP_SHEET_MAX 100 /* errors on a contact sheet */

struct tp_top_loss {
    size_t sample;
    float loss;
};

struct tp_top_losses {
    const struct tp_dataset *set;
    const uint16_t *predicted;
    const tileprop_model *model;
    struct tp_top_loss *errors; /* [count]; owned, from malloc */
    size_t count;
};

/*
 * Finds the errors among samples with known losses and predicted classes, all of which must outlive them. Errors:
 * TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_top_losses_find(struct tp_top_losses *worst, const tileprop_model *model,
                                   const struct tp_dataset *set, const float *losses, const uint16_t *predicted,
                                   struct tp_error *error);

/* The name of a class, safe for a terminal: it comes from the model's author. */
struct tp_shown tp_show_class(const tileprop_model *model, size_t class);

/* "sample 247: 4 taken for 2, loss 6.1", without the end of the line. */
void tp_top_losses_tell(const struct tp_top_losses *worst, size_t i, FILE *out);

/* Draws the first `most`, square images of this side, side by side as far as 80 columns go. */
void tp_top_losses_draw(const struct tp_top_losses *worst, size_t most, size_t side, FILE *out);

/* Writes the first TP_SHEET_MAX, ten in a row, twice as large, as a PNG. Errors: as tp_image_write. */
tileprop_status tp_top_losses_sheet(const struct tp_top_losses *worst, size_t side, struct tp_safe_file *out,
                                    struct tp_error *error);
