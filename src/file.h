/*
 * A whole file in memory, unpacked if it is gzip.
 */
#ifndef TP_FILE_H
#define TP_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct tp_file {
    const char *path;     /* for messages; not owned */
    unsigned char *bytes; /* [size], owned, from malloc; at least one byte is allocated */
    size_t size;
    bool unpacked; /* bytes were gzip in the file: offsets count in the unpacked data */
};

/*
 * Reads the regular file at path and unpacks it if it is gzip, which its content decides, never its name.
 * Errors: TP_BAD_INPUT for what cannot be opened or read and as tp_file_unpack; TP_FAILURE without memory. On
 * error *file is empty. path must outlive *file.
 */
enum tp_status tp_file_read(struct tp_file *file, const char *path, struct tp_error *error);

/* The same for formats that begin as they like: the bytes stay as they are in the file. */
enum tp_status tp_file_read_packed(struct tp_file *file, const char *path, struct tp_error *error);

/*
 * Replaces bytes that begin with the gzip magic by what all members of the gzip file unpack to; other bytes
 * stay as they are. Memory: at most 1032 times the packed size, whatever the file claims, and twice that
 * while it grows for a member behind the first. Errors: TP_BAD_INPUT for a damaged stream, for bytes after
 * the last member, and for gzip inside gzip; TP_FAILURE without memory. On error *file keeps its bytes or has
 * the unpacked ones; it is to be freed.
 */
enum tp_status tp_file_unpack(struct tp_file *file, struct tp_error *error);

/*
 * Asks for huge pages where a block holds whole ones. A shuffled epoch gathers its samples from all over the
 * data set, and with small pages nearly every sample costs a walk of the page tables.
 */
void tp_file_prefer_huge_pages(unsigned char *block, size_t size);

/* Frees the bytes and empties the file. */
void tp_file_free(struct tp_file *file);

#endif
