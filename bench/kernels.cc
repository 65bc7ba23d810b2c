#include "kernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "loading.h"

extern "C" {
#include "base/clock.h"
#include "call.h"
#include "cli/version.h"
#include "data/choices.h"
#include "data/dataset.h"
#include "disturbance.h"
#include "machine.h"
#include "network.h"
#include "timing.h"
}

namespace
{

constexpr double kBatchSeconds = 1e-4;  // a team is formed for so long, so that forming it does not count
constexpr double kReferenceFlops = 2e8; // the reference takes seconds for more
constexpr size_t kRuns = 20;        // of the trainer, most of whose time is not that of steps or evaluations
constexpr double kColdBytes = 64e6; // that the calls of one cold benchmark read and write

constexpr double kBenchmarkSeconds = 0.8; // of one, about; Google Benchmark wants half a second of calls

size_t registered = 0; // benchmarks
bool failed = false;   // anything that was to be timed
bench_disturbance disturbance;

struct Job {
    bench_call call;
    const tp_tier *tier;
    size_t threads;
    bool cold;
};

struct NetworkJob {
    bench_training training;
    bool evaluates; // else it steps
};

// The tier's FMA peak now. 0: there is none, or it could not be proved.
double peak_of(const tp_tier *tier, size_t threads)
{
    return tier->peak ? bench_peak(tier, threads) : 0;
}

bool is_product(const bench_call &call)
{
    return bench_flops(&call) > 0;
}

std::string name_of(const Job &job)
{
    const bench_call &call = job.call;
    std::string name = bench_kernel_name(&call, job.tier);
    name += "/" + std::to_string(call.m) + "x" + std::to_string(call.n);
    if (is_product(call))
        name += "x" + std::to_string(call.k);
    if (call.kind == BENCH_FORWARD || call.kind == BENCH_BACKWARD)
        name += std::string("/") + (call.activation == TILEPROP_LINEAR
                                        ? "linear"
                                        : tp_choice_name(tp_activation_choices, call.activation));
    if (call.kind == BENCH_UPDATE)
        name += std::string("/") + tp_choice_name(tp_optimizer_choices, call.optimizer) +
                (call.first_layer ? "/first-layer" : "");
    return name + "/threads:" + std::to_string(job.threads) + (job.cold ? "/cold" : "");
}

// So many calls that one batch of them takes long enough.
size_t calls_of_a_batch(const bench_operands &operands, size_t threads)
{
    for (size_t calls = 1;; calls *= 2) {
        const double began = tp_clock_seconds();
        bench_run_team(&operands, threads, calls);
        if (tp_clock_seconds() - began >= kBatchSeconds)
            return calls;
    }
}

// A benchmark is run several times to find out how many iterations it needs; once is enough to verify it.
bool is_verified(const Job &job, tp_error *error)
{
    static std::set<std::string> known;
    const std::string name = name_of({job.call, job.tier, 1, false});
    if (known.count(name))
        return true;
    if (bench_verify(&job.call, job.tier, error))
        return false;
    known.insert(name);
    return true;
}

// Shares of what the machine can do, measured beside: a clock that changes between two benchmarks must not
// change them. peak_before: the peak just before; 0: none.
void report(benchmark::State &state, const Job &job, double seconds, double peak_before)
{
    if (is_product(job.call)) {
        const double rate = bench_flops(&job.call) / seconds, peak_after = peak_of(job.tier, job.threads);
        state.counters["GFLOP/s"] = 1e-9 * rate;
        if (peak_before > 0 && peak_after > 0)
            state.counters["%peak"] = 200 * rate / (peak_before + peak_after);
    }
    static const bench_machine machine = bench_machine_here();
    const double bytes = bench_bytes(&job.call), rate = bytes / seconds;
    const size_t level =
        job.cold ? BENCH_LEVELS - 1 : bench_level(&machine, bytes / static_cast<double>(job.threads));
    const double bandwidth = bench_level_bandwidth(&machine, level, job.tier, job.threads);
    state.counters["GB/s"] = 1e-9 * rate;
    if (bandwidth > 0)
        state.counters[std::string("%") + bench_level_name(level)] = 100 * rate / bandwidth;
}

void time_warm(benchmark::State &state, const Job &job, const bench_operands &operands)
{
    const size_t calls = calls_of_a_batch(operands, job.threads);
    const double peak = is_product(job.call) ? peak_of(job.tier, job.threads) : 0;
    bench_usage usage{};
    const double began = tp_clock_seconds();
    const bench_usage before = bench_usage_now(job.threads);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(calls)))
        if (!bench_run_team(&operands, job.threads, calls))
            fail(state, "the system granted too few threads");
    bench_usage_add(&usage, &before, job.threads);
    bench_disturbance_note(&disturbance, &usage, name_of(job).c_str());
    report(state, job, (tp_clock_seconds() - began) / static_cast<double>(state.iterations()), peak);
}

