/*
 * A team of threads that works on one function together. The only module that knows OpenMP.
 */
#ifndef TP_TEAM_H
#define TP_TEAM_H

#include <stddef.h>

#include "base/status.h"

/*
 * Runs work(context, member, members) on each of `members` threads, the caller being member 0, except in the
 * child of a fork() where there are several, and returns when all have. Every member computes with subnormals
 * flushed (kernels/flush.h); the caller's floating-point state is as before afterwards. Errors:
 * TILEPROP_FAILURE where the system grants fewer threads; work is not called at all then.
 */
tileprop_status tp_team_run(size_t members, void (*work)(void *context, size_t member, size_t members),
                            void *context, struct tp_error *error);

/* Members of a team that computes here: `most`, or 0 for as many as it may have, but never more than there
 * are CPUs (tp_cpus_available) or OMP_THREAD_LIMIT allows. */
size_t tp_team_threads(size_t most);

/* Waits until every member of the running team is here. Outside a team it does nothing. */
void tp_team_barrier(void);

/*
 * The same for members 0 to count - 1 alone, who all give the same count; the others need not know. One such
 * part of a team at a time: between two counts stands a barrier of the whole team.
 */
void tp_team_barrier_of(size_t count);

#endif
