#include "system/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bits of a mask. The kernel's own limit is 8192 today, and a set smaller than the kernel's is refused. */
#define TP_CPUS_MAX  (1 << 16)
#define TP_CPUS_SIZE CPU_ALLOC_SIZE(TP_CPUS_MAX)

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The calling thread's mask, to be freed with CPU_FREE(); NULL where it cannot be had. */
static cpu_set_t *own_mask(void)
{
    cpu_set_t *mask = CPU_ALLOC(TP_CPUS_MAX);
    if (!mask)
        return NULL;
    CPU_ZERO_S(TP_CPUS_SIZE, mask);
    if (sched_getaffinity(0, TP_CPUS_SIZE, mask) == 0)
        return mask;
    CPU_FREE(mask);
    return NULL;
}

static size_t online_count(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

static size_t affinity_count(void)
{
    cpu_set_t *mask = own_mask();
    const size_t count = mask ? (size_t)CPU_COUNT_S(TP_CPUS_SIZE, mask) : online_count();
    CPU_FREE(mask);
    return count;
}

/* The one or two integers that the file begins with; returns how many there are, 0 without such a file. */
static int read_integers(const char *directory, const char *name, long long *first, long long *second)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    int count = fscanf(file, "%lld %lld", first, second);
    fclose(file);
    return count > 0 ? count : 0;
}

/*
 * The limit that one cgroup sets, in CPUs. cpu.max holds "QUOTA PERIOD" in microseconds, or "max PERIOD"
 * (version 2); cpu.cfs_quota_us and cpu.cfs_period_us hold one each, the quota -1 for none (version 1).
 */
static size_t group_quota(const char *directory)
{
    long long quota = 0, period = 0, rest;
    bool known = read_integers(directory, "cpu.max", &quota, &period) == 2 ||
                 (read_integers(directory, "cpu.cfs_quota_us", &quota, &rest) >= 1 &&
                  read_integers(directory, "cpu.cfs_period_us", &period, &rest) >= 1);
    if (!known || quota <= 0 || period <= 0)
        return SIZE_MAX;
    return (size_t)(quota / period + (quota % period > 0));
}

/*
 * The least limit of the group at `path` in the hierarchy CGROUP/NAME and of its ancestors. A container may
 * see its own group mounted as the root while `path` is still the host's: what does not exist sets no limit,
 * and the walk ends at the mount.
 */
static size_t path_quota(const char *cgroup, const char *name, const char *path)
{
    char directory[PATH_MAX];
    int length = snprintf(directory, sizeof directory, "%s/%s%s", cgroup, name, path);
    if (length < 0 || (size_t)length >= sizeof directory)
        return SIZE_MAX;

    size_t quota = group_quota(directory);
    for (size_t end = (size_t)length, mount = end - strlen(path); end > mount; end--) {
        if (directory[end - 1] == '/') {
            directory[end - 1] = '\0';
            quota = least(quota, group_quota(directory));
        }
    }
    return quota;
}

static bool has_cpu_controller(const char *controllers)
{
    for (const char *name = controllers; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL) {
        if (strcspn(name, ",") == 3 && strncmp(name, "cpu", 3) == 0)
            return true;
    }
    return false;
}

/*
 * One line of /proc/self/cgroup, "ID:CONTROLLERS:PATH". Version 2's has no controllers and is mounted at the
 * root itself, each of version 1 in a directory named after its controllers; where that lists them in another
 * order, "cpu" is a link to it.
 */
static size_t line_quota(const char *cgroup, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return SIZE_MAX;
    controllers++;
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';

    if (*controllers == '\0')
        return path_quota(cgroup, "", path);
    if (!has_cpu_controller(controllers))
        return SIZE_MAX;
    return least(path_quota(cgroup, controllers, path), path_quota(cgroup, "cpu", path));
}

size_t tp_cpus_quota(const char *proc, const char *cgroup)
{
    char name[PATH_MAX];
    int length = snprintf(name, sizeof name, "%s/self/cgroup", proc);
    FILE *file = length < 0 || (size_t)length >= sizeof name ? NULL : fopen(name, "re");
    if (!file)
        return SIZE_MAX;

    size_t quota = SIZE_MAX;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) >= 0)
        quota = least(quota, line_quota(cgroup, line));
    free(line);
    fclose(file);
    return quota;
}

size_t tp_cpus_available(void)
{
    size_t available = least(affinity_count(), tp_cpus_quota("/proc", "/sys/fs/cgroup"));
    return available > 0 ? available : 1;
}

bool tp_cpus_restricted(void)
{
    return affinity_count() < online_count();
}

/* The lowest CPU of the core that the CPU is part of. */
static int core_of(const char *sys, int cpu)
{
    char directory[PATH_MAX];
    long long first = cpu, rest;
    int length = snprintf(directory, sizeof directory, "%s/cpu%d/topology", sys, cpu);
    if (length < 0 || (size_t)length >= sizeof directory)
        return cpu;
    return read_integers(directory, "thread_siblings_list", &first, &rest) >= 1 ? (int)first : cpu;
}

size_t tp_cpus_cores(const char *sys, int *cpus, size_t most)
{
    cpu_set_t *mask = own_mask(), *seen = CPU_ALLOC(TP_CPUS_MAX);
    size_t count = 0;
    if (seen)
        CPU_ZERO_S(TP_CPUS_SIZE, seen);
    for (size_t cpu = 0; mask && seen && cpu < TP_CPUS_MAX && count < most; cpu++) {
        if (!CPU_ISSET_S(cpu, TP_CPUS_SIZE, mask))
            continue;
        const int core = core_of(sys, (int)cpu);
        if (core < 0 || core >= TP_CPUS_MAX || CPU_ISSET_S((size_t)core, TP_CPUS_SIZE, seen))
            continue;
        CPU_SET_S((size_t)core, TP_CPUS_SIZE, seen);
        cpus[count++] = (int)cpu;
    }
    CPU_FREE(seen);
    CPU_FREE(mask);
    return count;
}

void *tp_cpus_pin(int cpu)
{
    cpu_set_t *own = own_mask(), *one = CPU_ALLOC(TP_CPUS_MAX);
    bool pinned = false;
    if (own && one) {
        CPU_ZERO_S(TP_CPUS_SIZE, one);
        CPU_SET_S((size_t)cpu, TP_CPUS_SIZE, one);
        pinned = sched_setaffinity(0, TP_CPUS_SIZE, one) == 0;
    }
    CPU_FREE(one);
    if (pinned)
        return own;
    CPU_FREE(own);
    return NULL;
}

void tp_cpus_restore(void *saved)
{
    if (saved)
        sched_setaffinity(0, TP_CPUS_SIZE, saved);
    CPU_FREE(saved);
}
