/*
 * The table of --layers: a network's products, verbs, steps and evaluations beside what others need for them.
 */
#pragma once

extern "C" {
#include "bench_command.h"
#include "kernels/kernels.h"
}

// Times the network on each count of threads and prints a table, or with --json an object, or with --csv
// lines of values. Every kernel is verified first.
void write_network_table(const bench_command &command, const tp_tier *tier);
