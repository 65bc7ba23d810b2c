/*
 * Text with fields and records (RFC 4180): fields end at a comma, a tab, a semicolon or blanks, records at a line's
 * end. A field that begins with a double quote ends with one, holds anything, and a quote in it is doubled.
 * Lines end with LF, CR LF or CR CR LF, or, where a file has no LF, with CR. Lines of blanks alone are passed
 * over; a byte order mark of UTF-8 is too. Blanks around a field without quotes are no part of it: spaces, and tabs
 * where these do not separate fields.
 * A line that begins with # is a comment, unless it has as many fields as the first line that does not and blanks do
 * not separate these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"

struct tp_csv {
    const char *path;            /* for messages; not owned */
    const struct tp_part *parts; /* [part_count] of the file; not owned */
    size_t part_count;
    struct tp_error *error;
    const char *at, *end; /* what is still to be read; not owned */
    char delimiter;       /* ' ': spaces and tabs, however many */
    char newline;         /* LF or CR */
    char blank;           /* besides a space: a tab, unless it separates fields */
    size_t row;           /* line of the file on which the record begins, from 1 */
    size_t line;          /* line of the file that is read, from 1 */
    bool more;            /* the record has another field */
    size_t comments;      /* lines that were passed over */
    size_t empty;         /* lines at the end without a value, likewise */
    const char *value;    /* none of these is before it, as far as is known */
    size_t fields;        /* of the first line that begins without #; 0: there is none, nor are there comments */
    const char *names;    /* behind the # of a comment before that line with as many fields; NULL: there is none */
    size_t names_line;    /* its line */
    char *buffer;         /* owned; for a field without its quotes, as large as the file from the first of them on */
};

/* Points into the file or the buffer: valid until the next field is read. */
struct tp_field {
    const char *text; /* [size], not ended by a zero */
    size_t size;
};

/*
 * Begins to read a file, which outlives *csv, after so many lines of it. The delimiter is that of commas, tabs and
 * semicolons which is most often in the first record, outside of quotes, of equals the semicolon, then the tab; blanks,
 * if none of them is there.
 * Here and later failures are told to *error, which may be NULL. tp_csv_close() it afterwards, on error too.
 * Errors: TILEPROP_BAD_INPUT for what is no text (a zero byte) or HTML, and if there are no more lines than
 * are to be skipped.
 */
tileprop_status tp_csv_open(struct tp_csv *csv, const struct tp_file *file, size_t skip_lines, struct tp_error *error);
void tp_csv_close(struct tp_csv *csv);

/* Whether a text, which no zero ends, has these characters alone. */
bool tp_csv_has_only(const char *text, size_t size, const char *characters);

/* The character that ends lines: LF, or CR where there is no LF. */
char tp_csv_newline(const struct tp_file *file);

/* Skips the rest of the line, whatever is there. */
void tp_csv_skip_line(struct tp_csv *csv);

/* Goes to the next record, which has a field at least; false if there is none. */
bool tp_csv_next(struct tp_csv *csv);

/* Reads the next field if it is a decimal number without quotes; else nothing is read. */
bool tp_csv_read_number(struct tp_csv *csv, double *value);

/*
 * Reads the next field.
 * Errors: TILEPROP_BAD_INPUT with path and row for a quote that is not closed or has text after it;
 * TILEPROP_FAILURE without memory.
 */
tileprop_status tp_csv_read_field(struct tp_csv *csv, struct tp_field *field);

/* Reads the rest of the record and stores how many fields that are. Errors: as tp_csv_read_field(). */
tileprop_status tp_csv_count_fields(struct tp_csv *csv, size_t *count);

/* Which line of which file a line of the text is, for a message. */
struct tp_line {
    const char *path;
    size_t line;
};
struct tp_line tp_csv_line(const struct tp_csv *csv, size_t line);

/* TILEPROP_BAD_INPUT, with a message that begins with path and row (0: it is not about one). */
tileprop_status tp_csv_fail(const struct tp_csv *csv, size_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
