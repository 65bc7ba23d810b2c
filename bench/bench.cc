/*
 * bench: how fast the kernels are, how far from the machine's limit, and how they compare.
 */
#include <benchmark/benchmark.h>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

extern "C" {
#include "../src/clock.h"
#include "../src/cpus.h"
#include "../src/train_command.h"
#include "../src/version.h"
#include "bench_command.h"
#include "call.h"
#include "limits.h"
#include "machine.h"
#include "table.h"
#include "workload.h"
}

namespace
{

constexpr double kBatchSeconds = 1e-4; // a team is formed for so long, so that forming it does not count
constexpr size_t kMemoryBytes = size_t{256} << 20;

struct Job {
    bench_call call;
    const tp_tier *tier;
    size_t threads;
};

// The tier's FMA peak now. 0: there is none, or it could not be proved.
double peak_of(const tp_tier *tier, size_t threads)
{
    return tier->peak ? bench_peak(tier, threads) : 0;
}

// Level 0, 1: the first core's L1 or L2; 2: beyond.
size_t level_of(const bench_machine &machine, double bytes)
{
    size_t level = 0;
    while (level < 2 && bytes > static_cast<double>(machine.cache[level]))
        level++;
    return level;
}

double bandwidth_of(const bench_machine &machine, size_t level, const tp_tier *tier, size_t threads)
{
    static std::map<std::tuple<size_t, const tp_tier *, size_t>, double> known;
    auto [place, is_new] = known.try_emplace({level, tier, threads});
    if (is_new)
        place->second =
            bench_bandwidth(tier, threads, level < 2 ? machine.cache[level] / 2 : kMemoryBytes / threads);
    return place->second;
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
        name += std::string("/") +
                (call.activation == TP_LINEAR ? "linear" : tp_activation_name(call.activation));
    if (call.kind == BENCH_UPDATE)
        name += std::string("/") + tp_optimizer_name(call.rule) + (call.first_layer ? "/first-layer" : "");
    return name + "/threads:" + std::to_string(job.threads);
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
    const std::string name = name_of({job.call, job.tier, 1});
    if (known.count(name))
        return true;
    if (bench_verify(&job.call, job.tier, error))
        return false;
    known.insert(name);
    return true;
}

void time_job(benchmark::State &state, const Job &job)
{
    tp_error error;
    bench_operands operands;
    if (!is_verified(job, &error) || bench_create(&operands, &job.call, job.tier, &error)) {
        state.SkipWithError(error.text);
        return;
    }
    const size_t calls = calls_of_a_batch(operands, job.threads);
    // A clock that changes between two benchmarks must not change a share: the peak is that of these seconds.
    const double peak_before = is_product(job.call) ? peak_of(job.tier, job.threads) : 0;
    const double began = tp_clock_seconds();
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(calls)))
        if (!bench_run_team(&operands, job.threads, calls))
            state.SkipWithError("the system granted too few threads");
    const double ended = tp_clock_seconds();
    bench_destroy(&operands);

    const double seconds = (ended - began) / static_cast<double>(state.iterations());
    if (is_product(job.call)) {
        const double rate = bench_flops(&job.call) / seconds, peak_after = peak_of(job.tier, job.threads);
        state.counters["GFLOP/s"] = 1e-9 * rate;
        if (peak_before > 0 && peak_after > 0)
            state.counters["%peak"] = 200 * rate / (peak_before + peak_after);
        return;
    }
    static const char *const shares[] = {"%L1", "%L2", "%memory"};
    static const bench_machine machine = bench_machine_here();
    const double bytes = bench_bytes(&job.call), rate = bytes / seconds;
    const size_t level = level_of(machine, bytes / static_cast<double>(job.threads));
    state.counters["GB/s"] = 1e-9 * rate;
    state.counters[shares[level]] = 100 * rate / bandwidth_of(machine, level, job.tier, job.threads);
}

bench_call call_of(bench_kind kind, size_t m, size_t n, size_t k, tp_activation activation, tp_rule_kind rule,
                   bool first_layer = false)
{
    bench_call call{};
    call.kind = kind;
    call.m = m;
    call.n = n;
    call.k = k;
    call.activation = activation;
    call.rule = rule;
    call.first_layer = first_layer;
    return call;
}

