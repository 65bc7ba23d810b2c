// Jobs under Google Benchmark.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "jobs.h"
#include "machine.h"
#include "training.h"

extern "C" {
#include "cli/version.h"
}

namespace
{

constexpr double kBatchSeconds = 5e-3; // long enough to amortise team start-up and run set-up
constexpr char kTimed[] = "/manual_time";

bool has_failed = false;

// Measures the peak before and after, so that a change of clock frequency does not distort the share of it.
void time_job(benchmark::State &state, const Job *job)
try {
    // Google Benchmark calls this several times: to calibrate, and for each repetition.
    static std::map<std::string, size_t> batches;
    size_t &times = batches[job->name];
    if (!times && job->verify)
        job->verify();
    const Run run = job->prepare();
    const auto seconds_of = [&run](size_t count) {
        Watch watch;
        run(count, watch);
        return watch.seconds;
    };
    for (size_t tried = 1; !times; tried *= 2)
        times = seconds_of(tried) < kBatchSeconds ? 0 : tried;
    const double peak_before = job->flops > 0 ? peak_of(job->tier, job->threads) : 0;
    double seconds = 0;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(times))) {
        const double batch = seconds_of(times);
        state.SetIterationTime(batch);
        seconds += batch;
    }
    seconds /= static_cast<double>(state.iterations());
    const double peak_after = job->flops > 0 ? peak_of(job->tier, job->threads) : 0;
    if (job->flops > 0)
        state.counters["GFLOP/s"] = 1e-9 * job->flops / seconds;
    if (peak_before > 0 && peak_after > 0)
        state.counters["%peak"] = 200 * job->flops / seconds / (peak_before + peak_after);
    if (job->bytes > 0)
        state.counters["GB/s"] = 1e-9 * job->bytes / seconds;
    if (job->items > 0)
        state.counters["samples/s"] = job->items / seconds;
} catch (const std::exception &failure) {
    has_failed = true;
    state.SkipWithError(failure.what());
}

// Google Benchmark 1.8 renamed these members.
template <typename Run> std::string error_of(const Run &run)
{
    if constexpr (requires { run.error_occurred; })
        return run.error_occurred ? run.error_message : "";
    else
        return run.skipped ? run.skip_message : "";
}

// One line per benchmark with its counters. Google's console reporter adds CPU time and is wider.
class Lines : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &) override
    {
        const Machine machine = machine_here();
        std::printf("%s (%s), %zu CPUs, tileprop %s, %s\nus: per call, step, evaluation of %zu samples, or file. "
                    "%%peak: of the FMA peak validated in this run.\n\n%-46s %11s %9s %6s %8s %11s\n",
                    machine.name.c_str(), machine.key.c_str(), machine.cpus, tp_version_commit(), tp_version_compiler(),
                    kEvaluated, "", "us", "GFLOP/s", "%peak", "GB/s", "samples/s");
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            std::string name = run.benchmark_name();
            if (const size_t timed = name.find(kTimed); timed != name.npos)
                name.erase(timed, sizeof kTimed - 1);
            if (run.aggregate_unit == benchmark::kPercentage)
                continue;
            std::printf("%-46s", name.c_str());
            if (const std::string error = error_of(run); !error.empty()) {
                std::printf(" %s\n", error.c_str());
                continue;
            }
            std::printf(" %11.2f", run.GetAdjustedRealTime());
            for (const auto &[counter, width, digits] :
                 {std::tuple("GFLOP/s", 9, 1), {"%peak", 6, 1}, {"GB/s", 8, 1}, {"samples/s", 11, 0}})
                if (const auto found = run.counters.find(counter); found == run.counters.end())
                    std::printf(" %*s", width, "");
                else
                    std::printf(" %*.*f", width, digits, found->second.value);
            std::putchar('\n');
        }
        std::fflush(stdout);
    }
};

} // namespace

void time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments)
{
    const auto has = [&](const char *option) {
        return std::ranges::any_of(arguments, [=](std::string given) { return given.starts_with(option); });
    };
    const bool is_chosen = has("--benchmark_filter") || has("--benchmark_list_tests");
    const bool is_formatted = has("--benchmark_format");
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
        std::exit(TILEPROP_USAGE);
    const std::vector<Job> jobs = all_jobs(command, best);
    for (const Job &job : jobs)
        if (is_chosen || ((job.places & COURSE) && (!job.tier || job.tier == best)))
            benchmark::RegisterBenchmark(job.name.c_str(), time_job, &job)
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
    benchmark::AddCustomContext("commit", tp_version_commit());
    benchmark::AddCustomContext("compiler", tp_version_compiler());
    benchmark::AddCustomContext("cpu", machine_here().key);
    Lines lines;
    if (benchmark::RunSpecifiedBenchmarks(is_formatted ? nullptr : &lines) == 0)
        throw Failure(TILEPROP_USAGE, "--benchmark_filter: expected a name from --benchmark_list_tests");
    benchmark::Shutdown();
    if (has_failed)
        throw Failure(TILEPROP_FAILURE, "a benchmark failed");
}
