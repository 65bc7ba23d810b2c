/*
 * Offsets. Floats near each other but far from 0, as timestamps are, keep little of their differences. What is read as
 * doubles is therefore narrowed less an offset, a number near the values of its feature, where that matters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "data/schema.h"

/* What decides about the offsets of data that are to be normalized like this. */
enum tp_offsets tp_offsets_wanted(int normalize);

/*
 * Stores offset[columns] of values[rows][columns], whose rows are so many values apart: the least value of a column
 * whose values differ by less than a sixteenth of the largest, else 0. NaN is left out. together: one for all columns.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_offsets_find(const double *values, size_t rows, size_t stride, size_t columns, bool together,
                                double *offset, struct tp_error *error);

/*
 * Learns what a schema still wants to know, from values[rows][columns]: its columns or its features.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_offsets_learn(struct tp_schema *schema, const double *values, size_t rows, size_t columns,
                                 struct tp_error *error);

/* Whether any is not 0; of NULL none. */
bool tp_offsets_any(const double *offset, size_t features);

/* A value as it is trained on; offset NULL: 0. */
static inline float tp_offsets_narrow(double value, const double *offset, size_t feature)
{
    return (float)(offset ? value - offset[feature] : value);
}

/* Makes floats of values[rows][features], at the front of their memory. */
void tp_offsets_narrow_all(double *values, size_t rows, size_t features, const double *offset);
