#include "system/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "system/cgroup.h"

static size_t left(size_t limit, size_t used)
{
    return limit > used ? limit - used : 0;
}

/* Sums the amounts of two names in lines `NAME AMOUNT`; false if neither is found. */
static bool sum_amounts(FILE *file, const char *first, const char *second, size_t *sum)
{
    char name[64];
    size_t amount;
    bool found = false;
    *sum = 0;
    while (file && fscanf(file, "%63s %zu%*[^\n]", name, &amount) == 2) {
        if (strcmp(name, first) != 0 && strcmp(name, second) != 0)
            continue;
        *sum += amount;
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

/* What a cgroup leaves. Without a limit, version 2 has "max", not a number, and version 1 the largest number. */
static size_t group_left(const char *group)
{
    size_t limit, used, cached;
    if (tp_system_number(group, "memory.max", &limit) && tp_system_number(group, "memory.current", &used)) {
        sum_amounts(tp_system_open(group, "memory.stat"), "active_file", "inactive_file", &cached);
        return left(limit, left(used, cached));
    }
    if (tp_system_number(group, "memory.limit_in_bytes", &limit) &&
        tp_system_number(group, "memory.usage_in_bytes", &used)) {
        sum_amounts(tp_system_open(group, "memory.stat"), "total_active_file", "total_inactive_file", &cached);
        return left(limit, left(used, cached));
    }
    return SIZE_MAX;
}

/* What a resource limit leaves beyond the pages already used. */
static size_t resource_left(unsigned resource, size_t pages)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return left((size_t)limit.rlim_cur, pages * (size_t)sysconf(_SC_PAGESIZE));
}

static tileprop_status expect(size_t needed, size_t available, const char *who, const char *which,
                              struct tp_error *error)
{
    const double mib = 1024 * 1024;
    return needed <= available
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_FAILURE, "out of memory: %.1f MiB needed, but %s%s leaves %.1f MiB",
                         (double)needed / mib, who, which, (double)available / mib);
}

tileprop_status tp_memory_check(const char *proc, const char *cgroup, size_t more, size_t pending,
                                struct tp_error *error)
{
    size_t all, kib, mapped, data;
    if (__builtin_add_overflow(more, pending, &all))
        all = SIZE_MAX;
    const struct tp_cgroup_limit group = tp_cgroup_least(proc, cgroup, "memory", group_left);
    tileprop_status status = expect(all, group.value, "the limit of the control group ", group.group, error);
    if (status == TILEPROP_OK && sum_amounts(tp_system_open(proc, "meminfo"), "MemAvailable:", "", &kib))
        status = expect(all, kib * 1024, "the physical memory", "", error);
    FILE *file = tp_system_open(proc, "self/statm");
    const bool known = file && fscanf(file, "%zu %*u %*u %*u %*u %zu", &mapped, &data) == 2;
    if (file)
        fclose(file);
    if (known && status == TILEPROP_OK)
        status = expect(more, resource_left(RLIMIT_AS, mapped), "RLIMIT_AS (ulimit -v)", "", error);
    if (known && status == TILEPROP_OK)
        status = expect(more, resource_left(RLIMIT_DATA, data), "RLIMIT_DATA (ulimit -d)", "", error);
    return status;
}
