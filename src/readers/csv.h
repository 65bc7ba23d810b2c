/*
 * Text with fields and records (RFC 4180). Fields are separated by commas, tabs, semicolons or blanks; a record ends at
 * a line end. A field that begins with a double quote ends with one and may contain anything; a quote within it is
 * doubled.
 * Lines end with LF, CR LF or CR CR LF, or with CR if the file has no LF. Blank lines and a UTF-8 byte order mark are
 * skipped. Blanks around an unquoted field are not part of it: spaces, and tabs unless they separate fields. A line
 * that begins with # is a comment, unless blanks do not separate fields and it has as many fields as the first line
 * without #.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"

struct tp_csv {
    const char *path;            /* for messages; not owned */
    const struct tp_part *parts; /* [part_count], the file's; not owned */
    size_t part_count;
    struct tp_error *error;
    const char *at, *end; /* the rest of the text; not owned */
    char delimiter;       /* ' ': any number of spaces and tabs */
    char newline;         /* LF or CR */
    char blank;           /* the blank besides the space: a tab, unless it separates fields */
    size_t row;           /* line of the file on which the record begins, from 1 */
    size_t line;          /* current line of the file, from 1 */
    bool more;            /* the record has another field */
    size_t comments;      /* lines skipped as comments */
    size_t empty;         /* lines skipped at the end because they hold no value */
    const char *value;    /* up to here, no such lines follow */
    size_t fields;        /* fields of the first line that does not begin with #; 0: there is none, and no comments */
    const char *names;    /* after the # of a comment before that line with as many fields; NULL: none */
    size_t names_line;    /* its line */
    char *buffer;         /* owned; for unquoted copies of quoted fields; as large as the file from the first one on */
};

/* Points into the file or the buffer: valid until the next field is read. */
struct tp_field {
    const char *text; /* [size], not zero-terminated */
    size_t size;
};

/*
 * Begins to read a file, which must outlive *csv, after skipping skip_lines lines. The delimiter is the most frequent
 * of comma, tab and semicolon in the first record, outside quotes; on a tie the semicolon wins, then the tab; without
 * any of them, blanks delimit. Failures of this and later calls go to *error, which may be NULL. The caller calls
 * tp_csv_close(), on error too. Errors: TILEPROP_BAD_INPUT for a file that is not text (has a zero byte) or is HTML,
 * and if no line is left after those to be skipped.
 */
tileprop_status tp_csv_open(struct tp_csv *csv, const struct tp_file *file, size_t skip_lines, struct tp_error *error);
void tp_csv_close(struct tp_csv *csv);

/* Whether text[size], not zero-terminated, consists of these characters only. */
bool tp_csv_has_only(const char *text, size_t size, const char *characters);

/* The character that ends lines: LF, or CR where there is no LF. */
char tp_csv_newline(const struct tp_file *file);

/* Skips the rest of the line, quotes included. */
void tp_csv_skip_line(struct tp_csv *csv);

/* Goes to the next record, which has at least one field; false if there is none. */
bool tp_csv_next(struct tp_csv *csv);

/* Reads the next field if it is a decimal number without quotes; otherwise reads nothing. */
bool tp_csv_read_number(struct tp_csv *csv, double *value);

/*
 * Reads the next field.
 * Errors: TILEPROP_BAD_INPUT with path and row for a quote that is not closed or has text after it;
 * TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_csv_read_field(struct tp_csv *csv, struct tp_field *field);

/* Reads the rest of the record and stores its number of fields. Errors: as tp_csv_read_field(). */
tileprop_status tp_csv_count_fields(struct tp_csv *csv, size_t *count);

/* The file and line that a line of the text comes from, for a message. */
struct tp_line {
    const char *path;
    size_t line;
};
struct tp_line tp_csv_line(const struct tp_csv *csv, size_t line);

/* TILEPROP_BAD_INPUT, with a message that begins with path and row (0: no row). */
tileprop_status tp_csv_fail(const struct tp_csv *csv, size_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