void time_cold(benchmark::State &state, const Job &job, const bench_operands &operands)
{
    const double peak = is_product(job.call) ? peak_of(job.tier, job.threads) : 0;
    double sum = 0;
    for (auto _ : state) {
        const double seconds = bench_run_cold(&operands, job.threads, 1);
        if (seconds <= 0) {
            fail(state, "the system granted too few threads");
            break;
        }
        state.SetIterationTime(seconds);
        sum += seconds;
    }
    report(state, job, sum / static_cast<double>(state.iterations()), peak);
}

void time_job(benchmark::State &state, const Job &job)
{
    tp_error error;
    bench_operands operands{};
    if (!is_verified(job, &error) || bench_create(&operands, &job.call, job.tier, &error)) {
        bench_destroy(&operands);
        fail(state, error.text);
        return;
    }
    if (job.cold)
        time_cold(state, job, operands);
    else
        time_warm(state, job, operands);
    bench_destroy(&operands);
}

void register_job(const Job &job)
{
    registered++;
    auto *benchmark = benchmark::RegisterBenchmark(name_of(job).c_str(), time_job, job);
    benchmark->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
    if (!job.cold) {
        benchmark->UseRealTime();
        return;
    }
    // To evict operands takes longer than to use them, and is not in the time that Google Benchmark waits
    // for.
    const double calls = kColdBytes / bench_bytes(&job.call);
    benchmark->UseManualTime()->Iterations(static_cast<int>(std::min(200.0, std::max(3.0, calls))));
}

std::string name_of(const NetworkJob &job)
{
    const bench_training &training = job.training;
    std::string name = job.evaluates ? "evaluation/" : "step/";
    for (size_t l = 0; l < training.layer_count; l++)
        name += (l ? "-" : "") + std::to_string(training.layers[l]);
    name += std::string("/") + tp_choice_name(tp_activation_choices, training.activation);
    if (!job.evaluates)
        name += std::string("/") + tp_choice_name(tp_optimizer_choices, training.optimizer) +
                "/batch:" + std::to_string(training.batch);
    return name + "/" + training.tier->name + "/threads:" + std::to_string(training.threads);
}

size_t iterations_of_a_run(const NetworkJob &job)
{
    const size_t steps = bench_training_steps(&job.training);
    return job.evaluates ? (steps + 1) * job.training.batch : steps;
}

// A step is one iteration, or a sample's evaluation, and a sample is an item.
void time_network(benchmark::State &state, const NetworkJob &job)
{
    static std::set<std::string> verified;
    const bench_training &training = job.training;
    const size_t steps = bench_training_steps(&training), samples = (steps + 1) * training.batch;
    tp_error error;
    tp_dataset dataset{};
    bench_training_times times{};
    if ((!verified.count(name_of(job)) && bench_network_verify(&training, &error)) ||
        bench_samples(training.layers[0], training.layers[training.layer_count - 1], samples, &dataset,
                      &error)) {
        fail(state, error.text);
        return;
    }
    verified.insert(name_of(job));
    const double peak_before = peak_of(training.tier, training.threads);
    double sum = 0;
    const size_t count = iterations_of_a_run(job);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
        if (bench_train(&training, steps, &dataset, &times, &error)) {
            fail(state, error.text);
            break;
        }
        const double seconds = job.evaluates ? times.evaluation : times.step;
        state.SetIterationTime(seconds * static_cast<double>(count));
        sum += seconds * static_cast<double>(count);
    }
    const double peak_after = peak_of(training.tier, training.threads);
    const double rate = (job.evaluates ? times.evaluation_flops : times.step_flops) *
                        static_cast<double>(state.iterations()) / sum;
    state.counters["GFLOP/s"] = 1e-9 * rate;
    if (peak_before > 0 && peak_after > 0)
        state.counters["%peak"] = 200 * rate / (peak_before + peak_after);
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(job.evaluates ? 1 : training.batch));
    tp_dataset_free(&dataset);
}

std::vector<NetworkJob> network_jobs(const bench_command &command, const tp_tier *tier, size_t threads)
{
    std::vector<NetworkJob> jobs;
    const auto add = [&](std::initializer_list<size_t> layers, size_t batch, bool evaluates) {
        NetworkJob job{};
        job.training.tier = tier;
        std::copy(layers.begin(), layers.end(), job.training.layers);
        job.training.layer_count = layers.size();
        job.training.batch = batch;
        job.training.threads = threads;
        job.training.activation = command.activation;
        job.training.optimizer = command.optimizer;
        job.evaluates = evaluates;
        jobs.push_back(job);
    };
    add({784, 64, 10}, command.batch, false);
    add({784, 64, 64, 10}, command.batch, false);
    add({784, 64, 10}, command.batch, true);
    if (command.all && tier->peak) {
        add({784, 1024, 1024, 10}, 512, false);
        add({784, 1024, 1024, 10}, 512, true);
    }
    return jobs;
}

