#include "readers/csv.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"

/* On a tie the last one wins: commas between semicolons are decimal commas. */
static const char delimiters[] = ",\t;";
#define TAB 1

struct tp_line tp_csv_line(const struct tp_csv *csv, size_t line)
{
    struct tp_line found = {csv->path, line};
    for (size_t i = 0; i < csv->part_count && csv->parts[i].line <= line; i++)
        found = (struct tp_line){csv->parts[i].path, line - csv->parts[i].line + 1 + csv->parts[i].dropped};
    return found;
}

tileprop_status tp_csv_fail(const struct tp_csv *csv, size_t row, const char *format, ...)
{
    struct tp_error what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what.text, sizeof what.text, format, arguments);
    va_end(arguments);
    const struct tp_line place = tp_csv_line(csv, row);
    return row ? tp_fail(csv->error, TILEPROP_BAD_INPUT, "%s: row %zu: %s", place.path, place.line, what.text)
               : tp_fail(csv->error, TILEPROP_BAD_INPUT, "%s: %s", csv->path, what.text);
}

void tp_csv_skip_line(struct tp_csv *csv)
{
    const char *line_end = memchr(csv->at, csv->newline, (size_t)(csv->end - csv->at));
    csv->at = line_end ? line_end + 1 : csv->end;
    csv->line++;
}

static const char *skip_blanks(const struct tp_csv *csv, const char *text)
{
    while (text < csv->end && (*text == ' ' || *text == csv->blank))
        text++;
    return text;
}

static void find_delimiter(struct tp_csv *csv)
{
    size_t counts[sizeof delimiters] = {0}, best = 0;
    bool quoted = false, begins = true /* a field */, blanks = false;
    const char *begin = skip_blanks(csv, csv->at), *c = csv->at;
    for (; c < csv->end && (quoted || *c != csv->newline); c++) {
        const char *found = quoted ? NULL : strchr(delimiters, *c);
        if (found)
            counts[found - delimiters]++;
        if (*c == '"' && (quoted || begins || c[-1] == '"'))
            quoted = !quoted;
        begins = found || (begins && *c == ' ');
        blanks |= !quoted && c > begin && c[-1] == ' ' && *c != ' ' && *c != '\r';
    }
    for (; c > csv->at && (c[-1] == '\t' || c[-1] == ' ' || c[-1] == '\r'); c--)
        counts[TAB] -= c[-1] == '\t' && counts[TAB]; /* blanks, most likely */
    for (size_t i = 1; i < sizeof delimiters - 1; i++)
        best = counts[i] && counts[i] >= counts[best] ? i : best;
    const bool by_blanks = counts[best] == 0 && blanks;
    csv->delimiter = by_blanks ? ' ' : delimiters[best];
    csv->blank = csv->delimiter == '\t' ? ' ' : '\t';
}

#define CARRIAGE_RETURNS_MAX 2 /* blanks considered before a line's end: this bounds the repeated scanning */

/* The start of the next line if this one ends here; else NULL. */
static const char *line_behind(const struct tp_csv *csv, const char *here)
{
    for (int i = 0; i < CARRIAGE_RETURNS_MAX && here < csv->end && *here == '\r' && *here != csv->newline; i++)
        here++;
    return here == csv->end ? here : *here == csv->newline ? here + 1 : NULL;
}

static void skip_empty(struct tp_csv *csv)
{
    const char *behind;
    for (; csv->at < csv->end && (behind = line_behind(csv, skip_blanks(csv, csv->at))); csv->at = behind)
        csv->line++;
}

/* The number of fields from here to the end of the line; 0 if the line is not a record by itself. */
static size_t count_line(const struct tp_csv *csv, const char *text)
{
    const char *line_end = memchr(text, csv->newline, (size_t)(csv->end - text));
    struct tp_csv line = *csv;
    size_t count;
    line.error = NULL;
    line.buffer = NULL;
    line.at = text;
    line.end = line_end ? line_end : csv->end;
    line.more = true;
    if (tp_csv_count_fields(&line, &count) != TILEPROP_OK)
        count = 0;
    free(line.buffer);
    return count;
}

