/*
 * The table of --layers: the products of one network, layer by layer, beside what others need for them.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "../src/status.h"
#include "bench_command.h"

/*
 * Times and prints, one block for each count of threads, then with --json the same as an object. Every kernel
 * is verified first.
 * Errors: TP_FAILURE for a kernel that is wrong, and without memory or threads.
 */
enum tp_status bench_table(const struct bench_command *command, const struct tp_tier *tier,
                           struct tp_error *error);

#endif
