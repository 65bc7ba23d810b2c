/*
 * How many CPUs this process may use, which may be fewer than the machine has: in a container an affinity
 * mask or a CPU quota applies, and threads beyond those only wait for each other. Also binds a team's threads
 * to CPUs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "tileprop/choices.h"

/* Which threads of a team are bound to which CPU. */
struct tp_cpus {
    int *cpus;    /* one CPU per core */
    size_t bound; /* number of threads bound, the team's first ones */
};

/*
 * The number of CPUs in the calling thread's affinity mask, or the cgroup's CPU quota if that is lower; at
 * least 1. The mask is read each time, the quota once in a process. Call before binding threads. Ignores
 * OMP_NUM_THREADS.
 */
size_t tp_cpus_available(void);

/*
 * The CPU quota of this process's cgroup in whole CPUs, rounded up: the minimum over the cgroup and all its
 * ancestors, for version 1 and version 2. SIZE_MAX if there is no limit or none can be read. proc and cgroup
 * are the roots "/proc" and "/sys/fs/cgroup"; tests pass their own.
 */
size_t tp_cpus_quota(const char *proc, const char *cgroup);

/*
 * One CPU per core in the calling thread's affinity mask, ascending, at most `most`; returns their number.
 * sys is the root "/sys/devices/system/cpu"; tests pass their own. A CPU whose siblings are not listed there
 * counts as a core.
 */
size_t tp_cpus_cores(const char *sys, int *cpus, size_t most);

/* Whether the calling thread's affinity mask excludes any online CPU. */
bool tp_cpus_restricted(void);

/*
 * Chooses CPUs for a team of `threads`. auto binds only if nothing restricts the process and every core gets
 * a thread: two programs that bind fewer threads would bind them to the same cores.
 * Errors: TILEPROP_FAILURE if out of memory; *chosen may be freed either way.
 */
tileprop_status tp_cpus_choose(struct tp_cpus *chosen, tileprop_bind wish, size_t threads, struct tp_error *error);
void tp_cpus_free(struct tp_cpus *chosen);

/*
 * Called by a member of the team before and after its work. bind returns the affinity mask for unbind to
 * restore, or NULL if it changed nothing.
 */
void *tp_cpus_bind(const struct tp_cpus *chosen, size_t member);
void tp_cpus_unbind(void *saved);
