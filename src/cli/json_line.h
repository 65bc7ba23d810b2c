/*
 * The JSON object that --json writes as one line on standard output. A value that could not be made is NULL,
 * which everything here passes on, so that only the writing of the line needs a check.
 */
#ifndef TP_JSON_LINE_H
#define TP_JSON_LINE_H

#include <jansson.h>
#include <stddef.h>

#include "base/status.h"

struct tp_json_member {
    const char *key;
    json_t *value;
};

/* null for what is not finite. */
json_t *tp_json_number(double value);
json_t *tp_json_count(size_t value);

/* Takes every member's value over. NULL if one of them is NULL. */
json_t *tp_json_object(const struct tp_json_member *members, size_t count);

/*
 * Writes and frees the object, with numbers that read back as the same doubles.
 * Errors: TILEPROP_FAILURE without memory. Errors of standard output are left to the stream.
 */
tileprop_status tp_json_write(json_t *object, struct tp_error *error);

#endif
