// Jobs: everything that can be timed, by name.
#pragma once

#include <string>

#include "timing.h"

extern "C" {
#include "bench_command.h"
#include "kernels/kernels.h"
}

// When a job is timed: by bench without options, by --workload all.
enum Place { OTHER = 0, COURSE = 1, GUARDED = 2 };

struct Job {
    std::string name;    // "avx512/forward-32x64x785", "avx512/step-784-64-10/threads:2", "load-csv"
    const tp_tier *tier; // null: independent of the tier
    size_t threads;
    double flops = 0, bytes = 0, items = 0; // per call; 0: not reported
    std::function<Run()> prepare = {};      // returns the run, which owns its operands
    std::function<void()> verify = {};      // throws if the result is wrong; empty: no reference exists
    int places = OTHER;
};

// All jobs, on every tier that runs here up to `best`, or on `best` alone if --isa was given.
std::vector<Job> all_jobs(const bench_command &command, const tp_tier *best);

// Times the jobs with Google Benchmark, each after it is verified: those of the course on `best`, unless `arguments`,
// Google's own options, choose among all.
void time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments);

// Prints the table of --layers, as Markdown, JSON or CSV: the network's products, verbs, steps and evaluations for each
// count of threads, against peers. Every kernel is verified first.
void write_network_table(const bench_command &command, const tp_tier *tier);
