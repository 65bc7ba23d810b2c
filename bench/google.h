/*
 * Jobs under Google Benchmark.
 */
#pragma once

#include "jobs.h"

/*
 * Times the jobs, each after it is verified: those of the course on `best`, unless `arguments`, the options
 * of Google Benchmark, choose among all. Google Benchmark itself says what is wrong with them. Returns the
 * exit code.
 */
int time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments);
