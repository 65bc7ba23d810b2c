#include "jobs.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

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

using Part = void (Training::*)(size_t times, Watch &watch);

Job training_job(const char *what, Part part, const Network &network)
{
    Job job = {name_of(network.tier, what + network.name(), network.threads), network.tier, network.threads};
    if (part == &Training::run_steps) {
        job.flops = network.step_flops();
        job.items = static_cast<double>(network.batch);
    } else if (part == &Training::run_evaluations) {
        job.flops = kEvaluated * network.sample_flops();
        job.items = kEvaluated;
    }
    job.verify = [=] { Training(network).verify(); };
    job.prepare = [=] {
        const auto training = std::make_shared<Training>(network);
        return [=](size_t times, Watch &watch) { ((*training).*part)(times, watch); };
    };
    return job;
}

// Files are in the page cache.
using Load = std::function<tileprop_status(tp_dataset *, tp_error *)>;

void run_load(const Load &load, size_t times, Watch &watch)
{
    for (size_t i = 0; i < times; i++) {
        tp_dataset loaded{};
        tp_error error;
        watch.start();
        const tileprop_status status = load(&loaded, &error);
        watch.stop();
        tp_dataset_free(&loaded);
        check(status, error);
    }
}

Job gzip_job()
{
    Job job = {"load-mnist-gzip", nullptr, 1, 0, 10000 * (784 + 1), 10000};
    job.prepare = [] {
        std::string path(PATH_MAX, '\0');
        tp_error found;
        check(tp_data_path_find("data/mnist", path.data(), path.size(), &found), found);
        const Load load = [=](tp_dataset *loaded, tp_error *error) {
            return tp_idx_load(path.c_str(), "t10k", loaded, error);
        };
        return [=](size_t times, Watch &watch) { run_load(load, times, watch); };
    };
    return job;
}

// A file of 10,000 rows of 20 numbers with six digits, and a class; removed in the end.
std::shared_ptr<const std::string> write_table()
{
    std::string path = std::filesystem::temp_directory_path() / "tileprop-bench-XXXXXX";
    const int descriptor = mkstemp(path.data());
    std::FILE *out = descriptor < 0 ? nullptr : fdopen(descriptor, "w");
    if (!out)
        throw Failure(TILEPROP_FAILURE, path + ": " + std::strerror(errno));
    for (uint32_t i = 0; i < 200'000; i++) {
        std::fprintf(out, "%.6g,", i * 2654435761U % 1'000'000 / 1000.0 - 500);
        if (i % 20 == 19)
            std::fputs(i % 3 ? "many\n" : "few\n", out);
    }
    const bool is_written = std::fclose(out) == 0;
    const std::shared_ptr<const std::string> file(new std::string(path), [](const std::string *name) {
        std::remove(name->c_str());
        delete name;
    });
    return is_written ? file : throw Failure(TILEPROP_FAILURE, path + ": cannot be written");
}

Job csv_job()
{
    Job job = {"load-csv", nullptr, 1, 0, 0, 10000};
    job.prepare = [] {
        const auto path = write_table();
        const Load load = [=](tp_dataset *loaded, tp_error *error) {
            tp_data_loader source{};
            source.path = path->c_str();
            source.table.header = TP_HEADER_NO;
            source.table.label = "last";
            tp_schema schema{};
            const tileprop_status status = tp_data_loader_read(&source, &schema, loaded, error);
            tp_schema_free(&schema);
            return status;
        };
        return [=](size_t times, Watch &watch) { run_load(load, times, watch); };
    };
    return job;
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
    for (int verb = APPLY; verb < VERBS; verb++)
        calls.push_back({.verb = static_cast<Verb>(verb), .m = 512, .n = 1024});
    for (const auto rule : {TILEPROP_SGD, TILEPROP_LECUN_MOMENTUM, TILEPROP_NESTEROV, TILEPROP_ADAM})
        for (const size_t width : {64U, 1024U})
            calls.push_back({.verb = UPDATE, .m = width, .n = width, .k = 32, .optimizer = rule});
    return calls;
}

