/*
 * The tables of --compare and --layers: our products, verbs and steps beside what others need for them.
 */
#pragma once

#include "base/status.h"
#include "bench_command.h"

/*
 * Times and prints a block for each tier and count of threads: one row for each product of `calls`, or with
 * --layers of the network's step, with its whole step and evaluation; then with --json the same as an object.
 * The tier is the one given, or with --all each that has a peak and runs here. Every kernel is verified
 * first. Errors: TILEPROP_FAILURE for a kernel that is wrong, and without memory or threads.
 */
tileprop_status bench_table(const struct bench_command *command, const struct bench_calls *calls,
                            const struct tp_tier *tier, struct tp_error *error);
