/* A team of threads that runs one function together. The only module that uses OpenMP. */
#pragma once

#include <stddef.h>

#include "base/status.h"

#define TP_TEAM_MAX 4096 /* members */

/*
 * Runs work(context, member, members) on each of `members` threads and returns when all are done. The caller
 * is member 0, except in the child of a fork() with several members. Members run with subnormals flushed
 * (kernels/flush.h); the caller's floating-point state is restored.
 * Errors: TILEPROP_USAGE for more than TP_TEAM_MAX members, TILEPROP_FAILURE if the system grants fewer threads
 * (system/threads.h); work is then not called at all.
 */
tileprop_status tp_team_run(size_t members, void (*work)(void *context, size_t member, size_t members), void *context,
                            struct tp_error *error);

/*
 * The size of a team that computes here: `most`, or the largest possible if `most` is 0; never more than the
 * CPUs available (tp_cpus_available) or OMP_THREAD_LIMIT.
 */
size_t tp_team_threads(size_t most);

/* Waits for every member of the running team. A no-op outside a team. */
void tp_team_barrier(void);

/*
 * The same for members 0 to count - 1 only, who must all pass the same count; the others need not know. Only
 * one such subset at a time: between different counts there must be a barrier of the whole team.
 */
void tp_team_barrier_of(size_t count);
