/*
 * IDX, the format of the MNIST files: a magic number of two zero bytes, a type code and the number of
 * dimensions, then each dimension as a big-endian 32-bit number, then the values, the last dimension fastest
 * and big-endian too. Described at the MNIST page of LeCun, Cortes and Burges.
 */
#ifndef TP_IDX_H
#define TP_IDX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"

enum tp_idx_role {
    TP_IDX_IMAGES, /* u8 or f32, two or more dimensions, the first of which counts the images */
    TP_IDX_LABELS  /* u8, one dimension */
};

/* Values are the format's own type codes. */
enum tp_idx_type { TP_IDX_U8 = 0x08, TP_IDX_F32 = 0x0D };

struct tp_idx {
    enum tp_idx_type type;
    void *values;    /* [count][features] of type in the byte order of this machine; owned, from malloc */
    size_t count;    /* first dimension, at least 1 */
    size_t features; /* product of the others, at least 1; 1 for labels */
};

/* Whether the file begins as such files do, which no text does. */
bool tp_idx_is(const struct tp_file *file);

/*
 * Reads an IDX file, plain or gzip.
 * Errors: as tp_gzip_read and tp_idx_parse. On error *idx is empty.
 */
tileprop_status tp_idx_read(struct tp_idx *idx, const char *path, enum tp_idx_role role,
                            struct tp_error *error);

/*
 * Makes an array of a file's bytes. It takes those bytes over and moves the values to their front, so that
 * memory never holds the data twice; *file is empty afterwards, on error too.
 * Errors: TILEPROP_BAD_INPUT with path, byte offset, found, expected: for a file that is not IDX or not of
 * this role, for dimensions that are 0, overflow, or do not match the size of the file, for f32 values that
 * are not finite. On error *idx is empty.
 */
tileprop_status tp_idx_parse(struct tp_idx *idx, struct tp_file *file, enum tp_idx_role role,
                             struct tp_error *error);

/* Frees the values and empties the array. */
void tp_idx_free(struct tp_idx *idx);

#endif