// The course's networks: 785-64-10 and 785-64-64-10, the constant input counted.
std::vector<bench_call> course_calls(const bench_command &command, size_t batch)
{
    const tp_activation f = command.activation;
    const tp_rule_kind rule = command.optimizer;
    return {
        call_of(BENCH_PACK_U8, batch, 784, 1, f, rule),
        call_of(BENCH_FORWARD, batch, 64, 785, f, rule),
        call_of(BENCH_FORWARD, batch, 64, 64, f, rule),
        call_of(BENCH_FORWARD, batch, 10, 64, TP_LINEAR, rule),
        call_of(BENCH_LOSS, batch, 10, 1, f, rule),
        call_of(BENCH_BACKWARD, batch, 64, 10, f, rule),
        call_of(BENCH_BACKWARD, batch, 64, 64, f, rule),
        call_of(BENCH_UPDATE, 785, 64, batch, f, rule, true),
        call_of(BENCH_UPDATE, 64, 64, batch, f, rule),
        call_of(BENCH_UPDATE, 64, 10, batch, f, rule),
        call_of(BENCH_MAP, batch, 64, 1, f, rule),
    };
}

std::vector<bench_call> all_calls(const bench_command &command)
{
    std::vector<bench_call> calls;
    for (size_t batch : std::initializer_list<size_t>{1, 32, 256, 512, 1000}) {
        const std::vector<bench_call> course = course_calls(command, batch);
        calls.insert(calls.end(), course.begin(), course.end());
        calls.push_back(call_of(BENCH_PACK_F32, batch, 784, 1, command.activation, command.optimizer));
        for (size_t width : std::initializer_list<size_t>{500, 1024, 2048})
            for (bench_kind kind : {BENCH_FORWARD, BENCH_BACKWARD, BENCH_UPDATE})
                calls.push_back(call_of(kind, kind == BENCH_UPDATE ? width : batch, width,
                                        kind == BENCH_UPDATE ? batch : width, command.activation,
                                        command.optimizer));
    }
    for (int f = TP_SIGMOID; f < TP_ACTIVATION_COUNT; f++)
        calls.push_back(call_of(BENCH_MAP, 512, 1024, 1, static_cast<tp_activation>(f), command.optimizer));
    for (int rule = 0; rule < TP_RULE_COUNT; rule++)
        if (rule != command.optimizer) // which is among the widths
            calls.push_back(
                call_of(BENCH_UPDATE, 1024, 1024, 32, command.activation, static_cast<tp_rule_kind>(rule)));
    return calls;
}

tp_status asked_calls(const bench_command &command, std::vector<bench_call> &calls, tp_error *error)
{
    tp_status status = TP_OK;
    bench_call call = call_of(BENCH_FORWARD, 0, 0, 0, command.activation, command.optimizer);
    for (const char *next = command.gemm; bench_command_next_shape(&next, &call, &status, error);) {
        for (bench_kind kind : {BENCH_FORWARD, BENCH_BACKWARD, BENCH_UPDATE}) {
            call.kind = kind;
            if (command.operation == BENCH_KINDS || command.operation == kind)
                calls.push_back(call);
        }
    }
    return status;
}

void add_context(const tp_tier *tier, const bench_machine &machine)
{
    static const char *const names[] = {"GB_per_s_L1", "GB_per_s_L2", "GB_per_s_memory"};
    benchmark::AddCustomContext("cpu", std::string(machine.key) + ", " + machine.name);
    benchmark::AddCustomContext("peak_GFLOP_per_s", std::string(tier->name) + ", 1 thread: " +
                                                        std::to_string(1e-9 * peak_of(tier, 1)));
    for (size_t level = 0; level < 3; level++)
        if (level == 2 || machine.cache[level])
            benchmark::AddCustomContext(names[level],
                                        std::to_string(1e-9 * bandwidth_of(machine, level, tier, 1)));
    char *version = nullptr;
    size_t size = 0;
    if (std::FILE *file = open_memstream(&version, &size)) {
        tp_version_write(file);
        std::fclose(file);
        benchmark::AddCustomContext("program", std::string(version).substr(0, std::strcspn(version, "\n")));
        std::free(version);
    }
    benchmark::AddCustomContext("compiler", __VERSION__);
    benchmark::AddCustomContext("flop_convention",
                                "2 M N K for a product, whatever is fused to it; caches warm");
}

