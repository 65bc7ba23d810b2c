/*
 * The processes that mpirun started together. The only module that uses MPI. Without MPI in the build, or without
 * mpirun, a process is alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "tileprop/run.h"

#define TP_TAG_PROGRAM 64 /* tags from here on are free for programs */

/*
 * Joins the other processes; messages of this one then name its rank and host, unless its rank is 0. Must be called
 * first. Returns NULL for a process that is alone. Errors: TILEPROP_USAGE for several processes that cannot reach each
 * other: the build has no MPI, or not the one that started them.
 */
tileprop_status tp_ranks_begin(const tileprop_ranks **ranks, struct tp_error *error);

/* The host of this process, and its share of the CPUs that it may use, in threads; shared: other ranks use them,
 * too. */
const char *tp_ranks_host(size_t rank);
size_t tp_ranks_threads(bool *shared);

/* Copies bytes of rank 0 to all. */
void tp_ranks_broadcast(const tileprop_ranks *ranks, void *bytes, size_t count);

/*
 * Copies a file from rank 0 to all ranks. *path: of the file on rank 0, or NULL for no file; on the other ranks it
 * becomes the path of a copy in memory, or NULL. Errors: on rank 0 those of tp_file_read(); the others then get NULL.
 */
tileprop_status tp_ranks_share_file(const tileprop_ranks *ranks, const char **path, struct tp_error *error);

/*
 * The status that all ranks continue with: TILEPROP_OK if all have it, else that of the first rank with an error. Rank
 * 0 gets its text, with the rank's name before it.
 */
tileprop_status tp_ranks_agree(const tileprop_ranks *ranks, tileprop_status status, struct tp_error *error);

/* The largest of the ranks' numbers, for all. */
int tp_ranks_largest(const tileprop_ranks *ranks, int number);

/* Whether a message with this tag waits to be received, and its sender. */
bool tp_ranks_arrived(int tag, size_t *from);

/* Checks memory for messages. NULL ends all ranks, since the peers wait for a message. */
void *tp_ranks_need(void *memory);

/*
 * Ends this process with the program's exit status. together: all ranks end; otherwise this one ends the others, which
 * may be waiting for it.
 */
void tp_ranks_end(int status, bool together);
