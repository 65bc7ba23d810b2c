/*
 * safetensors, Hugging Face's format for named tensors: the header's length in 8 bytes; the header, a JSON object with
 * each tensor's type, shape and place and possibly texts in __metadata__; then the tensors' values, row by row. All
 * numbers are little-endian.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/safe_file.h"
#include "base/status.h"

#define TP_TENSOR_DIMENSIONS_MAX 8

/*
 * The text in __metadata__ that shows whether a file is intact: 16 hexadecimal digits, the sum of the XXH3-64 of all
 * tensors and all other texts, each seeded with its name, so that their order does not matter.
 */
#define TP_CHECKSUM_KEY "tileprop_checksum"

/*
 * Bytes of a header. 1,000 layers with an optimizer's state, 65,535 class names and 100,000 columns with means,
 * names of 64 bytes throughout, take 17 million.
 */
#define TP_SAFETENSORS_HEADER_MAX ((size_t)20000000)

/* Comma-separated values in a header. A matrix and its place take nine. */
#define TP_SAFETENSORS_VALUES_MAX 100000

struct tp_tensor {
    const char *name;
    const char *type; /* "F32", as the format names it */
    size_t dimensions;
    size_t shape[TP_TENSOR_DIMENSIONS_MAX];
    const void *bytes; /* [size], any alignment */
    size_t size;
};

struct tp_safetensors {
    struct tp_file file; /* which the tensors point into; owned */
    json_t *header;      /* which their names point into; owned */
    struct tp_tensor *tensors;
    size_t count;
};

/*
 * Finds the tensors in a file's bytes, which it takes over; *file is empty afterwards, on error too. In addition it
 * allocates at most 80 bytes for each byte of the header, and no more than 200 MB, since a header has at most
 * TP_SAFETENSORS_HEADER_MAX bytes and TP_SAFETENSORS_VALUES_MAX values.
 * Errors: TILEPROP_BAD_INPUT with path, place, found, expected for anything that the format does not allow: lengths
 * beyond the file, a header with too many values, JSON that is not a valid header, duplicate names, places that overlap
 * or leave a gap; and for a checksum that does not match the contents. TILEPROP_FAILURE if out of memory. On error
 * *read is empty.
 */
tileprop_status tp_safetensors_parse(struct tp_safetensors *read, struct tp_file *file, struct tp_error *error);

void tp_safetensors_free(struct tp_safetensors *read);

/* The tensor of this name, or NULL. */
const struct tp_tensor *tp_safetensors_find(const struct tp_safetensors *read, const char *name);

/* The text that __metadata__ has for the key, or NULL. */
const char *tp_safetensors_text(const struct tp_safetensors *read, const char *key);

/* The checksum of tensors and texts, an object of strings, to be stored under TP_CHECKSUM_KEY. */
uint64_t tp_safetensors_checksum(const struct tp_tensor *tensors, size_t count, json_t *texts);

/* "F32 [64, 784]", for messages; truncated if it does not fit. */
void tp_tensor_describe(const struct tp_tensor *tensor, char *text, size_t size);

/*
 * Writes the tensors in order, and the texts, an object of strings that is not taken over. Names must be unique, and
 * sizes must match types and shapes. tp_safe_file_commit() reports failed writes.
 * Errors: TILEPROP_FAILURE if out of memory, and for a header of more than TP_SAFETENSORS_HEADER_MAX bytes.
 */
tileprop_status tp_safetensors_write(struct tp_safe_file *out, const struct tp_tensor *tensors, size_t count,
                                     json_t *texts, struct tp_error *error);
