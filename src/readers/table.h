/*
 * Tables as text (csv.h): a row per sample, a column with its class, all other columns its inputs. Columns of
 * numbers become one feature each, columns of text one per category.
 *
 * A column is what its first cell is, a number or text, and stays that: another cell of the other kind is an
 * error, and so is a number with commas. The first line is taken for a header only where it cannot be data,
 * and for data only if the options or a model's columns say so.
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
    TP_UNSEEN_MISSING /* as of a missing cell; none of the categories where none may be missing */
};

struct tp_table_options {
    enum tp_header header;
    size_t skip_lines;
    const char *label;       /* a column's name, its place from 1, "first" or "last"; NULL: the last */
    const char *categorical; /* names or places with commas between them: columns of text whatever their
                                cells; or NULL */
    const char *leave_out;   /* likewise columns that are no inputs; or NULL */
    const char *weight;      /* the column with the samples' weights, as label; NULL: none is read */
    enum tp_missing missing; /* of cells that are empty, ?, NA, N/A, NaN or null; never of labels */
    enum tp_unseen unseen;   /* with a known schema: of categories that it does not have */
    bool may_lack_label;    /* with a known schema: without its column, or without a value in it, there are no labels */
    struct tp_notes *notes; /* what is decided for the user; or NULL */
};

/* What text becomes as floats, at most, in bytes for a byte of it, whatever a file says. */
#define TP_TABLE_RATIO_MAX 256

/*
 * Reads a table, plain or gzip. An empty schema is filled from it; a known one is what the table has to fit:
 * columns are found by their names, in any order and among others, or, where one of the tables has no header,
 * by their places; no category or class may be new. *dataset then points to *schema, which is to outlive it.
 * Memory: TP_TABLE_RATIO_MAX times the unpacked bytes for the samples, and as much again while they are read;
 * by a known schema, which says the features, as many floats for each row.
 * Errors: as tp_csv_open(); TILEPROP_BAD_INPUT with path, row, which is the line of the file,
 * and column, both from 1, what was found and what was expected; TILEPROP_FAILURE without memory. On error
 * *dataset is empty; the schema is to be freed. The file's bytes are freed.
 */
tileprop_status tp_table_parse(struct tp_file *file, const struct tp_table_options *options, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error);
