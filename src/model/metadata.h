/*
 * The texts in a safetensors file's __metadata__ that have a meaning. All fail with TILEPROP_BAD_INPUT,
 * naming path, key and what was expected, where the text is missing or is no such thing.
 */
#ifndef TP_METADATA_H
#define TP_METADATA_H

#include <stdint.h>

#include "model/safetensors.h"
#include "tileprop/tileprop.h"

/* The text, which points into *read. */
tileprop_status tp_metadata_text(const struct tp_safetensors *read, const char *key, const char **text,
                                 struct tp_error *error);

/* The value whose first name the text is; auto is none. */
tileprop_status tp_metadata_choice(const struct tp_safetensors *read, const char *key,
                                   const tileprop_choice *choices, int *value, struct tp_error *error);

/* Digits alone, to base 10 or 16. */
tileprop_status tp_metadata_count(const struct tp_safetensors *read, const char *key, int base,
                                  uint64_t *count, struct tp_error *error);

/* A finite number. */
tileprop_status tp_metadata_real(const struct tp_safetensors *read, const char *key, double *value,
                                 struct tp_error *error);

#endif
