/*
 * Labels, as texts or numbers, and the classes they stand for: 0, 1, ... in ascending order of the numbers or, if not
 * all labels are numbers, of the bytes of the texts.
 */
#pragma once

#include <stdint.h>

#include "base/string_table.h"
#include "data/schema.h"

#define TP_NUMBER_CLASSES_FEW 100 /* more distinct numbers look like a quantity, */
#define TP_CLASS_SAMPLES      3   /* unless there are at least this many samples for each on average */

struct tp_label_encoder {
    struct tp_string_table names; /* the only member that owns memory */
    bool learned;                 /* any other class is an error */
    bool numbers;                 /* all labels so far, or all that may be there, are decimal numbers */
    const char *advice;           /* ending of messages about invalid labels; not owned */
};

/* Copies the schema's classes; if it has none, they are learned. path: the file of the labels; outlives the encoder.
 * Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_label_encoder_begin(struct tp_label_encoder *encoder, const struct tp_schema *schema,
                                       const char *path, struct tp_error *error);

/* Stores the number of a label's text if the text is known in exactly this form. */
bool tp_label_encoder_find(const struct tp_label_encoder *encoder, const char *text, size_t size, uint16_t *label);

/*
 * Stores the number of a label's text[size], size >= 1; an integer may be written in any form. `place` names it in
 * messages. Errors: TILEPROP_BAD_INPUT for numbers that are not integers, too many classes, and a class that the schema
 * lacks; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_label_encoder_label(struct tp_label_encoder *encoder, const char *place, const char *text,
                                       size_t size, uint16_t *label, struct tp_error *error);

/*
 * Renumbers learned classes in sorted order, also in labels[count], and moves their names to the schema.
 * Errors: TILEPROP_BAD_INPUT for numbers that look like a quantity; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_label_encoder_finish(struct tp_label_encoder *encoder, struct tp_schema *schema, uint16_t *labels,
                                        size_t count, struct tp_error *error);
