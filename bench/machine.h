/*
 * What figures depend on: the CPU, its caches, its peaks.
 */
#pragma once

#include <string>

#include "timing.h"

extern "C" {
#include "kernels/kernels.h"
}

struct Machine {
    std::string key;  // vendor-family-model-stepping: marketing names of virtual machines say little
    std::string name; // the marketing name
    tp_caches caches;
    size_t cpus; // that this process may keep busy
};

Machine machine_here();

// Lets kernels take the blocks of one and the same machine, whatever this one is.
void assume_machine();

// Where operands are: in L1 or L2 of a core, or beyond.
constexpr const char *kLevels[] = {"L1", "L2", "memory"};

// Bytes per second, read and written together, of y = 3 x with operands of half that cache on each of
// `threads` threads that run at once.
double bandwidth(const tp_tier *tier, size_t threads, size_t level);

// The tier's FMA peak in operations per second on so many threads; 0: it has none, or it was not proved.
double peak_of(const tp_tier *tier, size_t threads);

// The tier's peak probe on so many threads, as a contender; and operations of one of its times.
Run peak_probe(const tp_tier *tier, size_t threads);
double peak_probe_flops(const tp_tier *tier, size_t threads);
