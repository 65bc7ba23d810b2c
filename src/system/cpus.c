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

/* The kernel's own limit is 8192 today; a set smaller than the kernel's is refused with EINVAL. */
#define TP_CPUS_MAX (1 << 20)

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A mask, of a size that the kernel accepts. */
struct mask {
    size_t bytes;
    cpu_set_t *set;
};

/* The calling thread's; set NULL where it cannot be had. */
static struct mask own_mask(void)
{
    for (size_t cpus = CPU_SETSIZE; cpus <= TP_CPUS_MAX; cpus *= 2) {
        struct mask mask = {CPU_ALLOC_SIZE(cpus), CPU_ALLOC(cpus)};
        if (!mask.set)
            break;
        int problem = sched_getaffinity(0, mask.bytes, mask.set) == 0 ? 0 : errno;
        if (problem == 0)
            return mask;
        CPU_FREE(mask.set);
        if (problem != EINVAL)
            break;
    }
    return (struct mask){0};
}

static size_t online_count(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

static size_t affinity_count(void)
{
    struct mask mask = own_mask();
    if (!mask.set)
        return online_count();
    size_t count = (size_t)CPU_COUNT_S(mask.bytes, mask.set);
    CPU_FREE(mask.set);
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
    struct mask mask = own_mask();
    size_t count = 0, bits = mask.set ? 8 * mask.bytes : 0;
    bool *seen = calloc(bits ? bits : 1, sizeof *seen);
    for (size_t cpu = 0; seen && cpu < bits && count < most; cpu++) {
        if (!CPU_ISSET_S(cpu, mask.bytes, mask.set))
            continue;
        int core = core_of(sys, (int)cpu);
        if (core < 0 || (size_t)core >= bits || seen[core])
            continue;
        seen[core] = true;
        cpus[count++] = (int)cpu;
    }
    free(seen);
    if (mask.set)
        CPU_FREE(mask.set);
    return count;
}

void *tp_cpus_pin(int cpu)
{
    struct mask own = own_mask();
    struct mask *saved = own.set ? malloc(sizeof *saved) : NULL;
    cpu_set_t *one = saved ? CPU_ALLOC(8 * own.bytes) : NULL;
    if (one) {
        *saved = own;
        CPU_ZERO_S(own.bytes, one);
        CPU_SET_S((size_t)cpu, own.bytes, one);
        bool pinned = sched_setaffinity(0, own.bytes, one) == 0;
        CPU_FREE(one);
        if (pinned)
            return saved;
    }
    free(saved);
    if (own.set)
        CPU_FREE(own.set);
    return NULL;
}

void tp_cpus_restore(void *saved)
{
    struct mask *mask = saved;
    if (!mask)
        return;
    sched_setaffinity(0, mask->bytes, mask->set);
    CPU_FREE(mask->set);
    free(mask);
}
