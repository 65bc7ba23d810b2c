#include "readers/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "data/label_encoder.h"
#include "data/offsets.h"
#include "readers/csv.h"
#include "readers/lost_digits.h"
#include "readers/table_columns.h"

/* A table that is being read. */
struct reader {
    const struct tp_table_options *options;
    struct tp_csv csv;
    struct tp_table_columns columns;
    struct tp_label_encoder classes;
    double *cells;    /* [rows][inputs]: numbers, or the numbers of categories; NaN: missing */
    uint16_t *labels; /* [rows] */
    float *weights;   /* [rows]; NULL: none are read */
    uint32_t *lines;  /* [rows] line on which each begins */
    size_t rows;
    size_t unlabelled; /* rows without a label: all or none */
    size_t unseen;     /* cells with a category that is not known */
    struct tp_shown first_unseen;
};

/* TILEPROP_BAD_INPUT, with a message that begins with path, row and column. */
__attribute__((format(printf, 3, 4))) static tileprop_status fail_cell(const struct reader *reader, size_t i,
                                                                       const char *format, ...)
{
    struct tp_error what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what.text, sizeof what.text, format, arguments);
    va_end(arguments);
    return tp_fail(reader->csv.error, TILEPROP_BAD_INPUT, "%s: %s", tp_table_columns_place(&reader->columns, i).text,
                   what.text);
}

static tileprop_status read_label(struct reader *reader, size_t i, const struct tp_field *field)
{
    if (!reader->unlabelled &&
        tp_label_encoder_find(&reader->classes, field->text, field->size, &reader->labels[reader->rows]))
        return TILEPROP_OK;
    const bool is_missing = tp_table_is_missing(field->text, field->size);
    const struct tp_shown shown = tp_show(field->text, field->size);
    const bool may_lack = reader->options->may_lack_label && reader->columns.known; /* a known schema is not extended */
    if (may_lack && is_missing && reader->unlabelled == reader->rows) {
        reader->unlabelled++;
        return TILEPROP_OK;
    }
    if (is_missing)
        return fail_cell(reader, i, "expected a label, found \"%s\"", shown.text);
    if (reader->unlabelled)
        return fail_cell(reader, i, "expected no label, as in the rows above, found \"%s\"", shown.text);
    const tileprop_status status = tp_table_columns_check_utf8(&reader->columns, i, field);
    if (status != TILEPROP_OK)
        return status;
    const struct tp_table_place place = tp_table_columns_place(&reader->columns, i);
    return tp_label_encoder_label(&reader->classes, place.text, field->text, field->size, &reader->labels[reader->rows],
                                  reader->csv.error);
}

static tileprop_status read_weight(struct reader *reader, size_t i, const struct tp_field *field)
{
    double value;
    const char *end = field->text + field->size;
    const bool is_number = tp_decimal_read(field->text, end, &value) == end;
    if (!is_number || !(value >= 0 && isfinite((float)value)))
        return fail_cell(reader, i, "expected a sample weight, a number from 0 to 3.4e38, found \"%s\"",
                         tp_show(field->text, field->size).text);
    reader->weights[reader->rows] = (float)value;
    return TILEPROP_OK;
}

static tileprop_status read_category(struct reader *reader, size_t i, const struct tp_field *field, double *cell)
{
    struct tp_table_column *column = &reader->columns.all[i];
    tileprop_status status = TILEPROP_OK;
    uint32_t number;
    if (!tp_string_table_find(&column->categories, field->text, field->size, &number)) {
        status = tp_table_columns_check_utf8(&reader->columns, i, field);
        if (status != TILEPROP_OK)
            return status;
        if (column->learned && reader->options->unseen == TP_UNSEEN_MISSING) {
            if (reader->unseen++ == 0)
                reader->first_unseen = tp_show(field->text, field->size);
            *cell = reader->options->missing == TP_MISSING_MEAN ? NAN : (double)column->categories.count;
            return TILEPROP_OK;
        }
        if (column->learned)
            return fail_cell(reader, i,
                             "expected a category of the training data, found \"%s\"; --unseen missing treats unknown "
                             "categories as missing values",
                             tp_show(field->text, field->size).text);
        if (column->categories.count == TP_CATEGORIES_MAX)
            return fail_cell(reader, i,
                             "expected numbers or categories, found more than %d distinct texts in this column; "
                             "--leave-out %zu leaves the column out",
                             TP_CATEGORIES_MAX, i + 1);
        number = (uint32_t)column->categories.count;
        status = tp_string_table_add(&column->categories, field->text, field->size, reader->csv.error);
    }
    *cell = (double)number;
    return status;
}

