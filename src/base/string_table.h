/* Distinct texts, numbered as they come. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct tp_string_table {
    const char *path; /* file that the texts come from, for messages; not owned; NULL: none */
    char **texts;     /* [count], owned, each zero-terminated */
    size_t count, capacity;
    uint32_t *order; /* [count], the texts in ascending order of their bytes */
};

/* Compares a zero-terminated text with text[size], which has no zero byte, as memcmp() does: below 0, 0 or above 0. */
int tp_string_table_compare(const char *ended, const char *text, size_t size);

/* Stores the number of a text without a zero byte; false if it is not there. */
bool tp_string_table_find(const struct tp_string_table *table, const char *text, size_t size, uint32_t *number);

/* Adds a text that is not in the table. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_string_table_add(struct tp_string_table *table, const char *text, size_t size,
                                    struct tp_error *error);

/*
 * Puts the texts in ascending order of their bytes or, if all are decimal integers, of their values, where a leading
 * zero counts as a digit. Returns the new number of each, [count], which the caller frees; NULL if out of memory.
 * Afterwards texts can no longer be looked up.
 */
uint32_t *tp_string_table_sort(struct tp_string_table *table);

/* Empties the table and hands its texts over. */
char **tp_string_table_take(struct tp_string_table *table);

void tp_string_table_free(struct tp_string_table *table);
