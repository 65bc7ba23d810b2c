/*
 * bench: how fast the kernels are, how far from the machine's limit, and how they compare.
 */
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <sstream>
#include <utility>

#include <jansson.h>

#include "jobs.h"
#include "machine.h"
extern "C" {
#include "base/json_text.h"
#include "bench_command.h"
#include "cli/program.h"
#include "cli/version.h"
}

namespace
{

constexpr double kBurst = 2e-3; // seconds of a workload in one round

// Goes on as the guard, which runs this program. Returns only if it cannot.
void become_guard(const bench_command &command)
{
    const char *const script = "bench/guard.py";
    if (access(script, R_OK) != 0)
        throw Failure(TILEPROP_USAGE,
                      "--against: expected to run in the project's folder, found no bench/guard.py here");
    char self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) > 0)
        execlp("python3", "python3", script, "against", self, command.against,
               command.workload ? command.workload : "all", nullptr);
    throw Failure(TILEPROP_FAILURE, std::string("python3 bench/guard.py: ") + std::strerror(errno));
}

std::vector<Job> workloads(const bench_command &command, const tp_tier *best)
{
    const std::vector<Job> all = all_jobs(command, best);
    std::vector<Job> asked;
    std::stringstream names(command.workload);
    for (std::string name; std::getline(names, name, ',');) {
        const size_t count = asked.size();
        std::copy_if(all.begin(), all.end(), std::back_inserter(asked),
                     [&](const Job &job) { return name == "all" ? job.is_guarded : job.name == name; });
        if (asked.size() == count)
            throw Failure(TILEPROP_USAGE,
                          "--workload: expected all or names such as " + all.front().name + ", found \"" + name + "\"");
    }
    return asked;
}

// {"workloads": {name: [seconds of one time in each round, ...]}}. A slow moment of the machine must not hit
// all rounds of one workload: a round is one burst of each.
void time_workloads(const bench_command &command, const tp_tier *best)
{
    if (command.once)
        assume_machine();
    const std::vector<Job> jobs = workloads(command, best);
    std::vector<Contender> contenders;
    for (const Job &job : jobs)
        contenders.push_back({job.prepare()});
    if (command.once) {
        Watch watch;
        for (const Contender &c : contenders)
            c.run(1, watch);
        return;
    }
    compete(contenders, command.rounds, kBurst);
    json_t *found = json_object();
    for (size_t i = 0; i < jobs.size(); i++) {
        json_t *rounds = json_array();
        for (const double second : contenders[i].seconds)
            tp_json_text_append(&rounds, tp_json_text_real(second));
        tp_json_text_set(&found, jobs[i].name.c_str(), rounds);
    }
    tp_error error;
    check(tp_program_json(json_pack("{s:o}", "workloads", found), &error), error);
}

// Threads of the libraries wait for their next work in a loop, for milliseconds, or a fifth of a second, and
// take the CPUs from whoever is timed next. A tenth of a millisecond is enough between two calls of one
// library. The OpenMP runtime reads its variables before main(), so the program starts once more.
void keep_idle_threads_asleep(char **argv)
{
    bool is_new = false;
    for (const auto &[name, value] :
         {std::pair("GOMP_SPINCOUNT", "10000"), {"OPENBLAS_THREAD_TIMEOUT", "18"}, {"KMP_BLOCKTIME", "1"}}) {
        is_new = is_new || !std::getenv(name);
        setenv(name, value, 0);
    }
    if (is_new)
        execv("/proc/self/exe", argv);
}

int run(bench_command &command, const std::vector<char *> &google)
{
    tp_error error;
    const char *isa = command.isa;
    check(tp_program_choose_isa(&isa, std::getenv("TILEPROP_ISA"), &error), error);
    const tp_tier *tier = tp_tier_find(isa);
    if (command.mode == BENCH_KERNELS)
        return time_jobs(command, tier, google);
    if (command.mode == BENCH_AGAINST)
        become_guard(command);
    if (command.mode == BENCH_LAYERS)
        write_network_table(command, tier);
    if (command.mode == BENCH_WORKLOAD)
        time_workloads(command, tier);
    return TILEPROP_OK;
}

} // namespace

int main(int argc, char **argv)
try {
    keep_idle_threads_asleep(argv);
    // Options of Google Benchmark are its own; all others are ours.
    std::vector<char *> theirs = {argv[0]}, ours = {argv[0]};
    for (int i = 1; i < argc; i++)
        (std::strncmp(argv[i], "--benchmark_", 12) == 0 ? theirs : ours).push_back(argv[i]);
    const int count = static_cast<int>(ours.size());
    ours.push_back(nullptr);

    bench_command command;
    tp_error error;
    check(bench_command_parse(&command, count, ours.data(), theirs.size() > 1 ? theirs[1] : nullptr, &error), error);
    int status = TILEPROP_OK;
    if (command.help)
        bench_command_write(tp_options_write_help, stdout);
    else if (command.version)
        tp_version_write(stdout);
    else
        status = run(command, theirs);
    std::free(command.storage);
    return status;
} catch (const Failure &failure) {
    std::fprintf(stderr, "bench: %s\n", failure.what());
    return failure.status;
} catch (const std::bad_alloc &) {
    std::fputs("bench: out of memory\n", stderr);
    return TILEPROP_FAILURE;
}