static tileprop_status fail_kind(const struct reader *reader, size_t i, const struct tp_field *field)
{
    const struct tp_table_column *column = &reader->columns.all[i];
    const struct tp_shown shown = tp_show(field->text, field->size);
    if (column->learned)
        return fail_cell(reader, i, "expected a number as in the training data, found \"%s\"", shown.text);
    if (column->role == TP_ROLE_NUMBER)
        return fail_cell(
            reader, i,
            "expected a number as in row %zu, found \"%s\"; --categorical %zu takes the column as categories",
            column->row, shown.text, i + 1);
    return fail_cell(reader, i,
                     "expected text as in row %zu, found number %s; --header yes if that row holds names, "
                     "--categorical %zu takes the column as categories",
                     column->row, shown.text, i + 1);
}

static tileprop_status fail_range(const struct reader *reader, size_t i)
{
    return fail_cell(reader, i, "expected a number of at most 3.4e38, found one that is too large for a float");
}

/* Digits with commas, such as 0,5 and 1,000: numbers, which must not become a category each. */
static bool has_commas(const struct tp_field *field)
{
    double value;
    const char *end = field->text + field->size, *c = tp_decimal_read(field->text, end, &value);
    if (!c || c == end || *c != ',')
        return false;
    while (c < end && ((*c >= '0' && *c <= '9') || *c == ',' || *c == '.'))
        c++;
    return c == end;
}

/* A cell that is not a number in a column of numbers. */
static tileprop_status read_cell(struct reader *reader, size_t i, double *cells)
{
    struct tp_table_column *column = &reader->columns.all[i];
    struct tp_field field;
    tileprop_status status = tp_csv_read_field(&reader->csv, &field);
    if (status != TILEPROP_OK || column->role == TP_ROLE_UNUSED)
        return status;
    if (column->role == TP_ROLE_LABEL)
        return read_label(reader, i, &field);
    if (column->role == TP_ROLE_WEIGHT)
        return read_weight(reader, i, &field);
    if (tp_table_is_missing(field.text, field.size)) {
        cells[column->place] = NAN;
        if (reader->options->missing == TP_MISSING_MEAN)
            return TILEPROP_OK;
        return fail_cell(reader, i, "expected a value, found \"%s\"; %s", tp_show(field.text, field.size).text,
                         reader->options->may_lack_label
                             ? "only a model trained with --missing mean takes missing values"
                             : "--missing mean imputes the column's mean");
    }
    double value;
    const bool is_number = tp_decimal_read(field.text, field.text + field.size, &value) == field.text + field.size;
    if (column->role == TP_ROLE_NEW) {
        if (has_commas(&field))
            return fail_cell(
                reader, i,
                "expected a number with a decimal point and without commas, found \"%s\"; pandas.read_csv() has "
                "decimal=\",\" and thousands=\",\" for such numbers; --categorical %zu takes the column as "
                "categories",
                tp_show(field.text, field.size).text, i + 1);
        column->role = is_number ? TP_ROLE_NUMBER : TP_ROLE_TEXT;
        column->row = reader->csv.row;
    }
    if (column->role == TP_ROLE_TEXT && (column->fixed || !is_number))
        return read_category(reader, i, &field, &cells[column->place]);
    if (column->role == TP_ROLE_TEXT || !is_number)
        return fail_kind(reader, i, &field);
    cells[column->place] = value;
    return isfinite((float)value) ? TILEPROP_OK : fail_range(reader, i);
}

