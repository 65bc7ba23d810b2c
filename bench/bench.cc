/*
 * bench: how fast the kernels are, how far from the machine's limit, and how they compare.
 */
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <utility>
#include <vector>

extern "C" {
#include "barrier.h"
#include "bench_command.h"
#include "cli/version.h"
#include "limits.h"
#include "system/cpus.h"
#include "table.h"
#include "workload.h"
}
#include "kernels.h"

namespace
{

// Goes on as a script of bench/, which runs this program. Returns only if it cannot.
int go_on_as(const char *option, const char *script, const std::vector<const char *> &arguments,
             tp_error *error)
{
    if (access(script, R_OK) != 0)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected to run in the project's folder, found no %s here",
                       option, script);
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
    return tp_fail(error, TILEPROP_FAILURE, "python3 %s: %s", script, std::strerror(errno));
}

int compare_with_other(const bench_command &command, tp_error *error)
{
    std::vector<const char *> arguments = {command.against};
    if (command.workload)
        arguments.insert(arguments.end(), {"--workload", command.workload});
    return go_on_as("--against", "bench/against.py", arguments, error);
}

int compare_with_floors(const bench_command &command, tp_error *error)
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
    return go_on_as("--gate", "bench/gate.py", arguments, error);
}

// Threads of the libraries wait for their next work in a loop, for milliseconds, or a fifth of a second, and
// take the CPUs from whoever is timed next. A tenth of a millisecond is enough between two calls of one
// library. The OpenMP runtime reads its variables before main(), so the program starts once more.
void keep_idle_threads_asleep(char **argv)
{
    const std::initializer_list<std::pair<const char *, const char *>> variables = {
        {"GOMP_SPINCOUNT", "10000"}, {"OPENBLAS_THREAD_TIMEOUT", "18"}, {"KMP_BLOCKTIME", "1"}};
    bool is_new = false;
    for (const auto &[name, value] : variables) {
        is_new = is_new || !std::getenv(name);
        setenv(name, value, 0);
    }
    if (is_new)
        execv("/proc/self/exe", argv);
}

int run(const bench_command &command, const bench_calls &calls, const tp_tier *tier,
        std::vector<char *> &google, tp_error *error)
{
    switch (command.mode) {
    case BENCH_AGAINST:
        return compare_with_other(command, error);
    case BENCH_BARRIER:
        return bench_barriers(command.threads, command.thread_count, error);
    case BENCH_GATE:
        return compare_with_floors(command, error);
    case BENCH_LIMITS:
        return bench_limits(&command, tier, error);
    case BENCH_WORKLOAD:
        return bench_workloads(command.workload, command.rounds, tier, error);
    case BENCH_LAYERS:
    case BENCH_COMPARE:
        return bench_table(&command, &calls, tier, error);
    default:
        return time_kernels(command, calls, tier, static_cast<int>(google.size()) - 1, google.data());
    }
}

} // namespace

int main(int argc, char **argv)
{
    keep_idle_threads_asleep(argv);
    // Options of Google Benchmark are its own; all others are ours.
    std::vector<char *> theirs = {argv[0]}, ours = {argv[0]};
    for (int i = 1; i < argc; i++)
        (std::strncmp(argv[i], "--benchmark_", 12) == 0 ? theirs : ours).push_back(argv[i]);
    theirs.push_back(nullptr);

    bench_command command;
    static bench_calls calls;
    tp_error error{};
    int status = bench_command_parse(&command, static_cast<int>(ours.size()), ours.data(), theirs[1], &error);
    if (!status)
        status = bench_command_calls(&command, &calls, &error);
    const tp_tier *tier = nullptr;
    if (!status)
        status = bench_command_tier(&command, std::getenv("TILEPROP_ISA"), &tier, &error);
    if (!status && command.mode == BENCH_BARRIER && !command.thread_count) {
        for (const size_t threads : std::initializer_list<size_t>{1, 2, 3, 4, 6, 8, 12, 16})
            command.threads[command.thread_count++] = threads;
    }
    if (!status && !command.thread_count) {
        const size_t cpus = tp_cpus_available();
        command.threads[command.thread_count++] = 1;
        if (cpus > 1)
            command.threads[command.thread_count++] = cpus;
    }
    if (!status && command.help)
        bench_command_write(tp_options_write_help, stdout);
    else if (!status && command.version)
        tp_version_write(stdout);
    else if (!status)
        status = run(command, calls, tier, theirs, &error);
    if (status && *error.text)
        std::fprintf(stderr, "bench: %s\n", error.text);
    std::free(command.storage);
    return status;
}
