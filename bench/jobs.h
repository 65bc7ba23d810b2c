/*
 * Jobs: everything that can be timed, under one name each.
 */
#pragma once

#include <functional>
#include <string>
#include <vector>

extern "C" {
#include "bench_command.h"
#include "paired.h"
}

struct Job {
    std::string name;    // "avx512/forward-32x64x785", "avx512/step-784-64-10/threads:2", "load-csv"
    const tp_tier *tier; // null: none
    size_t threads;
    double flops = 0, bytes = 0, items = 0; // of one time; 0: not counted
    bool is_course = false;                 // timed by bench without options
    bool is_guarded = false;                // timed by --workload all

    // Prepares what the others need; destroy() it afterwards, on error too.
    std::function<tileprop_status(tp_error *)> create = {};
    std::function<void()> destroy = {};
    // Whether what is timed is right; empty: it has nothing to be compared with.
    std::function<tileprop_status(tp_error *)> verify = {};
    std::function<tileprop_status(size_t times, const bench_watch *watch, tp_error *)> run = {};
};

// What the command can time: on every tier that runs here up to `best`, or on `best` alone if --isa was
// given.
std::vector<Job> all_jobs(const bench_command &command, const tp_tier *best);
