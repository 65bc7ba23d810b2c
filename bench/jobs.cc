#include "jobs.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "call.h"
#include "training.h"

extern "C" {
#include "cli/data_path.h"
#include "data/schema.h"
#include "readers/data_loader.h"
#include "readers/idx.h"
}

namespace
{

std::string name_of(const tp_tier *tier, const std::string &what, size_t threads)
{
    return std::string(tier->name) + "/" + what + (threads > 1 ? "/threads:" + std::to_string(threads) : "");
}

Job call_job(const Call &call, const tp_tier *tier, size_t threads)
{
    Job job = {name_of(tier, call.name(), threads), tier, threads, call.flops(), call.bytes()};
    job.verify = [=] { verify(call, tier); };
    job.prepare = [=] {
        const auto operands = std::make_shared<Operands>(call, tier, threads);
        return [=](size_t times, Watch &watch) { operands->run(times, watch); };
    };
    return job;
}

Job training_job(const char *what, Part part, const Network &network)
{
    Job job = {name_of(network.tier, what + network.name(), network.threads), network.tier, network.threads};
    if (part == Part::STEPS) {
        job.flops = network.step_flops();
        job.items = static_cast<double>(network.batch);
    } else if (part == Part::EVALUATION) {
        job.flops = kEvaluated * network.sample_flops();
        job.items = kEvaluated;
    }
    job.verify = [=] { Training(network).verify(); };
    job.prepare = [=] {
        const auto training = std::make_shared<Training>(network);
        return [=](size_t times, Watch &watch) { training->run(part, times, watch); };
    };
    return job;
}

// Reads a file, which is in the page cache.
using Load = std::function<tileprop_status(tp_dataset *, tp_error *)>;

Job load_job(const char *name, double bytes, double rows, const std::function<Load()> &prepare)
{
    Job job = {name, nullptr, 1, 0, bytes, rows};
    job.prepare = [=] {
        return [load = prepare()](size_t times, Watch &watch) {
            for (size_t i = 0; i < times; i++) {
                tp_dataset loaded{};
                tp_error error;
                watch.start();
                const tileprop_status status = load(&loaded, &error);
                watch.stop();
                tp_dataset_free(&loaded);
                check(status, error);
            }
        };
    };
    return job;
}

Load load_mnist()
{
    std::string path(PATH_MAX, '\0');
    tp_error found;
    check(tp_data_path_find("data/mnist", path.data(), path.size(), &found), found);
    return [=](tp_dataset *loaded, tp_error *error) { return tp_idx_load(path.c_str(), "t10k", loaded, error); };
}

// A file of 10,000 rows of 20 numbers with six digits, and a class.
Load load_csv()
{
    std::FILE *const out = std::tmpfile();
    for (uint32_t i = 0; out && i < 200'000; i++) {
        std::fprintf(out, "%.6g,", i * 2654435761U % 1'000'000 / 1000.0 - 500);
        if (i % 20 == 19)
            std::fputs(i % 3 ? "many\n" : "few\n", out);
    }
    if (!out || std::fflush(out) != 0)
        throw Failure(TILEPROP_FAILURE, std::string("a temporary file: ") + std::strerror(errno));
    return [file = std::shared_ptr<std::FILE>(out, std::fclose)](tp_dataset *loaded, tp_error *error) {
        const std::string path = "/proc/self/fd/" + std::to_string(fileno(file.get()));
        tp_data_loader source{};
        source.path = path.c_str();
        source.table.header = TP_HEADER_NO;
        source.table.label = "last";
        tp_schema schema{};
        const tileprop_status status = tp_data_loader_read(&source, &schema, loaded, error);
        tp_schema_free(&schema);
        return status;
    };
}

using Calls = std::vector<Call>;

void add_layer(Calls &calls, size_t batch, size_t inputs, size_t units)
{
    calls.push_back({.verb = FORWARD, .m = batch, .n = units, .k = inputs});
    calls.push_back({.verb = BACKWARD, .m = batch, .n = inputs, .k = units});
    calls.push_back({.verb = UPDATE, .m = inputs, .n = units, .k = batch});
}

// The course's networks, 784-64-10 and 784-64-64-10; the constant 1 makes 785 inputs.
Calls course_calls(size_t batch)
{
    Calls calls = {{.verb = PACK_U8, .m = batch, .n = 784},
                   {.verb = FORWARD, .m = batch, .n = 64, .k = 785},
                   {.verb = UPDATE, .m = 785, .n = 64, .k = batch, .first_layer = true}};
    for (size_t i = 0; i < 3; i++) {
        calls.push_back(calls[i]);
        calls.back().marked = true;
    }
    calls.push_back({.verb = FORWARD_BYTES, .m = batch, .n = 64, .k = 785});
    add_layer(calls, batch, 64, 64);
    calls.push_back({.verb = FORWARD, .m = batch, .n = 10, .k = 64, .activation = TILEPROP_LINEAR});
    calls.push_back({.verb = LOSS, .m = batch, .n = 10});
    calls.push_back({.verb = BACKWARD, .m = batch, .n = 64, .k = 10});
    calls.push_back({.verb = UPDATE, .m = 64, .n = 10, .k = batch});
    return calls;
}

Calls other_calls()
{
    Calls calls;
    for (const size_t batch : {1U, 32U, 256U, 512U, 1000U}) {
        for (const Call &call : course_calls(batch))
            calls.push_back(call);
        for (const size_t width : {500U, 1024U, 2048U})
            add_layer(calls, batch, width, width);
    }
    for (int verb = APPLY; verb < FORWARD_BYTES; verb++)
        calls.push_back({.verb = static_cast<Verb>(verb), .m = 512, .n = 1024});
    for (const auto rule : {TILEPROP_SGD, TILEPROP_LECUN_MOMENTUM, TILEPROP_NESTEROV, TILEPROP_ADAM})
        for (const size_t width : {64U, 1024U})
            calls.push_back({.verb = UPDATE, .m = width, .n = width, .k = 32, .optimizer = rule});
    return calls;
}

Calls guarded_calls()
{
    Calls calls = course_calls(32);
    calls.insert(calls.end(), {{.verb = FORWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU},
                               {.verb = BACKWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU},
                               {.verb = UPDATE, .m = 512, .n = 512, .k = 256, .optimizer = TILEPROP_ADAM},
                               {.verb = PACK_F32, .m = 32, .n = 784},
                               {.verb = PACK_F32, .m = 32, .n = 784, .marked = true},
                               {.verb = SIGMOID, .m = 32, .n = 64},
                               {.verb = LECUN_TANH, .m = 32, .n = 64}});
    return calls;
}

class List
{
  public:
    std::vector<Job> jobs;