static tileprop_status read_row(struct reader *reader)
{
    const size_t count = reader->columns.count;
    double *cells = reader->cells + reader->rows * reader->columns.inputs;
    size_t i = 0;
    for (; reader->csv.more && i < count; i++) {
        const struct tp_table_column *column = &reader->columns.all[i];
        tileprop_status status = TILEPROP_OK;
        if (column->role != TP_ROLE_NUMBER || !tp_csv_read_number(&reader->csv, &cells[column->place]))
            status = read_cell(reader, i, cells);
        else if (!isfinite((float)cells[column->place]))
            status = fail_range(reader, i);
        if (status != TILEPROP_OK)
            return status;
    }
    size_t rest = 0, empty = 0;
    struct tp_field field = {0};
    tileprop_status status = TILEPROP_OK;
    for (; empty < reader->columns.trailing && status == TILEPROP_OK && reader->csv.more; empty++) {
        status = tp_csv_read_field(&reader->csv, &field);
        if (status == TILEPROP_OK && field.size)
            return fail_cell(reader, count + empty,
                             "expected an empty cell, found \"%s\" in a column that has neither a name nor a value in "
                             "the first rows",
                             tp_show(field.text, field.size).text);
    }
    if (status == TILEPROP_OK)
        status = tp_csv_count_fields(&reader->csv, &rest);
    const size_t found = i + empty + rest;
    if (status == TILEPROP_OK && (found < count || rest))
        return tp_csv_fail(&reader->csv, reader->csv.row, "expected %zu fields as in row %zu, found %zu", count,
                           reader->columns.row, found);
    reader->lines[reader->rows++] = (uint32_t)reader->csv.row;
    return status;
}

/*
 * A row has a byte for each field, if the last one's newline is counted, and one row may be too short. So the
 * cells take at most eight times the file, and pages that no row reaches take no memory.
 */
static tileprop_status read_rows(struct reader *reader)
{
    const size_t size = (size_t)(reader->csv.end - reader->csv.at);
    const size_t most = (size + 1) / reader->columns.count + 1;
    tileprop_status status = TILEPROP_OK;
    reader->cells = malloc(most * reader->columns.inputs * sizeof *reader->cells);
    if (reader->columns.labelled)
        reader->labels = malloc(most * sizeof *reader->labels);
    if (reader->options->weight)
        reader->weights = malloc(most * sizeof *reader->weights);
    reader->lines = malloc(most * sizeof *reader->lines);
    if (!reader->cells || !reader->lines || (reader->columns.labelled && !reader->labels) ||
        (reader->options->weight && !reader->weights))
        status = tp_fail_memory(reader->csv.error, reader->csv.path, "a table");
    while (status == TILEPROP_OK && tp_csv_next(&reader->csv))
        status = read_row(reader);
    return status;
}

/* Sorts a column's categories, renumbers its cells, and moves the names to the schema. */
static tileprop_status finish_categories(struct reader *reader, struct tp_table_column *column, struct tp_column *known)
{
    uint32_t *places = tp_string_table_sort(&column->categories);
    if (!places)
        return tp_fail_memory(reader->csv.error, reader->csv.path, "a table");
    for (size_t r = 0; r < reader->rows; r++) {
        double *cell = &reader->cells[r * reader->columns.inputs + column->place];
        *cell = isnan(*cell) ? *cell : (double)places[(size_t)*cell];
    }
    free(places);
    known->category_count = column->categories.count;
    known->categories = tp_string_table_take(&column->categories);
    return TILEPROP_OK;
}

#define TP_TEXTS_FEW  20 /* fewer distinct texts are always categories */
#define TP_TEXTS_MANY 2  /* rows per distinct text; with fewer they are hardly categories */