void add_context(const bench_command &command, const tp_tier *best)
{
    const bench_machine machine = bench_machine_here();
    const char *const caches[] = {"L1d", "L2", "L3"};
    std::string tiers, sizes, threads;
    for (size_t t = 0; t < command.thread_count; t++)
        threads += (t ? ", " : "") + std::to_string(command.threads[t]);
    for (size_t level = 0; level < 3; level++)
        sizes += std::string(level ? ", " : "") + caches[level] + " " +
                 std::to_string(machine.cache[level] / 1024) + " KiB";
    for (const tp_tier *const *tier = tp_tiers; *tier; tier++) {
        if (tp_tier_runs_here(*tier))
            tiers += (tiers.empty() ? "" : ", ") + std::string((*tier)->name);
        if (!(*tier)->peak || !bench_command_wants(&command, best, *tier))
            continue;
        for (size_t t = 0; t < command.thread_count; t++) {
            const size_t count = command.threads[t];
            const std::string where = std::string((*tier)->name) + "_threads_" + std::to_string(count);
            benchmark::AddCustomContext("peak_GFLOP_per_s_" + where,
                                        std::to_string(1e-9 * peak_of(*tier, count)));
            for (size_t level = 0; level < BENCH_LEVELS; level++)
                benchmark::AddCustomContext(
                    std::string("GB_per_s_") + bench_level_name(level) + "_" + where,
                    std::to_string(1e-9 * bench_level_bandwidth(&machine, level, *tier, count)));
        }
    }
    benchmark::AddCustomContext("cpu", std::string(machine.key) + ", " + machine.name);
    benchmark::AddCustomContext("tiers", tiers);
    benchmark::AddCustomContext("cache_sizes", sizes);
    benchmark::AddCustomContext("threads", threads);
    benchmark::AddCustomContext("binding", "none");
    benchmark::AddCustomContext("commit", tp_version_commit());
    benchmark::AddCustomContext("compiler", tp_version_compiler());
    benchmark::AddCustomContext("flop_convention", "2 M N K for a product, whatever is fused to it");
    benchmark::AddCustomContext("operands",
                                "in the caches as the call before left them, unless a name ends in cold");
}

void list_or_register_jobs(const bench_command &command, const bench_calls &calls, const tp_tier *tier,
                           size_t threads)
{
    for (size_t i = 0; i < calls.count; i++) {
        if (!tier->peak && bench_flops(&calls.call[i]) > kReferenceFlops && !command.gemm)
            continue;
        for (bool cold : {false, true}) {
            const Job job = {calls.call[i], tier, threads, cold};
            if (cold && !(command.all && bench_can_evict()))
                continue;
            if (command.list)
                std::puts(name_of(job).c_str());
            else
                register_job(job);
        }
    }
}

void list_or_register_others(const bench_command &command, const tp_tier *tier, size_t threads)
{
    for (const NetworkJob &job : network_jobs(command, tier, threads)) {
        const std::string name = name_of(job);
        if (command.list)
            std::puts(name.c_str());
        else
            benchmark::RegisterBenchmark(name.c_str(), time_network, job)
                ->UseManualTime()
                ->Iterations(static_cast<benchmark::IterationCount>(kRuns * iterations_of_a_run(job)))
                ->MeasureProcessCPUTime()
                ->Unit(benchmark::kMicrosecond);
    }
}

} // namespace

void fail(benchmark::State &state, const char *reason)
{
    failed = true;
    state.SkipWithError(reason);
}

int time_kernels(const bench_command &command, const bench_calls &calls, const tp_tier *best, int argc,
                 char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return TILEPROP_USAGE;
    const bool only_products = command.gemm || command.operation != BENCH_KINDS;
    for (const tp_tier *const *tier = tp_tiers; *tier; tier++) {
        for (size_t t = 0; t < command.thread_count && bench_command_wants(&command, best, *tier); t++) {
            list_or_register_jobs(command, calls, *tier, command.threads[t]);
            if (!only_products)
                list_or_register_others(command, *tier, command.threads[t]);
        }
    }
    if (!only_products)
        list_or_register_loading(command.list, command.all);
    if (command.list)
        return TILEPROP_OK;
    if (argc == 1) // with options of its own nobody knows how many run, and how long
        bench_announce(kBenchmarkSeconds * static_cast<double>(registered));
    add_context(command, best);
    const bool any = benchmark::RunSpecifiedBenchmarks() > 0; // else Google Benchmark has said so
    benchmark::Shutdown();
    bench_disturbance_write(&disturbance, "kernels");
    return failed || !any ? TILEPROP_FAILURE : TILEPROP_OK;
}
