/*
 * A schema as a text that a model keeps, an object of JSON:
 *
 *     columns      a list of the inputs' columns in their order, empty for an array; each has
 *                  a name, if the table has a header, and categories, if it holds no numbers
 *     label        the name of the label's column, if the table has a header
 *     label_place  its place, from 0
 *     means        what a missing value of each feature becomes, if any may be missing
 *
 * The classes are not in it: every model has them, as a text of their own, a list of JSON.
 */
#ifndef TP_SCHEMA_TEXT_H
#define TP_SCHEMA_TEXT_H

#include "base/status.h"
#include "data/schema.h"

/* The text, to be freed; NULL for names that are not UTF-8, which JSON is, and, with errno ENOMEM, without
 * memory. */
char *tp_schema_text_write(const struct tp_schema *schema);

/*
 * Reads the schema of samples with so many features; it has no classes. path: the model's, for messages.
 * Errors: TILEPROP_BAD_INPUT for what is no such text, and for columns that do not add up to the features;
 * TILEPROP_FAILURE without memory. The schema is to be freed, on error too.
 */
tileprop_status tp_schema_text_read(struct tp_schema *schema, const char *text, size_t features,
                                    const char *path, struct tp_error *error);

/* The names of the classes as a text, to be freed; NULL as tp_schema_text_write(). */
char *tp_schema_text_write_classes(const struct tp_schema *schema);

/* Adds the names of so many classes from a text. Errors: as tp_schema_text_read(). */
tileprop_status tp_schema_text_read_classes(struct tp_schema *schema, const char *text, size_t classes,
                                            const char *path, struct tp_error *error);

#endif
