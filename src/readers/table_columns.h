/* The role of each column of a table, from its first record, the options and a known schema. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/string_table.h"
#include "data/schema.h"
#include "readers/csv.h"
#include "readers/table.h"

enum tp_role {
    TP_ROLE_NEW, /* number or text is not decided yet: the first cell will */
    TP_ROLE_NUMBER,
    TP_ROLE_TEXT,
    TP_ROLE_LABEL, /* from here on, not inputs */
    TP_ROLE_WEIGHT,
    TP_ROLE_UNUSED /* a known schema has no such column, or an option leaves it out */
};

struct tp_table_column {
    char *first; /* its field in the first record, owned: its name if the table has a header */
    enum tp_role role;
    bool fixed;   /* the role was set by an option or the schema, not by a cell */
    bool learned; /* its categories come from the schema */
    size_t place; /* among the inputs */
    size_t row;   /* of the cell that decided */
    struct tp_string_table categories;
};

struct tp_table_columns {
    struct tp_csv *csv;
    struct tp_notes *notes;
    struct tp_table_column *all;
    size_t count;
    size_t *by_name; /* [count], owned: places in ascending order of the first record's fields */
    size_t inputs;
    bool header;
    bool header_sure; /* an option says so, or the data prove it */
    bool known;       /* a schema says which columns there are */
    bool labelled;
    size_t label;    /* position in the table */
    size_t weight;   /* likewise, if a column has the role TP_ROLE_WEIGHT */
    size_t row;      /* of the first record */
    size_t trailing; /* additional empty fields of records that end with delimiters */
};

/*
 * Reads the first record, after which csv is before the first row of data.
 * Errors: TILEPROP_BAD_INPUT if the first record does not have as many fields as the second, for options or a schema
 * that name columns that do not exist, and for a table without data; those of csv.h. Call tp_table_columns_free() in
 * any case.
 */
tileprop_status tp_table_columns_begin(struct tp_table_columns *columns, struct tp_csv *csv,
                                       const struct tp_table_options *options, const struct tp_schema *schema);

/*
 * After the rows, checks that a first record taken for a header cannot be data, that every column has a type, and that
 * columns not known before have different names; those left out may share one.
 * Errors: TILEPROP_BAD_INPUT.
 */
tileprop_status tp_table_columns_check(const struct tp_table_columns *columns, bool number_labels);

/* Whether a cell's text means a missing value. */
bool tp_table_is_missing(const char *text, size_t size);

/* Whether this is a date, a time or an amount: digits and signs, and no letters but the T and Z of ISO 8601. */
bool tp_table_is_quantity(const char *text);

/* Writes the place of a cell, for a message. */
struct tp_table_place {
    char text[512];
};
struct tp_table_place tp_table_columns_place(const struct tp_table_columns *columns, size_t column);

/*
 * Checks that a field of the current row can be part of a schema, which is JSON.
 * Errors: TILEPROP_BAD_INPUT with row and column if it is not UTF-8.
 */
tileprop_status tp_table_columns_check_utf8(const struct tp_table_columns *columns, size_t column,
                                            const struct tp_field *field);

void tp_table_columns_free(struct tp_table_columns *columns);
