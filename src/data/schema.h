/*
 * What the columns of a table mean: the features made of each, and the names of the classes. A table that is read
 * later, to validate or to predict, is read by the schema of the training data.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define TP_CLASSES_MAX    65535 /* a label has 16 bits, and 0xffff means no class */
#define TP_CATEGORIES_MAX 1000  /* of a column; more are taken for free text */

/* A column of inputs: one numeric feature, or one-hot features, one per category. */
struct tp_column {
    char *name;            /* owned; NULL: the table has no header */
    char **categories;     /* [category_count], owned */
    size_t category_count; /* 0: a number */
};

/* How the offsets of samples (offsets.h) are found. */
enum tp_offsets {
    TP_OFFSETS_KNOWN, /* tp_schema has them */
    TP_OFFSETS_EACH,  /* one for each column, found in the doubles that are read next */
    TP_OFFSETS_ONE    /* likewise, one for all columns */
};

struct tp_schema {
    size_t features;           /* of a sample; 0: nothing is known yet */
    struct tp_column *columns; /* [column_count], in the order of their features; owned */
    size_t column_count;       /* 0: nothing is known about the columns, as in an array */
    char *label;               /* name of the label's column, owned; NULL: the table has no header */
    size_t label_place;        /* position of the label among inputs and label in the training table, from 0 */
    size_t *left_out;          /* [left_out_count] positions of that table's other columns, from 0, ascending; owned */
    size_t left_out_count;
    char *weight;   /* name of the column of sample weights, owned; NULL: none is known. Not in a model's text */
    char **classes; /* [class_count], by label, owned; NULL: the labels are the names */
    size_t class_count;
    bool zero_based; /* in libsvm's text the first feature has index 0 */
    float *means;    /* [features] what a missing cell becomes, minus its offset, owned; NULL: none may be missing */
    double *offset;  /* [features] subtracted from values, owned; NULL: none. Not in a model's text */
    enum tp_offsets offsets;
};

/* The class's name: classes[label] or, if there are no names or schema is NULL, the label itself, written to
 * buffer[size]. */
const char *tp_schema_class(const struct tp_schema *schema, size_t label, char *buffer, size_t size);

/* Names the next class; false if out of memory. */
bool tp_schema_add_class(struct tp_schema *schema, const char *name);

/* Names `count` classes; names NULL: by number. False if out of memory. */
bool tp_schema_name_classes(struct tp_schema *schema, const char *const *names, size_t count);

void tp_schema_free(struct tp_schema *schema);

/* A column's position in the training table, from its position among those not left out; both from 0. */
size_t tp_schema_place(const struct tp_schema *schema, size_t place);

/* Whether any column holds categories. */
bool tp_schema_has_categories(const struct tp_schema *schema);

/* Whether the schema's text would hold anything. */
static inline bool tp_schema_says(const struct tp_schema *schema)
{
    return schema->column_count || schema->means || schema->zero_based;
}

/*
 * A schema as the text stored in a model, a JSON object:
 *
 *     columns      a list of the input columns in order, empty for an array; each has
 *                  a name if the table has a header, and categories if it does not hold numbers
 *     label        the name of the label's column, if the table has a header
 *     label_place  its place, from 0
 *     left_out     the places, from 0, of columns that are neither, if there are any
 *     zero_based   true, if in libsvm's text the first feature has index 0
 *     means        what a missing value of each feature becomes, minus its offset, if any may be missing
 *
 * Class names are not part of it: every model has them in a text of their own, a JSON list.
 *
 * Returns the text, which the caller frees; NULL if a name is not UTF-8, as JSON requires, and, with errno ENOMEM, if
 * out of memory.
 */
char *tp_schema_text_write(const struct tp_schema *schema);

/*
 * Reads the schema of samples with this many features; it has no classes. If text is NULL, the number of features is
 * all it knows. path: the model's, for messages. Errors: TILEPROP_BAD_INPUT for an invalid text and for columns that do
 * not add up to the features; TILEPROP_FAILURE if out of memory. The schema must be freed, on error too.
 */
tileprop_status tp_schema_text_read(struct tp_schema *schema, const char *text, size_t features, const char *path,
                                    struct tp_error *error);

/* The names of the classes as a text, which the caller frees; NULL as for tp_schema_text_write(). */
char *tp_schema_text_write_classes(const struct tp_schema *schema);

/* Adds the names of `classes` classes from a text. Errors: as for tp_schema_text_read(). */
tileprop_status tp_schema_text_read_classes(struct tp_schema *schema, const char *text, size_t classes,
                                            const char *path, struct tp_error *error);
