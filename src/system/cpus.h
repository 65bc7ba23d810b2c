/*
 * How many CPUs this process may keep busy. A machine may have many more: a container has an affinity mask or
 * a CPU quota, and threads beyond those only wait for each other.
 */
#ifndef TP_CPUS_H
#define TP_CPUS_H

#include <stdbool.h>
#include <stddef.h>

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
 * Keeps the calling thread on one CPU; *saved is the mask to be restored, NULL where nothing could be done.
 * Restoring frees it.
 */
void *tp_cpus_pin(int cpu);
void tp_cpus_restore(void *saved);

#endif
