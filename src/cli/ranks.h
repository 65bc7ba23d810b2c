/*
 * The processes that mpirun started together. The only module that uses MPI; without it in the build, or without
 * mpirun, a process is alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "tileprop/run.h"

#define TP_TAG_PROGRAM 64 /* tags from here on are free for programs */

/*
 * Joins the other processes, and names this one by rank and host in messages, unless its rank is 0. To be called first.
 * Returns NULL for a process that is alone.
 * Errors: TILEPROP_USAGE for several processes that cannot reach each other: the build has no MPI, or another one than
 * started them.
 */
tileprop_status tp_ranks_begin(const tileprop_ranks **ranks, struct tp_error *error);

/* The host of this process, and how many threads are its share of the CPUs that it may use; shared: others use them
 * too. */
const char *tp_ranks_host(size_t rank);
size_t tp_ranks_threads(bool *shared);

/* Copies bytes of rank 0 to all. */
void tp_ranks_broadcast(const tileprop_ranks *ranks, void *bytes, size_t count);

/*
 * Gives all ranks a file that rank 0 has. *path: of rank 0's file, or NULL, of which there is nothing to give; on the
 * other ranks it becomes the path of a copy in memory, or NULL.
 * Errors: on rank 0 those of tp_file_read(); the others then get NULL.
 */
tileprop_status tp_ranks_share_file(const tileprop_ranks *ranks, const char **path, struct tp_error *error);

/*
 * What all ranks go on with: TILEPROP_OK if it is everybody's, else the first rank's that has an error, whose text rank
 * 0 gets, with the rank's name before it.
 */
tileprop_status tp_ranks_agree(const tileprop_ranks *ranks, tileprop_status status, struct tp_error *error);

/* The largest of the ranks' numbers, for all. */
int tp_ranks_largest(const tileprop_ranks *ranks, int number);

/* Whether a message with this tag waits to be received, and its sender. */
bool tp_ranks_arrived(int tag, size_t *from);

/* Memory for messages; without it there is no way to go on, since the peers wait: NULL ends all ranks. */
void *tp_ranks_need(void *memory);

/*
 * Leaves, with the program's exit status. together: all ranks leave so; else this one ends the others, which may be
 * waiting for it.
 */
void tp_ranks_end(int status, bool together);
