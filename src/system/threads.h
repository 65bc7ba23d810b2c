/*
 * Checks in advance whether the system can create a team's threads, because OpenMP's runtime otherwise prints a message
 * and ends the process.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

#define TP_STACK_MIN ((size_t)64 << 10) /* of a member; the callers' own frames need less */

/*
 * Checks that a team of `members`, of whose threads OpenMP already keeps `kept`, can be created: creates the missing
 * ones as plain threads with OpenMP's stack size, all at once, and ends them. Threads created elsewhere before the team
 * starts remain a race; the runtime then ends the process.
 * Errors: TILEPROP_FAILURE for a stack that is too small, the caller's included, and for fewer threads.
 */
tileprop_status tp_threads_prove(size_t members, size_t kept, struct tp_error *error);

/*
 * The stack size that a value of OMP_STACKSIZE specifies: a number and one of the units B, K (also without
 * one), M and G; 0 for a text that OpenMP ignores.
 */
size_t tp_threads_stack_size(const char *text);
