/* A whole file in memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/status.h"

/* One file's part of a text that was joined from several files. */
struct tp_part {
    char *path;     /* owned */
    size_t line;    /* line of the joined text on which it begins, from 1 */
    size_t dropped; /* number of its first lines that were left out */
    bool named;     /* one of them equals the first line of the first file */
};

struct tp_file {
    const char *path;     /* for messages; not owned */
    unsigned char *bytes; /* [size], owned, from malloc; at least one byte is allocated */
    size_t size;
    struct tp_part *parts; /* [part_count], owned; NULL: it is one file */
    size_t part_count;
    bool unpacked; /* the file was gzip: offsets count in the unpacked data */
};

/*
 * Reads the regular file at path, unchanged. Errors: TILEPROP_BAD_INPUT if it cannot be opened or read,
 * TILEPROP_FAILURE if out of memory. On error *file is empty. path must outlive *file.
 */
tileprop_status tp_file_read(struct tp_file *file, const char *path, struct tp_error *error);

/*
 * Asks for huge pages where a block contains whole ones. A shuffled epoch gathers its samples from all over the data
 * set, and with small pages nearly every sample costs a page walk.
 */
void tp_file_prefer_huge_pages(unsigned char *block, size_t size);

/* TILEPROP_BAD_INPUT, with a message that begins with the path and the offset of a byte. */
tileprop_status tp_file_fail(const struct tp_file *file, size_t offset, struct tp_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Where text[size] begins: after a UTF-8 byte order mark, if there is one. */
static inline const char *tp_file_text(const void *text, size_t size)
{
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    return (const char *)text + (size >= sizeof mark && memcmp(text, mark, sizeof mark) == 0 ? sizeof mark : 0);
}

/* Frees the bytes and empties the file. */
void tp_file_free(struct tp_file *file);