int time_kernels(const bench_command &command, const tp_tier *best, int argc, char **argv)
{
    tp_error error;
    std::vector<bench_call> calls;
    if (command.gemm && asked_calls(command, calls, &error)) {
        std::fprintf(stderr, "bench: %s\n", error.text);
        return TP_USAGE;
    }
    if (!command.gemm)
        calls = command.all ? all_calls(command) : course_calls(command, command.batch);

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return TP_USAGE;
    for (const tp_tier *const *tier = tp_tiers; *tier; tier++) {
        if (*tier != best && !(command.all && tp_tier_runs_here(*tier)))
            continue;
        for (size_t t = 0; t < command.thread_count; t++) {
            for (const bench_call &call : calls) {
                const Job job = {call, *tier, command.threads[t]};
                const std::string name = name_of(job);
                if (command.list)
                    std::puts(name.c_str());
                else
                    benchmark::RegisterBenchmark(name.c_str(), time_job, job)
                        ->UseRealTime()
                        ->MeasureProcessCPUTime()
                        ->Unit(benchmark::kMicrosecond);
            }
        }
    }
    if (command.list)
        return TP_OK;
    add_context(best, bench_machine_here());
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return TP_OK;
}

// Goes on as a script of bench/, which runs this program. Returns only if it cannot.
int go_on_as(const char *script, const std::vector<const char *> &arguments)
{
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    std::vector<char *> all = {const_cast<char *>("python3"), const_cast<char *>(script), self};
    for (const char *argument : arguments)
        all.push_back(const_cast<char *>(argument));
    all.push_back(nullptr);
    if (length > 0) {
        self[length] = '\0';
        execvp("python3", all.data());
    }
    std::fprintf(stderr, "bench: python3 %s: %s\n", script, std::strerror(errno));
    return TP_FAILURE;
}

int compare_with_other(const bench_command &command)
{
    std::vector<const char *> arguments = {command.against};
    if (command.workload)
        arguments.insert(arguments.end(), {"--workload", command.workload});
    return go_on_as("bench/against.py", arguments);
}

int compare_with_floors(const bench_command &command)
{
    std::vector<const char *> arguments = {"--isa", command.isa};
    if (command.workload)
        arguments.insert(arguments.end(), {"--workload", command.workload});
    if (command.record)
        arguments.push_back("--record");
    if (command.lower)
        arguments.insert(arguments.end(), {"--lower", command.lower});
    if (command.reason)
        arguments.insert(arguments.end(), {"--reason", command.reason});
    return go_on_as("bench/gate.py", arguments);
}

} // namespace

int main(int argc, char **argv)
{
    // Options of Google Benchmark are its own; all others are ours.
    std::vector<char *> theirs = {argv[0]}, ours = {argv[0]};
    for (int i = 1; i < argc; i++)
        (std::strncmp(argv[i], "--benchmark_", 12) == 0 ? theirs : ours).push_back(argv[i]);
    theirs.push_back(nullptr);

    bench_command command;
    tp_error error;
    int status = bench_command_parse(&command, static_cast<int>(ours.size()), ours.data(), &error);
    const tp_tier *tier = status ? nullptr : tp_tier_find(command.isa);
    if (!status && !tier)
        status = tp_fail(&error, TP_USAGE, "--isa: this CPU and this build have no %s", command.isa);
    if (!status && !command.thread_count) {
        const size_t cpus = tp_cpus_available();
        command.threads[command.thread_count++] = 1;
        if (cpus > 1)
            command.threads[command.thread_count++] = cpus;
    }
    if (status) {
        std::fprintf(stderr, "bench: %s\n", error.text);
    } else if (command.help) {
        bench_command_write_help(stdout);
    } else if (command.version) {
        tp_version_write(stdout);
    } else if (command.against) {
        status = compare_with_other(command);
    } else if (command.gate || command.record || command.lower || command.reason) {
        status = compare_with_floors(command);
    } else if (command.layer_count || command.limits || command.workload) {
        status = command.limits     ? bench_limits(&command, &error)
                 : command.workload ? bench_workloads(command.workload, command.rounds, tier, &error)
                                    : bench_table(&command, tier, &error);
        if (status)
            std::fprintf(stderr, "bench: %s\n", error.text);
    } else {
        status = time_kernels(command, tier, static_cast<int>(theirs.size()) - 1, theirs.data());
    }
    std::free(command.storage);
    return status;
}
