/* Distinct values of a file that become the same float. */
#pragma once

#include <stddef.h>

#include "readers/notes.h"

/* A column of doubles: `rows` values, `stride` apart. NaN counts as no value. */
struct tp_values {
    const double *first;
    size_t rows, stride;
    size_t columns; /* of the file; all are checked */
};

/*
 * Notes how many values of the column `name`, minus its offset, become the same float as another value, and whether
 * there are integers beyond 2^53, whose last digits even doubles lose. A long column is sorted only if a sample of its
 * rows suggests that this may be so. room[rows] is scratch.
 */
void tp_lost_digits_note(struct tp_notes *notes, const char *path, const char *name, const struct tp_values *values,
                         double offset, double *room);
