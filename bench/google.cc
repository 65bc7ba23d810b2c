#include "google.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <set>

extern "C" {
#include "base/clock.h"
#include "cli/version.h"
#include "machine.h"
}

namespace
{

constexpr double kBatchSeconds = 1e-4; // so that forming a team does not count

bool failed = false; // anything that was to be timed

void fail(benchmark::State &state, const tp_error &error)
{
    failed = true;
    state.SkipWithError(error.text);
}

// Times a job, and lets Google Benchmark's clock, where there is one, run as long: it cannot be asked.
struct Stopwatch {
    benchmark::State *state = nullptr;
    double began = 0, seconds = 0;

    bench_watch watch()
    {
        return {[](void *self) { static_cast<Stopwatch *>(self)->start(); },
                [](void *self) { static_cast<Stopwatch *>(self)->stop(); }, this};
    }
    void start()
    {
        if (state)
            state->ResumeTiming();
        began = tp_clock_seconds();
    }
    void stop()
    {
        seconds += tp_clock_seconds() - began;
        if (state)
            state->PauseTiming();
    }
};

// So many times that one batch of them takes long enough. 0: it failed.
size_t times_of_a_batch(Job &job, tp_error *error)
{
    for (size_t times = 1;; times *= 2) {
        Stopwatch stopwatch;
        const bench_watch watch = stopwatch.watch();
        if (job.run(times, &watch, error))
            return 0;
        if (stopwatch.seconds >= kBatchSeconds)
            return times;
    }
}

// Shares of the peak that is proved before and after: a clock that changes from one benchmark to the next
// must not change them.
void report(benchmark::State &state, const Job &job, double seconds, double peak_before)
{
    if (job.flops > 0) {
        const double rate = job.flops / seconds, peak_after = bench_peak(job.tier, job.threads);
        state.counters["GFLOP/s"] = 1e-9 * rate;
        if (peak_before > 0 && peak_after > 0)
            state.counters["%peak"] = 200 * rate / (peak_before + peak_after);
    }
    if (job.bytes > 0)
        state.counters["GB/s"] = 1e-9 * job.bytes / seconds;
    if (job.items > 0)
        state.counters["samples/s"] = job.items / seconds;
}

void time_prepared(benchmark::State &state, Job &job)
{
    static std::set<std::string> verified; // a benchmark is run several times, to find out how long it takes
    tp_error error{};
    if (!verified.count(job.name) && job.verify && job.verify(&error)) {
        fail(state, error);
        return;
    }
    verified.insert(job.name);
    const size_t times = times_of_a_batch(job, &error);
    if (!times) {
        fail(state, error);
        return;
    }
    const double peak = job.flops > 0 ? bench_peak(job.tier, job.threads) : 0;
    Stopwatch stopwatch{&state};
    const bench_watch watch = stopwatch.watch();
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(times))) {
        state.PauseTiming();
        if (job.run(times, &watch, &error)) {
            fail(state, error);
            return;
        }
        state.ResumeTiming();
    }
    report(state, job, stopwatch.seconds / static_cast<double>(state.iterations()), peak);
}

void time_job(benchmark::State &state, Job *job)
{
    tp_error error{};
    if (job->create(&error))
        fail(state, error);
    else
        time_prepared(state, *job);
    job->destroy();
}

// One line for each benchmark, of what it counts; Google's own has a column of processor time and is wider.
class Lines : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &) override
    {
        const bench_machine machine = bench_machine_here();
        std::printf("%s (%s), %zu CPUs, tileprop %s, %s\n", machine.name, machine.key, machine.cpus,
                    tp_version_commit(), tp_version_compiler());
        std::printf("Time of one call, step, evaluation of %d samples, or file. %%peak: of the FMA peak, "
                    "proved in this run.\n\n%-52s %11s %9s %6s %8s %11s\n",
                    BENCH_EVALUATED, "", "us", "GFLOP/s", "%peak", "GB/s", "samples/s");
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            const std::string full = run.benchmark_name(), timed = "/real_time";
            const size_t end = full.rfind(timed);
            const std::string name =
                end == std::string::npos ? full : full.substr(0, end) + full.substr(end + timed.size());
            if (run.error_occurred) {
                std::printf("%-52s %s\n", name.c_str(), run.error_message.c_str());
                continue;
            }
            std::printf("%-52s %11.2f", name.c_str(), run.GetAdjustedRealTime());
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

bool is_given(const std::vector<char *> &arguments, const char *option)
{
    for (const char *argument : arguments)
        if (std::strncmp(argument, option, std::strlen(option)) == 0)
            return true;
    return false;
}

} // namespace

int time_jobs(const bench_command &command, const tp_tier *best, std::vector<char *> arguments)
{
    const bool is_chosen = is_given(arguments, "--benchmark_filter") ||
                           is_given(arguments, "--benchmark_list_tests") || command.gemm;
    const bool is_formatted = is_given(arguments, "--benchmark_format");
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
        return TILEPROP_USAGE;
    std::vector<Job> jobs = all_jobs(command, best);
    for (Job &job : jobs)
        if (is_chosen || (job.is_course && (!job.tier || job.tier == best)))
            benchmark::RegisterBenchmark(job.name.c_str(), time_job, &job)
                ->UseRealTime()
                ->Unit(benchmark::kMicrosecond);
    benchmark::AddCustomContext("commit", tp_version_commit());
    benchmark::AddCustomContext("compiler", tp_version_compiler());
    benchmark::AddCustomContext("cpu", bench_machine_here().key);
    Lines lines;
    const bool any = benchmark::RunSpecifiedBenchmarks(is_formatted ? nullptr : &lines) > 0;
    benchmark::Shutdown();
    return failed || !any ? TILEPROP_FAILURE : TILEPROP_OK;
}
