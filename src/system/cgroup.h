/* The control groups (version 1 and version 2) that this process is in. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* The lowest value of a limit, and the directory of the group that sets it; "" if none does. */
struct tp_cgroup_limit {
    size_t value; /* SIZE_MAX: no limit, or not readable */
    char group[256];
};

/*
 * The minimum of limit_of(group) over this process's groups of a controller ("cpu", "memory", "pids") and all their
 * ancestors; limit_of is given a group's directory and returns SIZE_MAX if it sets no limit. proc and cgroup
 * are the roots "/proc" and "/sys/fs/cgroup"; tests pass their own.
 */
struct tp_cgroup_limit tp_cgroup_least(const char *proc, const char *cgroup, const char *controller,
                                       size_t (*limit_of)(const char *group));

/* Opens FOLDER/NAME for reading; NULL if it cannot be opened. */
FILE *tp_system_open(const char *folder, const char *name);

/* Reads the number that FOLDER/NAME begins with; false if there is none. */
bool tp_system_number(const char *folder, const char *name, size_t *number);
