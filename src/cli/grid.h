/*
 * The configurations of a sweep: all combinations of the values of options.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"
#include "tileprop/tileprop.h"

#define TP_VARIED_MAX 16
#define TP_GRID_MAX   100000 /* configurations */

struct tp_varied {
    char *name;    /* owned, as what follows */
    char **values; /* [count], as the command line takes them */
    size_t count;
};

struct tp_grid {
    struct tp_varied varied[TP_VARIED_MAX];
    size_t varied_count;
    size_t count; /* of configurations; 1 without options that vary */
};

/*
 * Adds an option from a text NAME=VALUE,VALUE,... or, where values hold commas, NAME=VALUE|VALUE|... Each value is
 * tried on a copy of `base`. Errors: TILEPROP_USAGE for a name that is no option of a training, or that a sweep sets
 * itself, a value that is wrong or there twice, a name that is there twice, and for too many; TILEPROP_FAILURE without
 * memory. The grid, zero before the first call, is to be freed either way.
 */
tileprop_status tp_grid_add(struct tp_grid *grid, const char *text, const tileprop_options *base,
                            struct tp_error *error);

/* The place, from 0, of configuration `index` among an option's values. The last option varies fastest. */
size_t tp_grid_value(const struct tp_grid *grid, size_t index, size_t varied);

/* Sets the options of configuration `index`. Errors: TILEPROP_USAGE, though each value alone is right. */
tileprop_status tp_grid_set(const struct tp_grid *grid, size_t index, tileprop_options *options,
                            struct tp_error *error);

void tp_grid_free(struct tp_grid *grid);
