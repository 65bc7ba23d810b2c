/*
 * JSON as text. Where memory is short, jansson 2.14 leaves bytes out of texts that it writes or reads and
 * calls that a success; but who allocates leaves ENOMEM in errno.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* json_dumps(): the text, to be freed, or NULL if out of memory. */
char *tp_json_text_write(const json_t *json, size_t flags);

/* json_loadb(): NULL with errno ENOMEM without memory, with another errno for what is no JSON. */
json_t *tp_json_text_read(const char *text, size_t size, size_t flags, json_error_t *wrong);

/* A real; null for what is not finite, which JSON has no number for. NULL if out of memory. */
json_t *tp_json_text_real(double value);

/* Adds the value, which they take over, to an array or an object. If that fails, for want of either too, it
 * is freed and NULL. */
void tp_json_text_append(json_t **array, json_t *value);
void tp_json_text_set(json_t **object, const char *key, json_t *value);