static bool at_comment(const struct tp_csv *csv)
{
    if (csv->at == csv->end || *csv->at != '#' || !csv->fields)
        return false;
    const size_t count = csv->delimiter == ' ' ? 0 : count_line(csv, csv->at);
    return csv->delimiter == ' ' || (count && count != csv->fields);
}

/* The text of a comment. */
static const char *skip_marks(const struct tp_csv *csv, const char *text)
{
    while (text < csv->end && *text == '#')
        text++;
    return skip_blanks(csv, text);
}

/*
 * Finds the delimiter in the first line that is not a comment, and column names among the comments before it: the last
 * comment with as many fields, as NumPy's savetxt() writes them ("# x y").
 */
static void begin_records(struct tp_csv *csv)
{
    struct tp_csv first = *csv;
    while (first.at < first.end && *first.at == '#') {
        tp_csv_skip_line(&first);
        skip_empty(&first);
    }
    if (first.at == first.end) {
        find_delimiter(csv);
        return;
    }
    find_delimiter(&first);
    csv->delimiter = first.delimiter;
    csv->blank = first.blank;
    csv->fields = count_line(&first, first.at);
    for (; csv->at < first.at && (csv->delimiter == ' ' || at_comment(csv) || csv->at[1] == ' '); skip_empty(csv)) {
        const char *text = skip_marks(csv, csv->at);
        if (count_line(csv, text) == csv->fields) {
            csv->names = text;
            csv->names_line = csv->line;
        }
        csv->comments++;
        tp_csv_skip_line(csv);
    }
}

/* A tag, not a cell such as <NA> or <5. */
static bool is_markup(const struct tp_csv *csv)
{
    const char *text = csv->at;
    return csv->end - text > 1 && *text == '<' && !strchr("0123456789.=- ", text[1]) &&
           (csv->end - text < 4 || memcmp(text, "<NA>", 4) != 0);
}

bool tp_csv_has_only(const char *text, size_t size, const char *characters)
{
    for (size_t i = 0; i < size; i++)
        if (!memchr(characters, text[i], strlen(characters)))
            return false;
    return true;
}

char tp_csv_newline(const struct tp_file *file)
{
    return memchr(file->bytes, '\n', file->size) || !memchr(file->bytes, '\r', file->size) ? '\n' : '\r';
}

/* The line "sep=;" that Excel writes first is redundant: the others show the delimiter. */
static void skip_separator(struct tp_csv *csv)
{
    static const char sep[] = "sep=";
    const size_t size = sizeof sep - 1;
    const char *at = csv->at + size;
    if (csv->end - csv->at > (ptrdiff_t)size + 1 && strncasecmp(csv->at, sep, size) == 0 && strchr(delimiters, *at) &&
        line_behind(csv, at + 1))
        tp_csv_skip_line(csv);
}

tileprop_status tp_csv_open(struct tp_csv *csv, const struct tp_file *file, size_t skip_lines, struct tp_error *error)
{
    const char *bytes = (const char *)file->bytes;
    *csv = (struct tp_csv){.path = file->path,
                           .parts = file->parts,
                           .part_count = file->part_count,
                           .error = error,
                           .end = bytes + file->size,
                           .line = 1,
                           .blank = ' '};
    const char *zero = memchr(bytes, '\0', file->size);
    if (zero)
        return tp_file_fail(file, (size_t)(zero - bytes), error,
                            "expected a table as text in ASCII or UTF-8, found a zero byte");
    csv->at = tp_file_text(bytes, file->size);
    csv->newline = tp_csv_newline(file);
    if (!skip_lines)
        skip_separator(csv);
    for (size_t i = 0; i < skip_lines && csv->at < csv->end; i++)
        tp_csv_skip_line(csv);
    skip_empty(csv);
    if (csv->at == csv->end)
        return tp_csv_fail(csv, 0, "expected a table, found no line%s",
                           skip_lines ? " after those that --skip-lines skips" : "");
    if (is_markup(csv))
        return tp_csv_fail(csv, csv->line, "expected a table, found '<': this is an HTML page (a failed download?)");
    begin_records(csv);
    return TILEPROP_OK;
}

void tp_csv_close(struct tp_csv *csv)
{
    free(csv->buffer);
    *csv = (struct tp_csv){0};
}

