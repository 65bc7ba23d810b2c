// The machine: CPU, caches, peaks.
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

// Memory levels that hold the operands.
constexpr const char *kLevels[] = {"L1", "L2", "memory"};

// Bytes per second, reads plus writes, of y = 3 x with operands filling half of that cache, on concurrent threads.
double bandwidth(const tp_tier *tier, size_t threads, size_t level);

// The tier's FMA peak in operations per second; 0: none, or not validated.
double peak_of(const tp_tier *tier, size_t threads);
