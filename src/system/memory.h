/*
 * How much memory this process can still allocate, checked in advance, because a container that exceeds its limit is
 * killed without a message.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

/*
 * Checks that `more` bytes can be allocated within the free physical memory, and within what each memory cgroup (caches
 * not counted as used), RLIMIT_AS and RLIMIT_DATA leave. `pending` bytes are mapped but not yet touched, and count only
 * against cgroups and physical memory. Limits that cannot be read are ignored. proc and cgroup are the roots "/proc"
 * and "/sys/fs/cgroup"; tests pass their own.
 * Errors: TILEPROP_FAILURE with the bytes needed, the bytes available, and the limit.
 */
tileprop_status tp_memory_check(const char *proc, const char *cgroup, size_t more, size_t pending,
                                struct tp_error *error);
