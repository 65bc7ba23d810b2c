/*
 * Kernels, steps, evaluations and loading under Google Benchmark.
 */
#pragma once

extern "C" {
#include "bench_command.h"
}

/*
 * Times the calls, or with --list prints their names: on `best`, with --all on every tier that runs here.
 * argv: the options of Google Benchmark, which itself says what is wrong with them. Returns the exit code.
 */
int time_kernels(const bench_command &command, const bench_calls &calls, const tp_tier *best, int argc,
                 char **argv);
