/*
 * The configurations of a sweep: all combinations of the values of options.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

#define TP_VARIED_MAX 16
#define TP_GRID_MAX   100000 /* configurations */

struct tp_varied {
    char *name;       /* owned, like the members below */
    char **arguments; /* [count]: "--NAME=VALUE" */
    size_t count;
};

struct tp_grid {
    struct tp_varied varied[TP_VARIED_MAX];
    size_t varied_count;
    size_t count; /* of configurations; 1 without options that vary */
};

/*
 * Adds an option from a text NAME=VALUE,VALUE,... or, where values hold commas, NAME=VALUE|VALUE|... Whether the values
 * are right is left to the command line of train. Errors: TILEPROP_USAGE for a name that is no option of a training, or
 * that a sweep sets itself, a value or name that is there twice, and for too many; TILEPROP_FAILURE if out of memory.
 * The grid, zero before the first call, is to be freed either way.
 */
tileprop_status tp_grid_add(struct tp_grid *grid, const char *text, struct tp_error *error);

/* A value as it was given, by its place. */
const char *tp_varied_value(const struct tp_varied *varied, size_t place);

/* The index, from 0, of an option's value in configuration `index`. The last option varies fastest. */
size_t tp_grid_value(const struct tp_grid *grid, size_t index, size_t varied);

/* The value in that place. */
const char *tp_grid_text(const struct tp_grid *grid, size_t index, size_t varied);

void tp_grid_free(struct tp_grid *grid);
