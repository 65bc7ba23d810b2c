/*
 * The control groups that this process is in, of version 1 and of version 2.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* The least value of a limit, and the directory of the group that sets it; "" where none does. */
struct tp_cgroup_limit {
    size_t value; /* SIZE_MAX: no limit, or none that can be read */
    char group[256];
};

/*
 * The least of limit_of(group) over this process's groups of a controller ("cpu", "memory", "pids") and all their
 * ancestors; limit_of is given a group's directory and returns SIZE_MAX where it sets no limit. proc and cgroup
 * are the roots "/proc" and "/sys/fs/cgroup"; tests pass their own.
 */
struct tp_cgroup_limit tp_cgroup_least(const char *proc, const char *cgroup, const char *controller,
                                       size_t (*limit_of)(const char *group));

/* Opens FOLDER/NAME to read; NULL without one. */
FILE *tp_system_open(const char *folder, const char *name);

/* The number that FOLDER/NAME begins with; false without one. */
bool tp_system_number(const char *folder, const char *name, size_t *number);