/* Notes columns of dates, amounts and other texts that are nearly all distinct. */
static void note_texts(const struct reader *reader, size_t i)
{
    const struct tp_table_column *column = &reader->columns.all[i];
    const struct tp_string_table *texts = &column->categories;
    if (column->fixed || texts->count < TP_TEXTS_FEW ||
        (texts->count * TP_TEXTS_MANY < reader->rows && !tp_table_is_quantity(texts->texts[0])))
        return;
    const struct tp_shown first = tp_show(texts->texts[0], strlen(texts->texts[0]));
    const struct tp_shown second = tp_show(texts->texts[1], strlen(texts->texts[1]));
    const struct tp_shown name = tp_show(column->first, strlen(column->first));
    tp_notes_add(
        reader->options->notes,
        "%s: column %zu%s%s%s holds %zu different texts in %zu rows, such as \"%s\" and \"%s\": each becomes an "
        "input; write numbers as numbers, leave the column out (--leave-out), or accept this (--categorical)",
        reader->csv.path, i + 1, reader->columns.header ? " (" : "", reader->columns.header ? name.text : "",
        reader->columns.header ? ")" : "", texts->count, reader->rows, first.text, second.text);
}

/* Without names, a model finds columns by position. */
static tileprop_status list_left_out(const struct tp_table_columns *columns, struct tp_schema *schema)
{
    if (columns->inputs + 1 == columns->count)
        return TILEPROP_OK;
    schema->left_out = malloc((columns->count - columns->inputs) * sizeof *schema->left_out);
    if (!schema->left_out)
        return tp_fail_memory(columns->csv->error, columns->csv->path, "a table");
    for (size_t i = 0; i < columns->count; i++)
        if (columns->all[i].role > TP_ROLE_LABEL)
            schema->left_out[schema->left_out_count++] = i;
    return TILEPROP_OK;
}

/* Fills an empty schema. */
static tileprop_status finish_schema(struct reader *reader, struct tp_schema *schema)
{
    const struct tp_table_columns *columns = &reader->columns;
    schema->columns = calloc(columns->inputs, sizeof *schema->columns);
    if (!schema->columns)
        return tp_fail_memory(reader->csv.error, reader->csv.path, "a table");
    schema->column_count = columns->inputs;
    for (size_t i = 0; i < columns->label; i++)
        schema->label_place += columns->all[i].role < TP_ROLE_LABEL;
    tileprop_status status = list_left_out(columns, schema);
    for (size_t i = 0; status == TILEPROP_OK && i < columns->count; i++) {
        struct tp_table_column *column = &columns->all[i];
        if (column->role > TP_ROLE_LABEL)
            continue;
        if (column->role == TP_ROLE_TEXT)
            note_texts(reader, i);
        char **name = column->role == TP_ROLE_LABEL ? &schema->label : &schema->columns[column->place].name;
        if (columns->header) {
            *name = column->first;
            column->first = NULL;
        }
        if (column->role == TP_ROLE_TEXT)
            status = finish_categories(reader, column, &schema->columns[column->place]);
    }
    if (status != TILEPROP_OK)
        return status;
    for (size_t i = 0; i < schema->column_count; i++)
        schema->features += schema->columns[i].category_count ? schema->columns[i].category_count : 1;
    return tp_label_encoder_finish(&reader->classes, schema, reader->labels, reader->rows, reader->csv.error);
}

/* Writes a sample's features; all features of a missing category are missing. */
static void expand_row(const struct tp_schema *schema, const double *cells, float *features)
{
    size_t j = 0;
    for (size_t i = 0; i < schema->column_count; i++) {
        const size_t count = schema->columns[i].category_count;
        if (!count) {
            features[j] = tp_offsets_narrow(cells[i], schema->offset, j);
            j++;
        }
        for (size_t k = 0; k < count; k++)
            features[j++] = isnan(cells[i]) ? NAN : (size_t)cells[i] == k ? 1 : 0;
    }
}

/* Converts the cells of a table of numbers to floats, in place. */
static void narrow(struct reader *reader, const struct tp_schema *schema, struct tp_dataset *dataset)
{
    const size_t rows = reader->rows, features = schema->features;
    tp_offsets_narrow_all(reader->cells, rows, features, schema->offset);
    void *smaller = realloc(reader->cells, rows * features * sizeof(float));
    dataset->samples = smaller ? smaller : reader->cells;
    reader->cells = NULL;
}

