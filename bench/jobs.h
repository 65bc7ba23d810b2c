/*
 * Jobs: everything that can be timed, under one name each.
 */
#pragma once

#include <string>

#include "timing.h"

extern "C" {
#include "bench_command.h"
#include "kernels/kernels.h"
}

struct Job {
    std::string name;    // "avx512/forward-32x64x785", "avx512/step-784-64-10/threads:2", "load-csv"
    const tp_tier *tier; // null: none
    size_t threads;
    double flops = 0, bytes = 0, items = 0; // of one time; 0: not counted
    // Makes the run; what that needs lives as long as a copy of it.
    std::function<Run()> prepare = {};
    // Throws if what would be timed is wrong; empty: it has nothing to be compared with.
    std::function<void()> verify = {};
    bool is_course = false;  // timed by bench without options
    bool is_guarded = false; // timed by --workload all
};

// What the command can time: on every tier that runs here up to `best`, or on `best` alone if --isa was
// given.
std::vector<Job> all_jobs(const bench_command &command, const tp_tier *best);

// Times the jobs with Google Benchmark, each after it is verified: those of the course on `best`, unless
// `arguments`, its own options, choose among all. It says itself what is wrong with them. Returns the exit
// code.
int time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments);

// The table of --layers: times the network's products, verbs, steps and evaluations on each count of threads,
// beside what others need for them. Prints Markdown, or with --json an object, or with --csv values alone.
// Every kernel is verified first.
void write_network_table(const bench_command &command, const tp_tier *tier);
