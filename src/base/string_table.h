/*
 * Distinct texts, numbered as they come.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct tp_string_table {
    const char *path; /* of the file that the texts are of, for messages; not owned; NULL: none */
    char **texts;     /* [count], owned, each ended by a zero */
    size_t count, capacity;
    uint32_t *order; /* [count], the texts in ascending order of their bytes */
};

/* The order of a text ended by a zero and a text[size] without a zero byte, by their bytes: below 0, 0,
 * above. */
int tp_string_table_compare(const char *ended, const char *text, size_t size);

/* Stores the number of a text without a zero byte; false if it is not there. */
bool tp_string_table_find(const struct tp_string_table *table, const char *text, size_t size, uint32_t *number);

/* Adds a text that is not there. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_string_table_add(struct tp_string_table *table, const char *text, size_t size,
                                    struct tp_error *error);

/*
 * Puts the texts in ascending order of their bytes, or, where all are decimal integers, of their values,
 * where a leading zero counts as any digit. Returns [count] the new number of each, to be freed; NULL without
 * memory. Nothing is found by its text afterwards.
 */
uint32_t *tp_string_table_sort(struct tp_string_table *table);

/* Empties the table and hands its texts over. */
char **tp_string_table_take(struct tp_string_table *table);

void tp_string_table_free(struct tp_string_table *table);
