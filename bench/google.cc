/*
 * Jobs under Google Benchmark.
 */
#include <benchmark/benchmark.h>

#include <cstdio>
#include <set>

#include "jobs.h"
#include "machine.h"
#include "training.h"

extern "C" {
#include "cli/version.h"
}

namespace
{

constexpr double kBatchSeconds = 5e-3; // so that forming a team, or setting up a run, takes little on top
constexpr char kTimed[] = "/real_time";

bool has_failed = false; // anything that was to be timed

// Lets Google Benchmark's clock run while a job's watch does: it cannot be asked.
class GoogleWatch : public Watch
{
  public:
    explicit GoogleWatch(benchmark::State &state) : state_(state) {}
    void start() override
    {
        state_.ResumeTiming();
        Watch::start();
    }
    void stop() override
    {
        Watch::stop();
        state_.PauseTiming();
    }

  private:
    benchmark::State &state_;
};

// Shares of the peak that is proved before and after: a clock that changes from one benchmark to the next
// must not change them.
void time_verified(benchmark::State &state, const Job &job)
{
    const Run run = job.prepare();
    size_t times = 1;
    for (Watch watch; run(times, watch), watch.seconds < kBatchSeconds; watch.seconds = 0)
        times *= 2;
    const double peak_before = job.flops > 0 ? peak_of(job.tier, job.threads) : 0;
    GoogleWatch watch(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(times))) {
        state.PauseTiming();
        run(times, watch);
        state.ResumeTiming();
    }
    const double seconds = watch.seconds / static_cast<double>(state.iterations());
    const double peak_after = job.flops > 0 ? peak_of(job.tier, job.threads) : 0;
    if (job.flops > 0)
        state.counters["GFLOP/s"] = 1e-9 * job.flops / seconds;
    if (peak_before > 0 && peak_after > 0)
        state.counters["%peak"] = 200 * job.flops / seconds / (peak_before + peak_after);
    if (job.bytes > 0)
        state.counters["GB/s"] = 1e-9 * job.bytes / seconds;
    if (job.items > 0)
        state.counters["samples/s"] = job.items / seconds;
}

void time_job(benchmark::State &state, const Job *job)
try {
    static std::set<std::string> verified; // a benchmark is run several times, to find out how long it takes
    if (job->verify && verified.insert(job->name).second)
        job->verify();
    time_verified(state, *job);
} catch (const std::exception &failure) {
    has_failed = true;
    state.SkipWithError(failure.what());
}

// One line for each benchmark, of what it counts; Google's own has a column of processor time and is wider.
class Lines : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &) override
    {
        const Machine machine = machine_here();
        std::printf("%s (%s), %zu CPUs, tileprop %s, %s\nTime of one call, step, evaluation of %zu samples, or "
                    "file. %%peak: of the FMA peak, proved in this run.\n\n%-46s %11s %9s %6s %8s %11s\n",
                    machine.name.c_str(), machine.key.c_str(), machine.cpus, tp_version_commit(), tp_version_compiler(),
                    kEvaluated, "", "us", "GFLOP/s", "%peak", "GB/s", "samples/s");
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            const std::string name = run.benchmark_name();
            std::printf("%-46s", name.substr(0, name.rfind(kTimed)).c_str());
            if (run.error_occurred) {
                std::printf(" %s\n", run.error_message.c_str());
                continue;
            }
            std::printf(" %11.2f", run.GetAdjustedRealTime());
            write(run, "GFLOP/s", 9, 1);
            write(run, "%peak", 6, 1);
            write(run, "GB/s", 8, 1);
            write(run, "samples/s", 11, 0);
            std::putchar('\n');
        }
        std::fflush(stdout);
    }

  private:
    static void write(const Run &run, const char *counter, int width, int digits)
    {
        const auto found = run.counters.find(counter);
        if (found == run.counters.end())
            std::printf(" %*s", width, "");
        else
            std::printf(" %*.*f", width, digits, found->second.value);
    }
};

bool has(const std::vector<char *> &arguments, const std::string &option)
{
    for (const char *argument : arguments)
        if (std::string(argument).starts_with(option))
            return true;
    return false;
}

} // namespace

int time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments)
{
    const bool is_chosen = has(arguments, "--benchmark_filter") || has(arguments, "--benchmark_list_tests");
    const bool is_formatted = has(arguments, "--benchmark_format");
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
        return TILEPROP_USAGE;
    const std::vector<Job> jobs = all_jobs(command, best);
    for (const Job &job : jobs)
        if (is_chosen || (job.is_course && (!job.tier || job.tier == best)))
            benchmark::RegisterBenchmark(job.name.c_str(), time_job, &job)
                ->UseRealTime()
                ->Unit(benchmark::kMicrosecond);
    benchmark::AddCustomContext("commit", tp_version_commit());
    benchmark::AddCustomContext("compiler", tp_version_compiler());
    benchmark::AddCustomContext("cpu", machine_here().key);
    Lines lines;
    const bool any = benchmark::RunSpecifiedBenchmarks(is_formatted ? nullptr : &lines) > 0;
    benchmark::Shutdown();
    return has_failed || !any ? TILEPROP_FAILURE : TILEPROP_OK;
}
