// bench: kernel speed against the machine's peak, other libraries and other commits.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

#include <jansson.h>

#include "jobs.h"
extern "C" {
#include "base/json_text.h"
#include "bench_command.h"
#include "cli/program.h"
#include "cli/version.h"
#include "kernels/cpu.h"
}

namespace
{

constexpr double kBurst = 2e-3; // seconds of a workload in one round

// Replaces this process with the guard, which runs bench. Throws on failure.
void become_guard(const bench_command &command)
{
    const char *const script = "bench/guard.py";
    if (access(script, R_OK) != 0)
        throw Failure(TILEPROP_USAGE, "--against: missing bench/guard.py; run bench in the project root");
    char self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) > 0)
        execlp("python3", "python3", script, "against", self, command.against,
               command.workload ? command.workload : "all", nullptr);
    throw Failure(TILEPROP_FAILURE, std::string("python3 bench/guard.py: ") + std::strerror(errno));
}

// {"workloads": {name: [seconds per call in each round, ...]}}. Each round runs one burst of every workload, so that a
// slow phase of the machine does not hit all rounds of one.
void time_workloads(const bench_command &command, const tp_tier *best)
{
    if (command.once) // block sizes of a fixed machine: instruction counts do not depend on the host
        tp_blocks_fit({48U << 10, 1U << 20, 32U << 20});
    std::vector<Job> jobs;
    std::vector<Contender> contenders;
    std::stringstream names(command.workload);
    for (std::string name; std::getline(names, name, ',');) {
        const size_t count = jobs.size();
        for (const Job &job : all_jobs(command, best))
            if (name == "all" ? (job.places & GUARDED) != 0 : job.name == name) {
                jobs.push_back(job);
                contenders.push_back({job.prepare()});
            }
        if (jobs.size() == count)
            throw Failure(TILEPROP_USAGE,
                          "--workload: expected all or names from --benchmark_list_tests, found \"" + name + '"');
    }
    Watch watch;
    for (const Contender &c : contenders)
        if (command.once)
            c.run(1, watch);
    if (command.once)
        return;
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

// Idle library threads spin for up to 0.2 s and take CPUs from the next contender; 0.1 ms covers the gap between two
// calls of one library. OpenMP reads its variables before main(), so the program executes itself once more.
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

void run(const bench_command &command, const std::vector<char *> &google)
{
    tp_error error;
    const char *isa = command.isa;
    check(tp_program_choose_isa(&isa, std::getenv("TILEPROP_ISA"), &error), error);
    const tp_tier *tier = tp_tier_find(isa);
    switch (command.mode) {
    case BENCH_AGAINST:
        return become_guard(command);
    case BENCH_LAYERS:
        return write_network_table(command, tier);
    case BENCH_WORKLOAD:
        return time_workloads(command, tier);
    default:
        return time_jobs(command, tier, google);
    }
}

} // namespace

int main(int argc, char **argv)
{
    tp_program_begin();
    keep_idle_threads_asleep(argv);
    // Options of Google Benchmark are its own; all others are ours.
    std::vector<char *> theirs = {argv[0]}, ours = {argv[0]};
    for (int i = 1; i < argc; i++)
        (std::strncmp(argv[i], "--benchmark_", 12) == 0 ? theirs : ours).push_back(argv[i]);
    const int count = static_cast<int>(ours.size());
    ours.push_back(nullptr);

    bench_command command;
    tp_error error;
    tileprop_status status =
        bench_command_parse(&command, count, ours.data(), theirs.size() > 1 ? theirs[1] : nullptr, &error);
    try {
        if (!status && command.help)
            bench_command_write(tp_options_write_help, stdout);
        else if (!status && command.version)
            tp_version_write(stdout);
        else if (!status)
            run(command, theirs);
    } catch (const Failure &failure) {
        status = tp_fail(&error, failure.status, "%s", failure.what());
    } catch (const std::bad_alloc &) {
        status = tp_fail(&error, TILEPROP_FAILURE, "out of memory");
    } catch (const std::exception &failure) {
        status = tp_fail(&error, TILEPROP_FAILURE, "%s", failure.what());
    }
    std::free(command.storage);
    return tp_program_finish(status, &error);
}
