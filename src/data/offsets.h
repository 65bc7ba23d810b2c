/*
 * Offsets. Floats near each other but far from 0, such as timestamps, keep little of their differences. Where that
 * matters, an offset near a feature's values is subtracted from doubles before they are narrowed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "data/schema.h"

/* How offsets are found for data to be normalized in this mode. */
enum tp_offsets tp_offsets_wanted(int normalize);

/*
 * Stores offset[columns] of values[rows][columns], whose rows are `stride` values apart: the least value of a column
 * whose values differ by less than a sixteenth of the largest in size, else 0. NaN is ignored. together: one for all.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_offsets_find(const double *values, size_t rows, size_t stride, size_t columns, bool together,
                                double *offset, struct tp_error *error);

/*
 * Finds the offsets that a schema wants, in values[rows][columns], columns being those of its table or its features.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_offsets_learn(struct tp_schema *schema, const double *values, size_t rows, size_t columns,
                                 struct tp_error *error);

/* Whether any offset is not 0; NULL: all are. */
bool tp_offsets_any(const double *offset, size_t features);

/* The value used for training; offset NULL: 0. */
static inline float tp_offsets_narrow(double value, const double *offset, size_t feature)
{
    return (float)(offset ? value - offset[feature] : value);
}

/* Converts values[rows][features] to floats, at the front of the same memory. */
void tp_offsets_narrow_all(double *values, size_t rows, size_t features, const double *offset);
