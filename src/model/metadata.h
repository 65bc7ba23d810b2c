/*
 * The texts in a safetensors file's __metadata__: the name, kind and address of each value. One list serves reading and
 * writing.
 */
#pragma once

#include "model/safetensors.h"
#include "tileprop/tileprop.h"

enum tp_metadata_kind {
    TP_METADATA_TEXT,   /* const char *; after reading, it points into the file's header */
    TP_METADATA_COUNT,  /* uint64_t or size_t, decimal digits only */
    TP_METADATA_HASH,   /* uint64_t, hexadecimal digits only */
    TP_METADATA_REAL,   /* double, finite */
    TP_METADATA_AMOUNT, /* double, >= 0 */
    TP_METADATA_SHARE   /* double, from 0 to 1 */
};

struct tp_metadata {
    const char *key;
    enum tp_metadata_kind kind;
    void *value;
};

/*
 * Reads the texts in order.
 * Errors: TILEPROP_BAD_INPUT with path, key and what was expected for the first text that is missing or not of its
 * kind.
 */
tileprop_status tp_metadata_read(const struct tp_safetensors *read, const struct tp_metadata *all, size_t count,
                                 struct tp_error *error);

/* Adds them to an object, which is freed and set to NULL if out of memory. */
void tp_metadata_write(json_t **texts, const struct tp_metadata *all, size_t count);

/*
 * Stores the value that the key's text names; auto is not allowed.
 * Errors: TILEPROP_BAD_INPUT, naming path, key, what was found and what was expected.
 */
tileprop_status tp_metadata_choose(const struct tp_safetensors *read, const char *key, const tileprop_choice *choices,
                                   int *value, struct tp_error *error);