Calls guarded_calls()
{
    return {{.verb = FORWARD, .m = 32, .n = 64, .k = 785},
            {.verb = FORWARD, .m = 32, .n = 64, .k = 64},
            {.verb = FORWARD, .m = 32, .n = 10, .k = 64, .activation = TILEPROP_LINEAR},
            {.verb = FORWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU},
            {.verb = BACKWARD, .m = 32, .n = 64, .k = 64},
            {.verb = BACKWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU},
            {.verb = UPDATE, .m = 785, .n = 64, .k = 32, .first_layer = true},
            {.verb = UPDATE, .m = 64, .n = 64, .k = 32},
            {.verb = UPDATE, .m = 512, .n = 512, .k = 256, .optimizer = TILEPROP_ADAM},
            {.verb = PACK_U8, .m = 32, .n = 784},
            {.verb = PACK_F32, .m = 32, .n = 784},
            {.verb = LOSS, .m = 32, .n = 10},
            {.verb = SIGMOID, .m = 32, .n = 64},
            {.verb = LECUN_TANH, .m = 32, .n = 64}};
}

// The products of --gemm, whose text the command has checked.
Calls asked_calls(const char *shapes)
{
    Calls calls;
    size_t m, n, k;
    for (int length; std::sscanf(shapes, "%zux%zux%zu%n", &m, &n, &k, &length) == 3;) {
        for (const Verb verb : {FORWARD, BACKWARD, UPDATE})
            calls.push_back({.verb = verb, .m = m, .n = n, .k = k});
        shapes += length + (shapes[length] == ',');
    }
    return calls;
}

enum Place { OTHER = 0, COURSE = 1, GUARDED = 2 };

class List
{
  public:
    std::vector<Job> jobs;

    void add(Job job, int places)
    {
        auto kept = std::find_if(jobs.begin(), jobs.end(), [&](const Job &j) { return j.name == job.name; });
        if (kept == jobs.end())
            kept = jobs.insert(kept, std::move(job));
        kept->is_course |= (places & COURSE) != 0;
        kept->is_guarded |= (places & GUARDED) != 0;
    }
    void add(const Calls &calls, const tp_tier *tier, size_t threads, int places)
    {
        constexpr double kReferenceFlops = 2e8; // the reference takes seconds for more
        for (const Call &call : calls)
            if (tier->peak || call.flops() <= kReferenceFlops)
                add(call_job(call, tier, threads), places);
    }
    void add_networks(const tp_tier *tier, size_t threads, bool is_best)
    {
        const Network small = {tier, {784, 64, 10}, 32, threads}, deep = {tier, {784, 64, 64, 10}, 32, threads},
                      large = {tier, {784, 1024, 1024, 10}, 512, threads};
        const int guarded = threads == 1 ? GUARDED : OTHER;
        add(training_job("step-", &Training::run_steps, small), COURSE | (is_best ? GUARDED : guarded));
        add(training_job("step-", &Training::run_steps, deep), COURSE);
        add(training_job("evaluation-", &Training::run_evaluations, small), COURSE | guarded);
        if (tier->peak) {
            add(training_job("step-", &Training::run_steps, large), OTHER);
            add(training_job("evaluation-", &Training::run_evaluations, large), OTHER);
        }
        if (threads == 1)
            add(training_job("predict-", &Training::run_predictions, small), GUARDED);
        else if (is_best)
            add(training_job("setup-", &Training::run_setups, small), GUARDED);
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
            if (command.gemm) {
                list.add(asked_calls(command.gemm), tier, threads, COURSE);
                continue;
            }
            if (threads == 1)
                list.add(guarded_calls(), tier, 1, GUARDED);
            if (!is_guarding) {
                list.add(course_calls(32), tier, threads, COURSE);
                list.add(other_calls(), tier, threads, OTHER);
            }
            list.add_networks(tier, threads, tier == best);
        }
    }
    if (!command.gemm) {
        list.add(gzip_job(), COURSE | GUARDED);
        list.add(csv_job(), GUARDED);
    }
    return std::move(list.jobs);
}