/* Entries of sparse samples: one per number, and one per category, or all its features if it is missing. */
static size_t count_entries(const struct reader *reader, const struct tp_schema *schema)
{
    const size_t columns = schema->column_count;
    size_t entries = reader->rows * columns;
    for (size_t i = 0; i < columns; i++)
        for (size_t r = 0; schema->columns[i].category_count && r < reader->rows; r++)
            entries += isnan(reader->cells[r * columns + i]) ? schema->columns[i].category_count - 1 : 0;
    return entries;
}

/* Like expand_row(), without zeros. */
static size_t list_row(const struct tp_schema *schema, const double *cells, float *values, int32_t *indices)
{
    size_t first = 0, entries = 0;
    for (size_t i = 0; i < schema->column_count; i++) {
        const size_t categories = schema->columns[i].category_count, features = categories ? categories : 1;
        const bool all = !categories || isnan(cells[i]);
        const size_t begin = all ? 0 : (size_t)cells[i], end = all ? features : begin + 1;
        for (size_t k = begin; k < end && k < features; k++) {
            values[entries] = all ? (float)cells[i] : 1;
            indices[entries++] = (int32_t)(first + k);
        }
        first += features;
    }
    return entries;
}

/* Samples are sparse if that takes at most one part in so many of the memory: an entry is slower to pack than a float.
 */
#define TP_SPARSE_GAIN 16

/* Makes samples from cells with categories, sparse where that pays. These have no offsets. */
static tileprop_status expand(struct reader *reader, const struct tp_schema *schema, size_t most,
                              struct tp_dataset *dataset)
{
    const size_t features = schema->features, rows = reader->rows, inputs = reader->columns.inputs;
    const size_t entries = count_entries(reader, schema);
    const size_t bytes = entries * (sizeof(float) + sizeof(int32_t)) + (rows + 1) * sizeof(int64_t);
    const bool sparse = !schema->offset && features / TP_SPARSE_GAIN > bytes / sizeof(float) / rows;
    if (sparse ? bytes > most : features > most / sizeof(float) / rows)
        return tp_csv_fail(&reader->csv, 0,
                           "expected at most %d times the bytes of the table, found %zu rows of %zu inputs, one for "
                           "each category; --leave-out names columns that are not inputs",
                           TP_TABLE_RATIO_MAX, rows, features);
    float *samples = dataset->samples = malloc((sparse ? entries : rows * features) * sizeof *samples);
    if (sparse) {
        dataset->type = TILEPROP_CSR;
        dataset->indptr = calloc(rows + 1, sizeof *dataset->indptr);
        dataset->indices = malloc(entries * sizeof *dataset->indices);
    }
    if (!samples || (sparse && !(dataset->indptr && dataset->indices)))
        return tp_fail_memory(reader->csv.error, reader->csv.path, "a table");
    for (size_t r = 0; r < rows; r++) {
        const double *cells = reader->cells + r * inputs;
        if (!sparse) {
            expand_row(schema, cells, samples + r * features);
            continue;
        }
        const size_t at = (size_t)dataset->indptr[r];
        dataset->indptr[r + 1] = (int64_t)(at + list_row(schema, cells, samples + at, dataset->indices + at));
    }
    return TILEPROP_OK;
}

/* Notes values that become the same float. */
static tileprop_status note_merged(const struct reader *reader, const struct tp_schema *schema)
{
    const size_t inputs = reader->columns.inputs;
    double *room = malloc((reader->rows + 1) * sizeof *room);
    size_t *column_at = malloc(inputs * sizeof *column_at); /* the place of each input */
    tileprop_status status = TILEPROP_OK;
    if (!room || !column_at)
        status = tp_fail_memory(reader->csv.error, reader->csv.path, "a table");
    for (size_t i = 0; status == TILEPROP_OK && i < reader->columns.count; i++)
        if (reader->columns.all[i].role < TP_ROLE_LABEL)
            column_at[reader->columns.all[i].place] = i;
    for (size_t place = 0, feature = 0; status == TILEPROP_OK && place < inputs; place++) {
        const size_t categories = schema->columns[place].category_count;
        const struct tp_values values = {reader->cells + place, reader->rows, inputs, inputs};
        const double offset = schema->offset ? schema->offset[feature] : 0;
        char name[32];
        snprintf(name, sizeof name, "column %zu", column_at[place] + 1);
        if (!categories)
            tp_lost_digits_note(reader->options->notes, reader->csv.path, name, &values, offset, room);
        feature += categories ? categories : 1;
    }
    free(room);
    free(column_at);
    return status;
}

