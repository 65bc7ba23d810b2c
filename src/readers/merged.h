/*
 * Values that become one number where a file told them apart.
 */
#pragma once

#include <stddef.h>

#include "readers/notes.h"

/* A column of doubles: rows values that are `stride` apart. NaN is none. */
struct tp_values {
    const double *first;
    size_t rows, stride;
    size_t columns; /* there are, of which all are looked at */
};

/*
 * Notes how many values of the column `name`, less its offset, share a float with another one, and whether there are
 * integers beyond 2^53, of which doubles keep no more digits. A long column is sorted only if some of its rows say that
 * this may be so. room[rows] is for this function.
 */
void tp_merged_note(struct tp_notes *notes, const char *path, const char *name, const struct tp_values *values,
                    double offset, double *room);