    void add(Job job, int places)
    {
        auto kept = std::find_if(jobs.begin(), jobs.end(), [&](const Job &j) { return j.name == job.name; });
        if (kept == jobs.end())
            kept = jobs.insert(kept, std::move(job));
        kept->places |= places;
    }
    void add(const Calls &calls, const tp_tier *tier, size_t threads, int places)
    {
        constexpr double kReferenceFlops = 2e8; // larger products take seconds on it
        for (const Call &call : calls)
            if (tier->peak || call.flops() <= kReferenceFlops)
                add(call_job(call, tier, threads), places);
    }
    void add_networks(const tp_tier *tier, size_t threads, bool is_best)
    {
        const Network small = {tier, {784, 64, 10}, 32, threads}, deep = {tier, {784, 64, 64, 10}, 32, threads},
                      large = {tier, {784, 1024, 1024, 10}, 512, threads};
        const int guarded = threads == 1 ? GUARDED : OTHER;
        add(training_job("step-", Part::STEPS, small), COURSE | (is_best ? GUARDED : guarded));
        add(training_job("step_skipping-", Part::STEPS, small.skipping()), COURSE | guarded);
        add(training_job("step-", Part::STEPS, deep), COURSE);
        add(training_job("evaluation-", Part::EVALUATION, small), COURSE | guarded);
        if (tier->peak) {
            add(training_job("step-", Part::STEPS, large), OTHER);
            add(training_job("evaluation-", Part::EVALUATION, large), OTHER);
        }
        if (threads == 1)
            add(training_job("predict-", Part::PREDICTION, small), GUARDED);
        else if (is_best)
            add(training_job("setup-", Part::SETUP, small), GUARDED);
    }
};

} // namespace

std::vector<Job> all_jobs(const bench_command &command, const tp_tier *best)
{
    const bool is_guarding = command.mode == BENCH_WORKLOAD;
    List list;
    bool is_past = false;
    for (const tp_tier *const *next = tp_tiers; *next && !is_past; next++) {
        const tp_tier *tier = *next;
        is_past = tier == best;
        if (!tp_tier_runs_here(tier) || (command.isa_given && tier != best) ||
            (is_guarding && !tier->peak && tier != best))
            continue;
        for (size_t t = 0; t < command.thread_count; t++) {
            const size_t threads = command.threads[t];
            if (threads == 1)
                list.add(guarded_calls(), tier, 1, GUARDED);
            if (!is_guarding) {
                list.add(course_calls(32), tier, threads, COURSE);
                list.add(other_calls(), tier, threads, OTHER);
            }
            list.add_networks(tier, threads, tier == best);
        }
    }
    list.add(load_job("load-mnist-gzip", 10000 * (784 + 1), 10000, load_mnist), COURSE | GUARDED);
    list.add(load_job("load-csv", 0, 10000, load_csv), GUARDED);
    return std::move(list.jobs);
}
