/*
 * The table of --layers: a network's products, verbs, steps and evaluations beside what others need for them.
 */
#pragma once

extern "C" {
#include "bench_command.h"
}

/*
 * Times the network on each count of threads and prints a table, or with --json an object, or with --csv
 * lines of values. Every kernel is verified first.
 * Errors: TILEPROP_FAILURE for a kernel that is wrong, and without memory or threads.
 */
tileprop_status write_table(const bench_command &command, const tp_tier *tier, tp_error *error);
