/*
 * Whether the system would grant a team's threads. OpenMP's runtime prints and ends the process if it cannot
 * have a thread, so this is found out first.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

#define TP_STACK_MIN ((size_t)64 << 10) /* of a member; the callers' own frames need less */

/*
 * Checks that a team of `members`, of whose threads OpenMP has `kept` already, can be had: creates those that
 * are missing as plain threads with OpenMP's size of stack, all at once, and ends them. What others take
 * between this and the team is a race that remains; the runtime then ends the process.
 * Errors: TILEPROP_FAILURE for a stack that is too small, the caller's included, and for fewer threads.
 */
tileprop_status tp_threads_prove(size_t members, size_t kept, struct tp_error *error);

/*
 * The size of stack that a text of OMP_STACKSIZE asks for: a number and one of the units B, K (also without
 * one), M and G; 0 for a text that OpenMP ignores.
 */
size_t tp_threads_stack_size(const char *text);
