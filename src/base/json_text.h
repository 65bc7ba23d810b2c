/*
 * JSON as text. When out of memory, jansson 2.14 drops bytes of texts that it writes or reads and reports success; but
 * the failed allocation leaves ENOMEM in errno.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* json_dumps(): the text, to be freed, or NULL if out of memory. */
char *tp_json_text_write(const json_t *json, size_t flags);

/* json_loadb(): NULL with errno ENOMEM if out of memory, with another errno for invalid JSON. */
json_t *tp_json_text_read(const char *text, size_t size, size_t flags, json_error_t *wrong);

/* A real; JSON null for a value that is not finite, which JSON cannot express. NULL if out of memory. */
json_t *tp_json_text_real(double value);

/* Add the value, taking it over, to an array or an object. On failure, also if either is NULL, the array or object is
 * freed and set to NULL. */
void tp_json_text_append(json_t **array, json_t *value);
void tp_json_text_set(json_t **object, const char *key, json_t *value);
