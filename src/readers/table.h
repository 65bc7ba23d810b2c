/*
 * Text tables (csv.h): a row per sample, one column with its class; all other columns are inputs. A column of numbers
 * becomes one feature, a column of text one per category. The first cell of a column decides its type, number or text;
 * a later cell of the other type is an error, and so is a number with commas. The first line counts as a header only if
 * it cannot be data, and as data only if the options or a model's columns say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/notes.h"

enum tp_header {
    TP_HEADER_AUTO, /* the first line holds names if it has text above a column of numbers, no number above one, and
                       no date or the like; with a schema without names it is data, if it can be */
    TP_HEADER_YES,
    TP_HEADER_NO
};

enum tp_missing {
    TP_MISSING_ERROR,
    TP_MISSING_MEAN /* NaN, for tp_missing_fill() */
};

enum tp_unseen {
    TP_UNSEEN_ERROR,
    TP_UNSEEN_MISSING /* like a missing cell; with TP_MISSING_ERROR, all features of the column are 0 */
};

struct tp_table_options {
    enum tp_header header;
    size_t skip_lines;
    const char *label;       /* a column's name, its number from 1, "first" or "last"; NULL: the last */
    const char *categorical; /* comma-separated names or numbers of columns to treat as text; or NULL */
    const char *leave_out;   /* likewise, columns that are not inputs; or NULL */
    const char *weight;      /* the column with the samples' weights, named like `label`; NULL: none is read */
    enum tp_missing missing; /* for cells that are empty, ?, NA, N/A, NaN or null; never for labels */
    enum tp_unseen unseen;   /* with a known schema: for categories that it lacks */
    bool may_lack_label;     /* with a known schema: the label column or all its values may be absent */
    struct tp_notes *notes;  /* decisions made for the user; or NULL */
};

/* The most bytes of floats per byte of text, whatever the file contains. */
#define TP_TABLE_RATIO_MAX 256

/*
 * Reads a table. An empty schema is filled in from it; a known one must fit the table: columns are found by name, in
 * any order and among others, or, where one of the tables has no header, by position; no category or class may be new.
 * *dataset then points to *schema, which must outlive it.
 * Memory: TP_TABLE_RATIO_MAX times the unpacked bytes for the samples, and as much again while they are read; with a
 * known schema, its number of features in floats for each row.
 * Errors: those of tp_csv_open(); TILEPROP_BAD_INPUT with path, row (the line of the file) and column, both from 1,
 * what was found and what was expected; TILEPROP_FAILURE if out of memory. On error *dataset is empty; the schema must
 * be freed. The file's bytes are freed.
 */
tileprop_status tp_table_parse(struct tp_file *file, const struct tp_table_options *options, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error);