static tileprop_status finish(struct reader *reader, const struct tp_schema *schema, size_t most,
                              struct tp_dataset *dataset)
{
    tileprop_status status = TILEPROP_OK;
    *dataset = (struct tp_dataset){.type = TILEPROP_F32,
                                   .labels = reader->labels,
                                   .sample_weights = reader->weights,
                                   .places = reader->lines,
                                   .count = reader->rows,
                                   .features = schema->features,
                                   .classes = schema->class_count,
                                   .schema = schema,
                                   .offset = schema->offset};
    reader->labels = NULL;
    reader->lines = NULL;
    reader->weights = NULL;
    if (tp_schema_has_categories(schema))
        status = expand(reader, schema, most, dataset);
    else
        narrow(reader, schema, dataset);
    if (status != TILEPROP_OK)
        tp_dataset_free(dataset);
    return status;
}

/* Notes the parts of the file that are not in the samples. */
static void note_left_out(const struct reader *reader)
{
    const struct tp_csv *csv = &reader->csv;
    struct tp_notes *notes = reader->options->notes;
    const size_t comments = csv->comments - (csv->names && reader->columns.header);
    if (reader->unseen)
        tp_notes_add(notes,
                     "%s: %zu cell%s with a category that the training data do not have, such as \"%s\", treated as "
                     "missing",
                     csv->path, reader->unseen, reader->unseen == 1 ? "" : "s", reader->first_unseen.text);
    if (csv->empty)
        tp_notes_add(notes, "%s: lines without values left out at the end: %zu", csv->path, csv->empty);
    if (comments)
        tp_notes_add(notes, "%s: comments left out: %zu line%s that begin%s with #", csv->path, comments,
                     comments == 1 ? "" : "s", comments == 1 ? "s" : "");
}

tileprop_status tp_table_parse(struct tp_file *file, const struct tp_table_options *options, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    struct reader reader = {.options = options};
    const bool learns = schema->features == 0;
    const size_t most = learns ? TP_TABLE_RATIO_MAX * file->size : SIZE_MAX; /* bytes of samples */

    tileprop_status status = tp_csv_open(&reader.csv, file, options->skip_lines, error);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_begin(&reader.classes, schema, file->path, error);
    reader.classes.advice = "; --label selects the label column";
    if (status == TILEPROP_OK)
        status = tp_table_columns_begin(&reader.columns, &reader.csv, options, schema);
    if (status == TILEPROP_OK)
        status = read_rows(&reader);
    if (status == TILEPROP_OK)
        status = tp_table_columns_check(&reader.columns, reader.classes.numbers);
    if (status == TILEPROP_OK && learns)
        status = finish_schema(&reader, schema);
    if (status == TILEPROP_OK && options->weight && reader.columns.header && !schema->weight) {
        schema->weight = strdup(reader.columns.all[reader.columns.weight].first);
        status = schema->weight ? TILEPROP_OK : tp_fail_memory(error, file->path, "a table");
    }
    tp_file_free(file);
    if (status == TILEPROP_OK && reader.unlabelled) {
        free(reader.labels);
        reader.labels = NULL;
    }
    if (status == TILEPROP_OK)
        note_left_out(&reader);
    if (status == TILEPROP_OK)
        status = tp_offsets_learn(schema, reader.cells, reader.rows, reader.columns.inputs, error);
    if (status == TILEPROP_OK && options->notes)
        status = note_merged(&reader, schema);
    if (status == TILEPROP_OK)
        status = finish(&reader, schema, most, dataset);

    free(reader.cells);
    free(reader.labels);
    free(reader.lines);
    free(reader.weights);
    tp_string_table_free(&reader.classes.names);
    tp_table_columns_free(&reader.columns);
    tp_csv_close(&reader.csv);
    return status;
}
