/*
 * How long barriers take: the team's own beside that of the OpenMP runtime, on the same threads.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"

/* Prints a line for each count of threads. Errors: TILEPROP_FAILURE without threads. */
tileprop_status bench_barriers(const size_t *threads, size_t count, struct tp_error *error);
