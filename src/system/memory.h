/*
 * How much memory this process may still take, reckoned before it takes it: a container that takes too much is
 * killed without a word.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

/*
 * Whether `more` bytes can be had: no more than the free physical memory and than what each memory cgroup
 * (caches not counted as used), RLIMIT_AS and RLIMIT_DATA leave. `pending` bytes are mapped already and not yet
 * touched, so that only cgroups and physical memory have to have room for them. What cannot be read limits
 * nothing. proc and cgroup are the roots "/proc" and "/sys/fs/cgroup"; tests pass their own.
 * Errors: TILEPROP_FAILURE with the bytes needed, those available, and who limits them.
 */
tileprop_status tp_memory_check(const char *proc, const char *cgroup, size_t more, size_t pending,
                                struct tp_error *error);
