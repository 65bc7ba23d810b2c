/*
 * What the columns of a table are: which features they became, and what the classes are called. A table that
 * is read later, to validate or to predict, is read by the schema of the one that was trained on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define TP_CLASSES_MAX    65535 /* a label has 16 bits, of which 0xffff is no class */
#define TP_CATEGORIES_MAX 1000  /* of a column: more are taken for free text */

/* A column of inputs: one feature that is a number, or one per category, which is 1 in its rows and 0
 * elsewhere. */
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
    size_t column_count;       /* 0: nothing is known of the columns, as in an array */
    char *label;               /* name of the label's column, owned; NULL: the table has no header */
    size_t label_place;        /* the label's column, from 0, among those and itself in the table that was trained on */
    size_t *left_out;          /* [left_out_count] places, from 0, ascending, of columns of that table that are neither,
                                  owned */
    size_t left_out_count;
    char *weight;   /* name of the column of samples' weights, owned; NULL: none is known. Not in a model's text */
    char **classes; /* [class_count], by label, owned; NULL: they are called by their labels */
    size_t class_count;
    bool zero_based; /* in libsvm's text the first feature has index 0 */
    float *means;    /* [features] what a missing cell becomes, minus its offset, owned; NULL: none may be missing */
    double *offset;  /* [features] subtracted from values, owned; NULL: nothing. Not in a model's text */
    enum tp_offsets offsets;
};

/* The class's name: classes[label], or, also without a schema (NULL), the label itself, written to
 * buffer[size]. */
const char *tp_schema_class(const struct tp_schema *schema, size_t label, char *buffer, size_t size);

/* Names the next class; false if out of memory. */
bool tp_schema_add_class(struct tp_schema *schema, const char *name);

/* Names that many classes; names NULL: by number. False if out of memory. */
bool tp_schema_name_classes(struct tp_schema *schema, const char *const *names, size_t count);

void tp_schema_free(struct tp_schema *schema);

/* Where a column was in the table that was trained on, by its place among those that were not left out; both from 0. */
size_t tp_schema_place(const struct tp_schema *schema, size_t place);

/* Whether any column holds categories. */
bool tp_schema_has_categories(const struct tp_schema *schema);

/* Whether it holds more than the numbers of features and classes. */
static inline bool tp_schema_says(const struct tp_schema *schema)
{
    return schema->column_count || schema->means || schema->zero_based;
}

/*
 * A schema as a text that a model keeps, an object of JSON:
 *
 *     columns      a list of the inputs' columns in their order, empty for an array; each has
 *                  a name, if the table has a header, and categories, if it holds no numbers
 *     label        the name of the label's column, if the table has a header
 *     label_place  its place, from 0
 *     left_out     the places, from 0, of columns that are neither, if there are any
 *     zero_based   true, if in libsvm's text the first feature has index 0
 *     means        what a missing value of each feature becomes, minus its offset, if any may be missing
 *
 * The classes are not in it: every model has them, as a text of their own, a list of JSON.
 *
 * Returns the text, to be freed; NULL for names that are not UTF-8, which JSON is, and, with errno ENOMEM,
 * without memory.
 */
char *tp_schema_text_write(const struct tp_schema *schema);

/*
 * Reads the schema of samples with so many features; it has no classes. Without a text, NULL, it knows no
 * more than that. path: the model's, for messages. Errors: TILEPROP_BAD_INPUT for what is no such text, and
 * for columns that do not add up to the features; TILEPROP_FAILURE if out of memory. The schema is to be freed,
 * on error too.
 */
tileprop_status tp_schema_text_read(struct tp_schema *schema, const char *text, size_t features, const char *path,
                                    struct tp_error *error);

/* The names of the classes as a text, to be freed; NULL as tp_schema_text_write(). */
char *tp_schema_text_write_classes(const struct tp_schema *schema);

/* Adds the names of so many classes from a text. Errors: as tp_schema_text_read(). */
tileprop_status tp_schema_text_read_classes(struct tp_schema *schema, const char *text, size_t classes,
                                            const char *path, struct tp_error *error);
