/* The configurations of a sweep: all combinations of the values of options. */
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
 * Adds an option from a text NAME=VALUE,VALUE,... or, if values contain commas, NAME=VALUE|VALUE|... train's command
 * line checks the values later. Errors: TILEPROP_USAGE for a name that is not an option of a training or that a sweep
 * sets itself, for a repeated value or name, and for too many options; TILEPROP_FAILURE if out of memory. The grid is
 * zero before the first call; free it in any case.
 */
tileprop_status tp_grid_add(struct tp_grid *grid, const char *text, struct tp_error *error);

/* A value as it was given, by its place. */
const char *tp_varied_value(const struct tp_varied *varied, size_t place);

/* The index, from 0, of an option's value in configuration `index`. The last option varies fastest. */
size_t tp_grid_value(const struct tp_grid *grid, size_t index, size_t varied);

/* The value in that place. */
const char *tp_grid_text(const struct tp_grid *grid, size_t index, size_t varied);

void tp_grid_free(struct tp_grid *grid);
