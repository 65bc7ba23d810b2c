/*
 * A sweep on several processes: rank 0 reads the command line, writes all files and deals runs to the others, which
 * read the data, train, and send back the outcome.
 */
#pragma once

#include "cli/sweep_pool.h"

/* On rank 0: sends the sweep to the others; NULL: there is none. Does nothing without others, as below. */
void tp_sweep_tell(const tileprop_ranks *ranks, const struct tp_sweep_command *command);

/*
 * On all ranks, after tp_sweep_begin(), whose status is passed: checks that all have the same data. Errors: those of
 * the first rank that has one; rank 0 gets its text.
 */
tileprop_status tp_sweep_join(struct tp_sweep *sweep, tileprop_status status, struct tp_error *error);

/* On rank 0: deals the runs to the others, and to its own workers, until all are done. */
void tp_sweep_serve(struct tp_sweep_pool *pool, void *(*work)(void *pool));

/* The work of every other rank, until rank 0 ends. Returns the program's exit status. */
int tp_sweep_follow(const tileprop_ranks *ranks);
