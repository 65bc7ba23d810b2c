/*
 * Readers of data sets under Google Benchmark.
 */
#pragma once

#include <benchmark/benchmark.h>

/* Registers them, or prints their names; all: those that take seconds to prepare, too. */
void list_or_register_loading(bool list, bool all);

/* Of kernels.cc: Google Benchmark goes on with the next one, and the program's exit status is not 0. */
void fail(benchmark::State &state, const char *reason);
