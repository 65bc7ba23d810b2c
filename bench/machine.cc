#include "machine.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "call.h"

extern "C" {
#include "base/clock.h"
#include "kernels/cpu.h"
#include "loops.h"
#include "system/cpus.h"
#include "system/peak.h"
}

constexpr size_t kMemoryBytes = 256U << 20; // over all threads; more than the L3 they can use
constexpr double kBurst = 2e-3;             // seconds
constexpr size_t kRounds = 9;
constexpr size_t kApart = 2048 / sizeof(float); // avoids 4K aliasing between x and y
constexpr double kProvingSeconds = 3;           // a busy sibling hyperthread can hide an FMA unit that long

Machine machine_here()
{
    std::map<std::string, std::string> fields; // of the first CPU
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line) && !line.empty();) {
        const size_t colon = line.find(':'), end = line.find_last_not_of(" \t", colon - 1);
        if (colon != std::string::npos)
            fields[line.substr(0, end + 1)] = line.substr(std::min(colon + 2, line.size()));
    }
    const auto field = [&](const char *name) { return fields.count(name) ? fields[name] : "unknown"; };
    return {field("vendor_id") + "-" + field("cpu family") + "-" + field("model") + "-" + field("stepping"),
            field("model name"), tp_cpu_caches(), tp_cpus_available()};
}

double bandwidth(const tp_tier *tier, size_t threads, size_t level)
{
    const tp_caches caches = tp_cpu_caches();
    const size_t bytes = level == 0 ? caches.l1 / 2 : level == 1 ? caches.l2 / 2 : kMemoryBytes / threads;
    const size_t count = bytes / (2 * sizeof(float)) / LOOPS_SCALE_BLOCK * LOOPS_SCALE_BLOCK;
    const auto scale = loops_of(tier)->scale;
    std::vector<Floats> memory;
    for (size_t i = 0; i < threads; i++)
        memory.push_back(make_floats(2 * (count + kApart), 1));
    const auto copy = [&](size_t times, Watch &watch) {
        run_team(threads, watch, [&](size_t member, size_t) {
            float *const x = memory[member].get(), *const y = x + (count + kApart - 1) / kApart * kApart;
            for (size_t i = 0; i < times; i++)
                scale(count, x, y);
        });
    };
    std::vector<Contender> alone(1, {copy});
    compete(alone, kRounds, kBurst);
    const double best = *std::min_element(alone[0].seconds.begin(), alone[0].seconds.end());
    return 2.0 * sizeof(float) * static_cast<double>(count * threads) / best;
}

double peak_of(const tp_tier *tier, size_t threads)
{
    const double until = tp_clock_seconds() + kProvingSeconds;
    tp_peak peak;
    tp_error error;
    do
        check(tp_peak_measure(tier, threads, &peak, &error), error);
    while (tier->peak && !peak.proved && tp_clock_seconds() < until);
    return peak.proved ? 1e9 * peak.gflops : 0;
}