/* Skips lines of delimiters alone at the end of the file, which spreadsheets write below a table. */
static void skip_last(struct tp_csv *csv)
{
    const char *c = csv->at;
    size_t lines = 0;
    if (csv->value && c < csv->value)
        return;
    for (; c < csv->end && (*c == csv->delimiter || *c == ' ' || *c == csv->blank || *c == '\r' || *c == '\n'); c++)
        lines += *c == csv->newline;
    csv->value = c;
    if (c < csv->end)
        return;
    csv->empty += lines + (csv->end[-1] != csv->newline);
    csv->line += lines;
    csv->at = csv->end;
}

bool tp_csv_next(struct tp_csv *csv)
{
    for (skip_empty(csv); at_comment(csv); skip_empty(csv)) {
        csv->comments++;
        tp_csv_skip_line(csv);
    }
    if (csv->at < csv->end && *csv->at == csv->delimiter && csv->line > 1)
        skip_last(csv);
    csv->row = csv->line;
    csv->more = csv->at < csv->end;
    return csv->more;
}

/* The slow path of end_field(): after blanks, at the end of a line, or where blanks separate fields. */
static bool end_field_further(struct tp_csv *csv, const char *here)
{
    const char *next = skip_blanks(csv, here), *behind = NULL;
    const bool by_character = next < csv->end && *next == csv->delimiter;
    if (by_character || (!(behind = line_behind(csv, next)) && csv->delimiter == ' ' && next > here)) {
        csv->at = next + by_character;
        csv->more = true;
        return true;
    }
    if (!behind)
        return false;
    csv->at = behind;
    csv->line++;
    csv->more = false;
    return true;
}

/* Whether a field ends here; if so, moves to the next one. */
static inline bool end_field(struct tp_csv *csv, const char *here)
{
    if (here == csv->end || *here != csv->delimiter || *here == ' ')
        return end_field_further(csv, here);
    csv->at = here + 1;
    csv->more = true;
    return true;
}

bool tp_csv_read_number(struct tp_csv *csv, double *value)
{
    const char *behind = tp_decimal_read(skip_blanks(csv, csv->at), csv->end, value);
    return behind && end_field(csv, behind);
}

/* csv->at is at the opening quote. */
static tileprop_status read_quoted(struct tp_csv *csv, struct tp_field *field)
{
    const char *c = csv->at + 1, *end = csv->end;
    const size_t line = csv->line;
    size_t size = 0, lines = 0;
    if (!csv->buffer && !(csv->buffer = malloc((size_t)(end - csv->at))))
        return tp_fail_memory(csv->error, csv->path, "a field");
    while (c < end && (*c != '"' || (end - c > 1 && c[1] == '"'))) {
        lines += *c == csv->newline;
        csv->buffer[size++] = *c;
        c += *c == '"' ? 2 : 1;
    }
    if (c == end)
        return tp_csv_fail(csv, csv->row, "a double quote on line %zu is not closed", tp_csv_line(csv, line).line);
    csv->line += lines;
    if (!end_field(csv, c + 1))
        return tp_csv_fail(csv, csv->row,
                           "expected a comma or the line's end after a field in double quotes, found text");
    *field = (struct tp_field){.text = csv->buffer, .size = size};
    return TILEPROP_OK;
}

tileprop_status tp_csv_read_field(struct tp_csv *csv, struct tp_field *field)
{
    csv->at = skip_blanks(csv, csv->at);
    if (csv->at < csv->end && *csv->at == '"')
        return read_quoted(csv, field);
    const char *begin = csv->at, *c = begin, tab = csv->delimiter == ' ' ? '\t' : csv->delimiter;
    while (!((c == csv->end || *c == csv->delimiter || *c == tab || *c == '\n' || *c == '\r') && end_field(csv, c)))
        c++;
    while (c > begin && (c[-1] == ' ' || c[-1] == csv->blank))
        c--;
    *field = (struct tp_field){.text = begin, .size = (size_t)(c - begin)};
    return TILEPROP_OK;
}

tileprop_status tp_csv_count_fields(struct tp_csv *csv, size_t *count)
{
    tileprop_status status = TILEPROP_OK;
    struct tp_field field;
    *count = 0;
    while (status == TILEPROP_OK && csv->more) {
        status = tp_csv_read_field(csv, &field);
        ++*count;
    }
    return status;
}
