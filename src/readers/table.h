/*
 * Tables as text (csv.h): a row per sample, a column with its class; all other columns are inputs. A column of numbers
 * becomes one feature, a column of text one per category. The first cell of a column decides its type, number or text;
 * a later cell of the other type is an error, and so is a number with commas. The first line counts as a header only if
 * it cannot be data; and as data only if the options or a model's columns say so.
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
    TP_HEADER_AUTO, /* the first line holds names if it has text over a column of numbers, no number over one, and no
                       date or the like; of a table by a schema without names: data, if it can be */
    TP_HEADER_YES,
    TP_HEADER_NO
};

enum tp_missing {
    TP_MISSING_ERROR,
    TP_MISSING_MEAN /* NaN, for tp_missing_fill() */
};

enum tp_unseen {
    TP_UNSEEN_ERROR,
    TP_UNSEEN_MISSING /* as for a missing cell; if none may be missing, none of the categories */
};

struct tp_table_options {
    enum tp_header header;
    size_t skip_lines;
    const char *label;       /* a column's name, its number from 1, "first" or "last"; NULL: the last */
    const char *categorical; /* comma-separated names or numbers of columns of text, whatever their cells; or NULL */
    const char *leave_out;   /* likewise, columns that are not inputs; or NULL */
    const char *weight;      /* the column with the samples' weights, as label; NULL: none is read */
    enum tp_missing missing; /* for cells that are empty, ?, NA, N/A, NaN or null; never for labels */
    enum tp_unseen unseen;   /* with a known schema: for categories that it lacks */
    bool may_lack_label;    /* with a known schema: without its column, or without a value in it, there are no labels */
    struct tp_notes *notes; /* decisions made for the user; or NULL */
};

/* The most bytes of floats per byte of text, whatever the file contains. */
#define TP_TABLE_RATIO_MAX 256

/*
 * Reads a table, plain or gzip. An empty schema is filled from it; a known one is what the table has to fit:
 * columns are found by their names, in any order and among others, or, where one of the tables has no header,
 * by their places; no category or class may be new. *dataset then points to *schema, which is to outlive it.
 * Memory: TP_TABLE_RATIO_MAX times the unpacked bytes for the samples, and as much again while they are read;
 * by a known schema, which says the features, as many floats for each row.
 * Errors: as tp_csv_open(); TILEPROP_BAD_INPUT with path, row, which is the line of the file,
 * and column, both from 1, what was found and what was expected; TILEPROP_FAILURE if out of memory. On error
 * *dataset is empty; the schema is to be freed. The file's bytes are freed.
 */
tileprop_status tp_table_parse(struct tp_file *file, const struct tp_table_options *options, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error);
