/*
 * Distinct values of a file that become the same float.
 */
#pragma once

#include <stddef.h>

#include "readers/notes.h"

/* A column of doubles: `rows` values, `stride` apart. NaN counts as no value. */
struct tp_values {
    const double *first;
    size_t rows, stride;
    size_t columns; /* of the file, all of which are checked */
};

/*
 * Notes how many values of the column `name`, less its offset, share a float with another one, and whether there are
 * integers beyond 2^53, of which doubles keep no more digits. A long column is sorted only if some of its rows say that
 * this may be so. room[rows] is for this function.
 */
void tp_lost_digits_note(struct tp_notes *notes, const char *path, const char *name, const struct tp_values *values,
                         double offset, double *room);
