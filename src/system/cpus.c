#include "system/cpus.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/cgroup.h"

/*
 * Bits of a mask. The kernel's own limit is 8192 today, and it refuses a smaller set than its own; a much larger one
 * would be too big for a small stack.
 */
#define TP_CPUS_MAX (1 << 14)

struct mask {
    cpu_set_t bits[TP_CPUS_MAX / CPU_SETSIZE];
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The calling thread's mask; false if it cannot be read. */
static bool own_mask(struct mask *mask)
{
    *mask = (struct mask){0};
    return sched_getaffinity(0, sizeof *mask, mask->bits) == 0;
}

static size_t online_count(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

static size_t affinity_count(void)
{
    struct mask mask;
    return own_mask(&mask) ? (size_t)CPU_COUNT_S(sizeof mask, mask.bits) : online_count();
}

/* Reads the one or two integers that the file begins with and closes it; returns how many there are, 0 if file is
 * NULL. */
static int read_integers(FILE *file, long long *first, long long *second)
{
    const int count = file ? fscanf(file, "%lld %lld", first, second) : 0;
    if (file)
        fclose(file);
    return count;
}

/*
 * The limit that one cgroup sets, in CPUs. Version 2: cpu.max holds "QUOTA PERIOD" in microseconds, or "max PERIOD".
 * Version 1: cpu.cfs_quota_us and cpu.cfs_period_us hold one number each; a quota of -1 means none.
 */
static size_t group_quota(const char *group)
{
    long long quota = 0, period = 0, rest;
    const bool known = read_integers(tp_system_open(group, "cpu.max"), &quota, &period) == 2 ||
                       (read_integers(tp_system_open(group, "cpu.cfs_quota_us"), &quota, &rest) >= 1 &&
                        read_integers(tp_system_open(group, "cpu.cfs_period_us"), &period, &rest) >= 1);
    if (!known || quota <= 0 || period <= 0)
        return SIZE_MAX;
    return (size_t)(quota / period + (quota % period > 0));
}

size_t tp_cpus_quota(const char *proc, const char *cgroup)
{
    return tp_cgroup_least(proc, cgroup, "cpu", group_quota).value;
}

size_t tp_cpus_available(void)
{
    static atomic_size_t known; /* the quota: reading it takes as long as many steps */
    size_t quota = atomic_load(&known);
    if (!quota)
        atomic_store(&known, quota = tp_cpus_quota("/proc", "/sys/fs/cgroup"));
    const size_t available = least(affinity_count(), quota);
    return available > 0 ? available : 1;
}

bool tp_cpus_restricted(void)
{
    return affinity_count() < online_count();
}

size_t tp_cpus_cores(const char *sys, int *cpus, size_t most)
{
    struct mask mask, seen = {0};
    size_t count = 0;
    if (!own_mask(&mask))
        return 0;
    for (size_t cpu = 0; cpu < TP_CPUS_MAX && count < most; cpu++) {
        if (!CPU_ISSET_S(cpu, sizeof mask, mask.bits))
            continue;
        long long core = (long long)cpu, rest; /* named after the lowest CPU that is part of it */
        char name[64];
        snprintf(name, sizeof name, "cpu%zu/topology/thread_siblings_list", cpu);
        read_integers(tp_system_open(sys, name), &core, &rest);
        if (core < 0 || core >= TP_CPUS_MAX || CPU_ISSET_S((size_t)core, sizeof seen, seen.bits))
            continue;
        CPU_SET_S((size_t)core, sizeof seen, seen.bits);
        cpus[count++] = (int)cpu;
    }
    return count;
}

tileprop_status tp_cpus_choose(struct tp_cpus *chosen, tileprop_bind wish, size_t threads, struct tp_error *error)
{
    *chosen = (struct tp_cpus){0};
    if (wish == TILEPROP_BIND_NONE || (wish == TILEPROP_BIND_AUTO && tp_cpus_restricted()))
        return TILEPROP_OK;
    chosen->cpus = calloc(threads + 1, sizeof *chosen->cpus); /* one more shows whether all get a thread */
    if (!chosen->cpus)
        return tp_fail_memory(error, NULL, "the CPUs of threads");
    const size_t cores = tp_cpus_cores("/sys/devices/system/cpu", chosen->cpus, threads + 1);
    if (wish == TILEPROP_BIND_CORES || cores == threads)
        chosen->bound = least(cores, threads);
    return TILEPROP_OK;
}

void tp_cpus_free(struct tp_cpus *chosen)
{
    free(chosen->cpus);
    *chosen = (struct tp_cpus){0};
}

void *tp_cpus_bind(const struct tp_cpus *chosen, size_t member)
{
    struct mask one = {0}, *own = member < chosen->bound ? malloc(sizeof *own) : NULL;
    if (!own)
        return NULL;
    CPU_SET_S((size_t)chosen->cpus[member], sizeof one, one.bits);
    if (own_mask(own) && sched_setaffinity(0, sizeof one, one.bits) == 0)
        return own;
    free(own);
    return NULL;
}

void tp_cpus_unbind(void *saved)
{
    const struct mask *mask = saved;
    if (mask)
        sched_setaffinity(0, sizeof *mask, mask->bits);
    free(saved);
}
