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
    TP_ROLE_NEW, /* number or text: the first cell decides */
    TP_ROLE_NUMBER,
    TP_ROLE_TEXT,
    TP_ROLE_LABEL, /* from here on, not inputs */
    TP_ROLE_WEIGHT,
    TP_ROLE_UNUSED /* a known schema has no such column, or an option leaves it out */
};

struct tp_table_column {
    char *first; /* its field of the first record, owned: its name if the table has a header */
    enum tp_role role;
    bool fixed;   /* an option or the schema said so, not a cell */
    bool learned; /* it has the schema's categories */
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
    bool header_sure; /* said or proved */
    bool known;       /* a schema says which there are */
    bool labelled;
    size_t label;    /* position in the table */
    size_t weight;   /* likewise, if a column has the role TP_ROLE_WEIGHT */
    size_t row;      /* of the first record */
    size_t trailing; /* additional empty fields of records that end with delimiters */
};

/*
 * Reads the first record, after which csv stands before the first row of data.
 * Errors: TILEPROP_BAD_INPUT for a first record with another number of fields than the second, for options or
 * a schema that name columns which are not there, and for a table without data; as csv.h's.
 * tp_table_columns_free() either way.
 */
tileprop_status tp_table_columns_begin(struct tp_table_columns *columns, struct tp_csv *csv,
                                       const struct tp_table_options *options, const struct tp_schema *schema);

/*
 * After the rows: whether the first record, taken for a header, can be nothing else, every column has a kind,
 * and columns that were not known have different names; those that are left out may share one.
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
 * Whether a field of the row that is read can be part of a schema, which is JSON.
 * Errors: TILEPROP_BAD_INPUT with row and column for what is not UTF-8.
 */
tileprop_status tp_table_columns_check_utf8(const struct tp_table_columns *columns, size_t column,
                                            const struct tp_field *field);

void tp_table_columns_free(struct tp_table_columns *columns);
