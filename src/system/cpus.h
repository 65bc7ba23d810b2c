/*
 * How many CPUs this process may keep busy. A machine may have many more: a container has an affinity mask or
 * a CPU quota, and threads beyond those only wait for each other. And which thread of a team stays on which.
 */
#ifndef TP_CPUS_H
#define TP_CPUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "tileprop/choices.h"

/* Which threads of a team are bound to a CPU. */
struct tp_cpus {
    int *cpus;    /* one of each core */
    size_t bound; /* threads that are bound to them, the first ones of the team */
};

/*
 * The CPUs in the calling thread's affinity mask, or the cgroup's CPU quota where that is less; at least 1.
 * Ask before binding threads. OMP_NUM_THREADS is not looked at.
 */
size_t tp_cpus_available(void);

/*
 * The CPU quota of this process's cgroup in whole CPUs, rounded up: the least of its own and of all its
 * ancestors', for version 1 and version 2. SIZE_MAX when there is no limit, or none that can be read.
 * proc and cgroup are the roots "/proc" and "/sys/fs/cgroup"; tests give their own.
 */
size_t tp_cpus_quota(const char *proc, const char *cgroup);

/*
 * One CPU of each core in the calling thread's affinity mask, in ascending order, `most` at most; returns how
 * many there are. sys is the root "/sys/devices/system/cpu"; tests give their own. A CPU whose siblings it
 * does not tell is a core.
 */
size_t tp_cpus_cores(const char *sys, int *cpus, size_t most);

/* Whether the calling thread's affinity mask leaves out CPUs that are online. */
bool tp_cpus_restricted(void);

/*
 * For so many threads. Unasked (auto) only where nothing restricts the process and every core gets a thread:
 * two programs that bind fewer threads would bind them to the same cores.
 * Errors: TILEPROP_FAILURE without memory; what is chosen may be freed either way.
 */
tileprop_status tp_cpus_choose(struct tp_cpus *chosen, tileprop_bind wish, size_t threads,
                               struct tp_error *error);
void tp_cpus_free(struct tp_cpus *chosen);

/*
 * Called by a member of the team, before and after its work; what the one gives the other takes: the mask to
 * be restored, NULL where nothing was done.
 */
void *tp_cpus_bind(const struct tp_cpus *chosen, size_t member);
void tp_cpus_unbind(void *saved);

#endif
