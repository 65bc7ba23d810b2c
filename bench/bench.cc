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

#include <jansson.h>

#include "google.h"
#include "network_table.h"

extern "C" {
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/version.h"
#include "machine.h"
}

namespace
{

constexpr double kBurst = 2e-3; // seconds of a workload in one round

// Goes on as the guard, which runs this program. Returns only if it cannot.
int compare_with_other(const bench_command &command, tp_error *error)
{
    const char *const script = "bench/guard.py";
    if (access(script, R_OK) != 0)
        return tp_fail(error, TILEPROP_USAGE,
                       "--against: expected to run in the project's folder, found no %s here", script);
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length < 0 ? 0 : length] = '\0';
    const char *const workload = command.workload ? command.workload : "all";
    execlp("python3", "python3", script, "against", self, command.against, workload, nullptr);
    return tp_fail(error, TILEPROP_FAILURE, "python3 %s: %s", script, std::strerror(errno));
}

bool is_asked(const Job &job, const char *names)
{
    if (std::strcmp(names, "all") == 0)
        return job.is_guarded;
    const std::string list = "," + std::string(names) + ",";
    return list.find("," + job.name + ",") != std::string::npos;
}

tileprop_status run_jobs(const std::vector<Job *> &jobs, const bench_command &command,
                         std::vector<std::vector<double>> &seconds, tp_error *error)
{
    static const bench_watch nobody = {[](void *) {}, [](void *) {}, nullptr};
    std::vector<bench_contender> contenders;
    for (size_t i = 0; i < jobs.size(); i++) {
        if (const tileprop_status status = jobs[i]->create(error))
            return status;
        bench_run_fn *const run = [](void *job, size_t times, const bench_watch *watch, tp_error *e) {
            return static_cast<Job *>(job)->run(times, watch, e);
        };
        contenders.push_back({run, jobs[i], false, seconds[i].data(), 0, 0});
    }
    if (!command.once)
        return bench_compete(contenders.data(), contenders.size(), command.rounds, kBurst, error);
    tileprop_status status = TILEPROP_OK;
    bench_assume_machine(); // counts must not depend on the CPU
    for (Job *job : jobs)
        status = status ? status : job->run(1, &nobody, error);
    return status;
}

// {"workloads": {name: [seconds of one time in each round, ...]}}. A slow moment of the machine must not hit
// all rounds of one workload: a round is one burst of each.
int time_workloads(const bench_command &command, const tp_tier *best, tp_error *error)
{
    std::vector<Job> all = all_jobs(command, best);
    std::vector<Job *> jobs;
    for (Job &job : all)
        if (is_asked(job, command.workload))
            jobs.push_back(&job);
    if (jobs.empty())
        return tp_fail(error, TILEPROP_USAGE, "--workload: expected all or names such as %s, found \"%.40s\"",
                       all.front().name.c_str(), command.workload);
    std::vector<std::vector<double>> seconds(jobs.size(), std::vector<double>(command.rounds));
    const tileprop_status status = run_jobs(jobs, command, seconds, error);
    for (Job *job : jobs)
        job->destroy();
    if (status || command.once)
        return status;
    json_t *found = json_object();
    for (size_t i = 0; i < jobs.size(); i++) {
        json_t *rounds = json_array();
        for (const double second : seconds[i])
            tp_json_text_append(&rounds, tp_json_text_real(second));
        tp_json_text_set(&found, jobs[i]->name.c_str(), rounds);
    }
    return tp_program_json(json_pack("{s:o}", "workloads", found), error);
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

int run(bench_command &command, std::vector<char *> google, tp_error *error)
{
    const char *isa = command.isa;
    if (const tileprop_status status = tp_program_choose_isa(&isa, std::getenv("TILEPROP_ISA"), error))
        return status;
    const tp_tier *tier = tp_tier_find(isa);
    switch (command.mode) {
    case BENCH_AGAINST:
        return compare_with_other(command, error);
    case BENCH_WORKLOAD:
        command.thread_count = command.thread_count > 1 ? 2 : 1;
        command.threads[1] = 2;
        return time_workloads(command, tier, error);
    case BENCH_LAYERS:
        return write_table(command, tier, error);
    default:
        return time_jobs(command, tier, std::move(google));
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
    const int count = static_cast<int>(ours.size());
    ours.push_back(nullptr);

    bench_command command;
    tp_error error{};
    int status =
        bench_command_parse(&command, count, ours.data(), theirs.size() > 1 ? theirs[1] : nullptr, &error);
    if (!status && command.help)
        bench_command_write(tp_options_write_help, stdout);
    else if (!status && command.version)
        tp_version_write(stdout);
    else if (!status)
        status = run(command, theirs, &error);
    if (status && *error.text)
        std::fprintf(stderr, "bench: %s\n", error.text);
    std::free(command.storage);
    return status;
}
