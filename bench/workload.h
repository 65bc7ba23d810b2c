/*
 * Workloads: what one build of bench times so that another build's times can be compared with it. Their names
 * and the JSON that they give must stay as they are from commit to commit.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stddef.h>

#include "../kernels/kernels.h"
#include "../src/status.h"

/*
 * Times a workload, or with "all" every one, on one thread, and writes one line of JSON:
 * {"workloads": {name: [seconds of one call in each round, ...], ...}}.
 * Errors: TP_USAGE for a name that there is not, naming those there are; TP_FAILURE without memory.
 */
enum tp_status bench_workloads(const char *name, size_t rounds, const struct tp_tier *tier,
                               struct tp_error *error);

#endif
