/*
 * Workloads beside the machine's limit and beside plain loops. The JSON is an interface as that of workloads
 * is.
 */
#pragma once

#include "bench_command.h"

/*
 * Times each product and each network's step among the workloads, or the one that the command names, on one
 * thread, in turn with the tier's FMA peak and with the frozen naive loops, on each tier that is here, or the
 * one that the command names. Writes one line of JSON:
 * {"cpu": KEY, "tiers": {TIER: {"peak": operations per second, "workloads": {NAME: {"flops": operations of
 * one call, "ours": [seconds of one call in each round, ...], "peak": [operations per second, ...], "naive":
 * [seconds, ...]}}}}} The tier's peak is that of its best rounds before, null where it could not be proved
 * (src/system/peak.h). Tiers without a peak, as reference, are left out.
 * Errors: TILEPROP_USAGE for a name that has no limit; TILEPROP_FAILURE without memory.
 */
tileprop_status bench_limits(const struct bench_command *command, const struct tp_tier *tier,
                             struct tp_error *error);
