#include "readers/table_columns.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"

#define TP_ADVICE "--header no if it is data, --header yes if it holds names, --skip-lines 1 if neither"

struct tp_table_place tp_table_columns_place(const struct tp_table_columns *columns, size_t column)
{
    struct tp_table_place place;
    const char *name = columns->header && column < columns->count ? columns->all[column].first : "";
    const struct tp_shown shown = tp_show(name, strlen(name));
    const struct tp_line line = tp_csv_line(columns->csv, columns->csv->row);
    snprintf(place.text, sizeof place.text, "%s: row %zu, column %zu%s%s%s", line.path, line.line, column + 1,
             *name ? " (" : "", shown.text, *name ? ")" : "");
    return place;
}

static bool is_number(const char *text)
{
    double value;
    const char *end = text + strlen(text);
    return tp_decimal_read(text, end, &value) == end;
}

bool tp_table_is_missing(const char *text, size_t size)
{
    static const char *const words[] = {"", "?", "NA", "N/A", "NaN", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (size == strlen(words[i]) && strncasecmp(text, words[i], size) == 0)
            return true;
    return false;
}

bool tp_table_is_quantity(const char *text)
{
    static const char letters[] = "0123456789$%'()+,-./: TZ\u20ac\u00a3\u00a5"; /* and euro, pound, yen */
    return text[strcspn(text, "0123456789")] && !text[strspn(text, letters)];
}

/* Whether this means a missing or infinite value in some program. */
static bool is_marker(const char *text)
{
    static const char *const words[] = {"-",   "#N/A", "#NA",  "<NA>",     "None",
                                        "inf", "-inf", "+inf", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return *text && tp_table_is_missing(text, strlen(text));
}

static tileprop_status read_first(struct tp_table_columns *columns)
{
    size_t capacity = 0;
    tileprop_status status = TILEPROP_OK;
    while (status == TILEPROP_OK && columns->csv->more) {
        if (columns->count == capacity) {
            capacity = 2 * capacity + 8;
            struct tp_table_column *grown = realloc(columns->all, capacity * sizeof *grown);
            if (!grown)
                return tp_fail_memory(columns->csv->error, columns->csv->path, "columns");
            columns->all = grown;
        }
        struct tp_field field = {0};
        status = tp_csv_read_field(columns->csv, &field);
        if (status == TILEPROP_OK)
            status = tp_table_columns_check_utf8(columns, columns->count, &field);
        if (status != TILEPROP_OK)
            return status;
        char *first = strndup(field.text, field.size);
        if (!first)
            return tp_fail_memory(columns->csv->error, columns->csv->path, "columns");
        columns->all[columns->count++] =
            (struct tp_table_column){.first = first, .categories.path = columns->csv->path};
    }
    return status;
}

/* Whether this could be a row's name: text or a whole number. */
static bool names_row(const struct tp_field *field)
{
    double value;
    return tp_decimal_read(field->text, field->text + field->size, &value) != field->text + field->size ||
           tp_csv_has_only(field->text, field->size, "0123456789");
}

/* R writes row names without a name for their column; all other columns have one. */
static tileprop_status find_row_names(struct tp_table_columns *columns, size_t count)
{
    bool names = columns->header && columns->count > 1 && count == columns->count + 1;
    for (size_t i = 0; i < columns->count; i++)
        names &= *columns->all[i].first && !is_number(columns->all[i].first);
    struct tp_table_column *grown = names ? realloc(columns->all, count * sizeof *grown) : NULL;
    if (!names)
        return TILEPROP_OK;
    columns->all = grown ? grown : columns->all;
    char *none = grown ? strdup("") : NULL;
    if (!none)
        return tp_fail_memory(columns->csv->error, columns->csv->path, "columns");
    memmove(grown + 1, grown, columns->count++ * sizeof *grown);
    grown[0] = (struct tp_table_column){
        .first = none, .role = TP_ROLE_UNUSED, .fixed = true, .categories.path = columns->csv->path};
    tp_notes_add(columns->notes,
                 "%s: row %zu has one field fewer than the next: the first column holds row names and is left out",
                 columns->csv->path, columns->row);
    columns->header_sure = true;
    return TILEPROP_OK;
}

/*
 * Drops columns at the end that have neither a name nor a value in the first two records: some programs end all or some
 * lines with delimiters. The second record has `count` fields, the last `empty` of which are empty.
 */
static void drop_trailing(struct tp_table_columns *columns, size_t count, size_t empty)
{
    const size_t named = columns->count, valued = count > empty ? count - empty : 1;
    while (columns->count > valued && columns->count > 1 && !*columns->all[columns->count - 1].first)
        free(columns->all[--columns->count].first);
    if (count > columns->count && count - columns->count <= empty)
        columns->trailing = count - columns->count;
    if (named - columns->count > columns->trailing)
        columns->trailing = named - columns->count;
    if (columns->trailing == 1)
        tp_notes_add(columns->notes, "%s: column %zu has neither a name nor a value in its first rows: it is left out",
                     columns->csv->path, columns->count + 1);
    else if (columns->trailing)
        tp_notes_add(columns->notes,
                     "%s: columns %zu to %zu have neither a name nor a value in their first rows: they are left out",
                     columns->csv->path, columns->count + 1, columns->count + columns->trailing);
}

/* If the second record has a different number of fields, the first is neither names nor data. *alone: there is no
 * second. */
static tileprop_status check_second(struct tp_table_columns *columns, bool *alone)
{
    struct tp_field field = {0};
    struct tp_csv csv = *columns->csv;
    csv.buffer = NULL; /* a buffer of its own: the reader continues from before this record */
    *alone = !tp_csv_next(&csv);
    if (*alone)
        return TILEPROP_OK;
    size_t count = 0, empty = 0;
    tileprop_status status = TILEPROP_OK;
    bool row_named = false;
    for (; status == TILEPROP_OK && csv.more; count++) {
        status = tp_csv_read_field(&csv, &field);
        row_named |= status == TILEPROP_OK && count == 0 && names_row(&field);
        empty = field.size ? 0 : empty + 1;
    }
    if (status == TILEPROP_OK && row_named && !empty)
        status = find_row_names(columns, count);
    if (status == TILEPROP_OK)
        drop_trailing(columns, count, empty);
    if (status == TILEPROP_OK && count != columns->count && (count < columns->count || !columns->trailing))
        status = tp_csv_fail(&csv, columns->row,
                             "expected %zu fields as in row %zu, found %zu; --skip-lines 1 skips a first line that is "
                             "neither a header row (--header yes) nor data (--header no)",
                             count, csv.row, columns->count);
    free(csv.buffer);
    return status;
}

static int compare_names(const void *left, const void *right, void *context)
{
    const struct tp_table_column *all = context;
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    const int order = strcmp(all[a].first, all[b].first);
    return order ? order : (a > b) - (a < b);
}

/* Sorts by name: a table may have very many columns, and each is looked up. */
static tileprop_status sort_names(struct tp_table_columns *columns)
{
    columns->by_name = malloc(columns->count * sizeof *columns->by_name);
    if (!columns->by_name)
        return tp_fail_memory(columns->csv->error, columns->csv->path, "columns");
    for (size_t i = 0; i < columns->count; i++)
        columns->by_name[i] = i;
    qsort_r(columns->by_name, columns->count, sizeof *columns->by_name, compare_names, columns->all);
    return TILEPROP_OK;
}

/* Two columns, neighbours in by_name, have the same name. */
static tileprop_status fail_same(const struct tp_table_columns *columns, const size_t *place)
{
    const char *name = columns->all[place[0]].first;
    return tp_csv_fail(columns->csv, columns->row, "expected different names, found \"%s\" in columns %zu and %zu",
                       tp_show(name, strlen(name)).text, place[0] + 1, place[1] + 1);
}

/* Stores the column of this name; it is columns->count if there is none. */
static tileprop_status find_name(const struct tp_table_columns *columns, const char *name, size_t size, size_t *found)
{
    size_t low = 0, high = columns->header ? columns->count : 0;
    *found = columns->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (tp_string_table_compare(columns->all[columns->by_name[middle]].first, name, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const size_t *place = columns->by_name + low, left = columns->header ? columns->count - low : 0;
    if (!left || tp_string_table_compare(columns->all[place[0]].first, name, size) != 0)
        return TILEPROP_OK;
    *found = place[0];
    return left > 1 && tp_string_table_compare(columns->all[place[1]].first, name, size) == 0
               ? fail_same(columns, place)
               : TILEPROP_OK;
}

/* Stores the column that an option means, given as its name, its place from 1, "first" or "last". */
static tileprop_status find_column(struct tp_table_columns *columns, const char *option, const char *text, size_t size,
                                   size_t *found)
{
    tileprop_status status = find_name(columns, text, size, found);
    if (status != TILEPROP_OK)
        return status;
    if (*found < columns->count) {
        columns->header_sure = true;
        return TILEPROP_OK;
    }
    size_t place = 0, digits = 0;
    while (digits < size && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
        place = place * 10 + (size_t)(text[digits++] - '0');
    if (digits == size && size && place >= 1 && place <= columns->count)
        *found = place - 1;
    else if (size == 5 && memcmp(text, "first", size) == 0)
        *found = 0;
    else if (size == 4 && memcmp(text, "last", size) == 0)
        *found = columns->count - 1;
    else
        return tp_csv_fail(columns->csv, columns->row,
                           "--%s: expected a column's name%s or its number from 1 to %zu, found \"%s\"; --skip-lines N "
                           "skips lines above the header row, --header says whether there is one",
                           option, columns->header ? "" : " (which needs a header row)", columns->count,
                           tp_show(text, size).text);
    return TILEPROP_OK;
}

/* Gives the columns of a comma-separated list this role. */
static tileprop_status choose(struct tp_table_columns *columns, const char *option, const char *list, enum tp_role role)
{
    while (list) {
        const size_t size = strcspn(list, ",");
        size_t found;
        tileprop_status status = find_column(columns, option, list, size, &found);
        if (status != TILEPROP_OK)
            return status;
        struct tp_table_column *column = &columns->all[found];
        if (column->role == TP_ROLE_LABEL)
            return tp_csv_fail(columns->csv, 0, "--%s: expected an input column, found column %zu, which is the label",
                               option, found + 1);
        if (column->role == TP_ROLE_WEIGHT)
            return tp_csv_fail(columns->csv, 0,
                               "--%s: expected another column, found column %zu, which --sample-weight names too",
                               option, found + 1);
        if (column->fixed && column->role != role)
            return tp_csv_fail(columns->csv, 0,
                               "--%s: expected another column, found column %zu, which --categorical names too", option,
                               found + 1);
        column->role = role;
        column->fixed = true;
        list = list[size] ? list + size + 1 : NULL;
    }
    return TILEPROP_OK;
}

/* Finds the column of weights if an option asks for one, as in the training data; it can have no other role. */
static tileprop_status find_weight(struct tp_table_columns *columns, const char *option, const struct tp_schema *schema,
                                   enum tp_role role)
{
    const char *name = columns->header ? schema->weight : NULL;
    size_t found;
    if (!option)
        return TILEPROP_OK;
    const tileprop_status status = name ? find_name(columns, name, strlen(name), &found)
                                        : find_column(columns, "sample-weight", option, strlen(option), &found);
    if (status != TILEPROP_OK)
        return status;
    if (found == columns->count)
        return tp_csv_fail(columns->csv, columns->row, "expected column \"%s\" as in the training data, found none",
                           tp_show(name, strlen(name)).text);
    struct tp_table_column *column = &columns->all[found];
    if (column->role != role)
        return tp_csv_fail(columns->csv, 0, "--sample-weight: expected another column, found column %zu, which is %s",
                           found + 1, column->role == TP_ROLE_LABEL ? "the label" : "an input");
    column->role = TP_ROLE_WEIGHT;
    columns->weight = found;
    return TILEPROP_OK;
}

static tileprop_status learn(struct tp_table_columns *columns, const struct tp_table_options *options,
                             const struct tp_schema *schema)
{
    const char *label = options->label ? options->label : "last";
    tileprop_status status = find_column(columns, "label", label, strlen(label), &columns->label);
    if (status != TILEPROP_OK)
        return status;
    if (columns->count < 2)
        return tp_csv_fail(
            columns->csv, columns->row,
            "expected a label and at least one input, separated by commas, tabs, semicolons or blanks, found 1 column");
    columns->labelled = true;
    columns->all[columns->label].role = TP_ROLE_LABEL;
    status = find_weight(columns, options->weight, schema, TP_ROLE_NEW);
    if (status == TILEPROP_OK)
        status = choose(columns, "categorical", options->categorical, TP_ROLE_TEXT);
    if (status == TILEPROP_OK)
        status = choose(columns, "leave-out", options->leave_out, TP_ROLE_UNUSED);
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->all[i].role < TP_ROLE_LABEL)
            columns->all[i].place = columns->inputs++;
    }
    if (status == TILEPROP_OK && columns->header && !*columns->all[0].first && columns->all[0].role == TP_ROLE_NEW)
        tp_notes_add(columns->notes, "%s: column 1 has no name: if it holds row numbers, --leave-out 1 leaves it out",
                     columns->csv->path);
    return status != TILEPROP_OK || columns->inputs
               ? status
               : tp_csv_fail(columns->csv, 0, "--%s: expected at least one input column, found none left",
                             options->leave_out ? "leave-out" : "sample-weight");
}

/* Makes a column of the table the schema's input `place`. */
static tileprop_status use(const struct tp_table_columns *columns, struct tp_table_column *column,
                           const struct tp_column *known, size_t place)
{
    column->role = known->category_count ? TP_ROLE_TEXT : TP_ROLE_NUMBER;
    column->fixed = column->learned = true;
    column->place = place;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; status == TILEPROP_OK && i < known->category_count; i++)
        status = tp_string_table_add(&column->categories, known->categories[i], strlen(known->categories[i]),
                                     columns->csv->error);
    return status;
}

/* Whether the first record can be a sample: numbers above numbers, and known categories above categories. */
static bool fits(const struct tp_table_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct tp_table_column *column = &columns->all[i];
        const size_t size = strlen(column->first);
        uint32_t number;
        if ((column->role == TP_ROLE_NUMBER && !is_number(column->first) &&
             !tp_table_is_missing(column->first, size)) ||
            (column->role == TP_ROLE_WEIGHT && !is_number(column->first)) ||
            (column->role == TP_ROLE_TEXT && !tp_table_is_missing(column->first, size) &&
             !tp_string_table_find(&column->categories, column->first, size, &number)))
            return false;
    }
    return true;
}

/* Where input i is in this table, which may lack the label and the columns that were left out. */
static size_t input_place(const struct tp_table_columns *columns, const struct tp_schema *schema, size_t i)
{
    if (columns->count == schema->column_count + columns->labelled)
        return i + (columns->labelled && i >= schema->label_place);
    const size_t place = tp_schema_place(schema, i + (i >= schema->label_place));
    return place - (!columns->labelled && place > tp_schema_place(schema, schema->label_place));
}

/* Finds the schema's columns by name where both have names, else by position. */
static tileprop_status match(struct tp_table_columns *columns, const struct tp_table_options *options,
                             const struct tp_schema *schema)
{
    const bool by_name = columns->header && schema->label;
    const char *advice = columns->header_sure ? "" : "; --header no if this row is data";
    const size_t known = schema->column_count, all = known + schema->left_out_count;
    if (!by_name && columns->count != known && columns->count != all && columns->count != all + 1)
        return tp_csv_fail(columns->csv, columns->row,
                           "expected %zu and a label, as in the training data, found %zu field%s", all, columns->count,
                           columns->count == 1 ? "" : "s");
    columns->known = true;
    columns->header_sure |= by_name;
    columns->inputs = known;
    for (size_t i = 0; i < columns->count; i++)
        columns->all[i].role = TP_ROLE_UNUSED;
    tileprop_status status = TILEPROP_OK;
    /* One more than the inputs may be the label alone, or what was left out. */
    const bool bare = columns->count == known + 1 && !options->may_lack_label && !options->weight;
    columns->label = bare                        ? schema->label_place
                     : columns->count == all + 1 ? tp_schema_place(schema, schema->label_place)
                                                 : columns->count;
    if (by_name)
        status = find_name(columns, schema->label, strlen(schema->label), &columns->label);
    columns->labelled = columns->label < columns->count;
    if (columns->labelled)
        columns->all[columns->label].role = TP_ROLE_LABEL;
    for (size_t i = 0; status == TILEPROP_OK && i < known; i++) {
        const char *name = schema->columns[i].name;
        size_t found = input_place(columns, schema, i);
        if (by_name)
            status = find_name(columns, name, strlen(name), &found);
        if (status != TILEPROP_OK)
            return status;
        if (found == columns->count)
            return tp_csv_fail(columns->csv, columns->row,
                               "expected column \"%s\" as in the training data, found none%s",
                               tp_show(name, strlen(name)).text, advice);
        if (columns->all[found].role != TP_ROLE_UNUSED) /* a column has a single role */
            return tp_csv_fail(columns->csv, 0, "column \"%s\": expected as often as in the training data, found once",
                               tp_show(name, strlen(name)).text);
        status = use(columns, &columns->all[found], &schema->columns[i], i);
    }
    if (status == TILEPROP_OK)
        status = find_weight(columns, options->weight, schema, TP_ROLE_UNUSED);
    if (options->header == TP_HEADER_AUTO && !schema->label && status == TILEPROP_OK && fits(columns)) {
        columns->header = false; /* as in the table that was trained on */
        columns->header_sure = true;
    }
    if (status == TILEPROP_OK && !columns->labelled && by_name && columns->count > known)
        tp_notes_add(options->notes, "%s: no column \"%s\", the label of the training data: nothing is evaluated",
                     columns->csv->path, tp_show(schema->label, strlen(schema->label)).text);
    if (status != TILEPROP_OK || columns->labelled || options->may_lack_label)
        return status;
    return schema->label ? tp_csv_fail(columns->csv, columns->row,
                                       "expected the label in column \"%s\" as in the training data, found none",
                                       tp_show(schema->label, strlen(schema->label)).text)
                         : tp_csv_fail(columns->csv, columns->row,
                                       "expected the label in column %zu as in the training data, found none",
                                       tp_schema_place(schema, schema->label_place) + 1);
}

/* Either all files of a list begin with the same names, or none does. sure: it is known whether the first one does. */
static tileprop_status check_parts(const struct tp_table_columns *columns, bool sure)
{
    for (size_t i = 0; !sure && i < columns->count; i++)
        if (is_number(columns->all[i].first))
            return TILEPROP_OK;
    const struct tp_part *parts = columns->csv->parts;
    for (size_t i = 1; i < columns->csv->part_count; i++) {
        if (columns->header && !parts[i].named)
            return tp_csv_fail(columns->csv, parts[i].line,
                               "expected the header row of %s (row %zu), found another line", parts[0].path,
                               columns->row);
        if (!columns->header && parts[i].named)
            return tp_csv_fail(columns->csv, 0,
                               "%s begins with the same line; --header yes if it is a header row, --header no if it "
                               "is data",
                               parts[i].path);
    }
    return TILEPROP_OK;
}

tileprop_status tp_table_columns_begin(struct tp_table_columns *columns, struct tp_csv *csv,
                                       const struct tp_table_options *options, const struct tp_schema *schema)
{
    *columns = (struct tp_table_columns){.csv = csv,
                                         .notes = options->notes,
                                         .header = options->header != TP_HEADER_NO,
                                         .header_sure = options->header != TP_HEADER_AUTO};
    const bool has_names = columns->header && csv->names;
    bool alone = false;
    if (schema->features && !schema->column_count)
        return tp_csv_fail(csv, 0, "expected the format of the training data, which were not a table, found a table");
    if (!has_names)
        tp_csv_next(csv);
    const char *at = csv->at;
    const size_t line = csv->line;
    if (has_names) {
        csv->at = csv->names;
        csv->line = csv->names_line;
        tp_csv_next(csv);
        tp_notes_add(columns->notes,
                     "%s: row %zu begins with # and has as many fields as the data rows: read as the "
                     "header row",
                     csv->path, csv->row);
    }
    columns->row = csv->row;
    tileprop_status status = read_first(columns);
    if (has_names) {
        csv->at = at;
        csv->line = line;
    }
    if (status == TILEPROP_OK)
        status = check_second(columns, &alone);
    if (status == TILEPROP_OK)
        status = sort_names(columns);
    if (status == TILEPROP_OK)
        status = check_parts(columns, columns->header_sure);
    if (status == TILEPROP_OK)
        status = schema->features ? match(columns, options, schema) : learn(columns, options, schema);
    if (status == TILEPROP_OK && alone && columns->header)
        status = tp_csv_fail(csv, columns->row, "expected a header row and data rows, found one line%s",
                             options->header == TP_HEADER_AUTO ? "; --header no if it is data" : "");
    if (!columns->header) {
        columns->csv->at = at;
        columns->csv->line = line;
    }
    return status;
}

/* Other tables' columns are found by name, and those tables also have the columns that are left out. */
static tileprop_status check_names(const struct tp_table_columns *columns)
{
    for (size_t i = 1; i < columns->count; i++) {
        const size_t *places = columns->by_name + i - 1;
        const struct tp_table_column *one = &columns->all[places[0]], *next = &columns->all[places[1]];
        if ((one->role != TP_ROLE_UNUSED || next->role != TP_ROLE_UNUSED) && strcmp(one->first, next->first) == 0)
            return fail_same(columns, places);
    }
    return TILEPROP_OK;
}

tileprop_status tp_table_columns_check(const struct tp_table_columns *columns, bool number_labels)
{
    bool text_over_number = false;
    for (size_t i = 0; i < columns->count; i++) {
        const struct tp_table_column *column = &columns->all[i];
        const bool numbers = column->role == TP_ROLE_NUMBER || column->role == TP_ROLE_WEIGHT ||
                             (column->role == TP_ROLE_LABEL && number_labels);
        const struct tp_shown shown = tp_show(column->first, strlen(column->first));
        if (column->role == TP_ROLE_NEW)
            return tp_csv_fail(columns->csv, 0,
                               "column %zu: expected a value, found none in any row; --leave-out %zu leaves it out",
                               i + 1, i + 1);
        if (!columns->header_sure && numbers && is_number(column->first))
            return tp_csv_fail(columns->csv, 0,
                               "row %zu, column %zu: expected a column name, found %s above numbers; " TP_ADVICE,
                               columns->row, i + 1, shown.text);
        const bool is_value = tp_table_is_quantity(column->first) && !is_number(column->first);
        if (!columns->header_sure && (is_value || is_marker(column->first)))
            return tp_csv_fail(columns->csv, 0, "row %zu, column %zu: expected a column name, found \"%s\"; " TP_ADVICE,
                               columns->row, i + 1, shown.text);
        text_over_number |= numbers && column->first[0];
    }
    if (!columns->header_sure && !text_over_number)
        return tp_csv_fail(columns->csv, columns->row,
                           "cannot tell whether this is a header row, because all columns "
                           "hold text; " TP_ADVICE);
    const tileprop_status status = check_parts(columns, true);
    return status == TILEPROP_OK && columns->header && !columns->known ? check_names(columns) : status;
}

tileprop_status tp_table_columns_check_utf8(const struct tp_table_columns *columns, size_t column,
                                            const struct tp_field *field)
{
    errno = 0;
    json_t *text = json_stringn(field->text, field->size);
    if (!text && errno == ENOMEM)
        return tp_fail_memory(columns->csv->error, columns->csv->path, "a text");
    if (!text)
        return tp_fail(columns->csv->error, TILEPROP_BAD_INPUT,
                       "%s: expected text in UTF-8, found other bytes, perhaps Latin-1; iconv -f LATIN1 -t UTF-8 FILE "
                       ">t.csv converts it",
                       tp_table_columns_place(columns, column).text);
    json_decref(text);
    return TILEPROP_OK;
}

void tp_table_columns_free(struct tp_table_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        free(columns->all[i].first);
        tp_string_table_free(&columns->all[i].categories);
    }
    free(columns->all);
    free(columns->by_name);
    *columns = (struct tp_table_columns){0};
}
