#include "jobs.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>

#include <unistd.h>

extern "C" {
#include "call.h"
#include "cli/data_path.h"
#include "data/schema.h"
#include "readers/data_loader.h"
#include "readers/idx.h"
}

namespace
{

std::string name_of(const std::string &what, const tp_tier *tier, size_t threads)
{
    return std::string(tier->name) + "/" + what + (threads > 1 ? "/threads:" + std::to_string(threads) : "");
}

std::string name_of(const char *what, const bench_network &network)
{
    std::string name = what;
    for (size_t i = 0; i < network.size_count; i++)
        name += "-" + std::to_string(network.sizes[i]);
    return name_of(name, network.tier, network.threads);
}

Job call_job(const bench_call &call, const tp_tier *tier, size_t threads)
{
    const auto operands = std::make_shared<bench_operands>();
    char name[BENCH_NAME_MAX];
    bench_call_name(&call, name);
    Job job = {name_of(name, tier, threads), tier, threads, bench_flops(&call), bench_bytes(&call)};
    job.create = [=](tp_error *error) { return bench_create(operands.get(), &call, tier, threads, error); };
    job.destroy = [=] { bench_destroy(operands.get()); };
    job.verify = [=](tp_error *error) { return bench_verify(&call, tier, error); };
    job.run = [=](size_t times, const bench_watch *watch, tp_error *error) {
        return bench_run_team(operands.get(), times, watch, error);
    };
    return job;
}

Job training_job(const char *what, bench_run_fn *run, const bench_network &network)
{
    const auto training = std::make_shared<bench_training>();
    Job job = {name_of(what, network), network.tier, network.threads};
    if (run == bench_run_steps) {
        job.flops = bench_step_flops(&network);
        job.items = static_cast<double>(network.batch);
    } else if (run == bench_run_evaluations) {
        job.flops = BENCH_EVALUATED * bench_sample_flops(&network);
        job.items = BENCH_EVALUATED;
    }
    job.create = [=](tp_error *error) { return bench_training_create(training.get(), &network, error); };
    job.destroy = [=] { bench_training_destroy(training.get()); };
    job.verify = [=](tp_error *error) { return bench_training_verify(training.get(), error); };
    job.run = [=](size_t times, const bench_watch *watch, tp_error *error) {
        return run(training.get(), times, watch, error);
    };
    return job;
}

// A model that has seen one sample of each class, in which all values are 0.
tileprop_status train_model(const bench_network &network, tileprop_model **model, tp_error *error)
{
    const size_t classes = network.sizes[network.size_count - 1];
    const std::vector<uint8_t> samples(classes * network.sizes[0]);
    std::vector<uint8_t> labels(classes);
    for (size_t i = 0; i < classes; i++)
        labels[i] = static_cast<uint8_t>(i);
    tileprop_data data{};
    data.size = sizeof data;
    data.samples = samples.data();
    data.type = data.label_type = TILEPROP_U8;
    data.labels = labels.data();
    data.rows = classes;
    data.features = network.sizes[0];
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = network.size_count - 2;
    std::copy_n(network.sizes + 1, options.hidden_count, options.hidden);
    options.threads_exact = options.epochs = 1;
    options.batch = classes;
    const tileprop_status status =
        tileprop_train(&options, &data, &data, model, nullptr, nullptr, error->text, sizeof error->text);
    return status ? status
                  : tileprop_model_use_isa(*model, network.tier->name, error->text, sizeof error->text);
}

// One sample at a time, as programs that embed a model predict.
Job predict_job(const bench_network &network)
{
    const auto model = std::make_shared<tileprop_model *>();
    Job job = {name_of("predict", network), network.tier, 1, 0, 0, 1};
    job.create = [=](tp_error *error) { return train_model(network, model.get(), error); };
    job.destroy = [=] { tileprop_model_free(*model); };
    job.run = [=](size_t times, const bench_watch *watch, tp_error *) {
        const std::vector<uint8_t> sample(network.sizes[0]);
        std::vector<float> probabilities(network.sizes[network.size_count - 1]);
        bench_start(watch);
        for (size_t i = 0; i < times; i++)
            tileprop_predict_u8(*model, sample.data(), 1, probabilities.data(), nullptr);
        bench_stop(watch);
        return TILEPROP_OK;
    };
    return job;
}

// A file, which is in the page cache, read by `load`.
Job load_job(const char *name, std::function<tileprop_status(const char *, tp_dataset *, tp_error *)> load)
{
    const auto path = std::make_shared<std::vector<char>>(PATH_MAX);
    Job job = {name, nullptr, 1};
    job.destroy = [] {};
    job.create = [=](tp_error *error) {
        return tp_data_path_find("data/mnist", path->data(), path->size(), error);
    };
    job.run = [=](size_t times, const bench_watch *watch, tp_error *error) {
        tileprop_status status = TILEPROP_OK;
        for (size_t i = 0; i < times && !status; i++) {
            tp_dataset loaded{};
            bench_start(watch);
            status = load(path->data(), &loaded, error);
            bench_stop(watch);
            tp_dataset_free(&loaded);
        }
        return status;
    };
    return job;
}

Job gzip_job()
{
    Job job = load_job("load-mnist-gzip", [](const char *path, tp_dataset *loaded, tp_error *error) {
        return tp_idx_load(path, "t10k", loaded, error);
    });
    job.items = 10000;
    job.bytes = 10000 * (784 + 1);
    return job;
}

// 10,000 rows of 20 numbers with six digits, and a class.
std::string table_text()
{
    std::string text;
    for (uint32_t i = 0; i < 200'000; i++) {
        char number[16];
        std::snprintf(number, sizeof number, "%.6g,", i * 2654435761U % 1'000'000 / 1000.0 - 500);
        text += number;
        if (i % 20 == 19)
            text += i % 3 ? "many\n" : "few\n";
    }
    return text;
}

Job csv_job()
{
    const auto path = std::make_shared<std::string>();
    Job job = load_job("load-csv", [=](const char *, tp_dataset *loaded, tp_error *error) {
        tp_data_loader source{};
        source.path = path->c_str();
        source.table.header = TP_HEADER_NO;
        source.table.label = "last";
        tp_schema schema{};
        const tileprop_status status = tp_data_loader_read(&source, &schema, loaded, error);
        tp_schema_free(&schema);
        return status;
    });
    job.items = 10000;
    job.create = [=](tp_error *error) {
        const std::string text = table_text();
        *path = "/tmp/tileprop-bench-XXXXXX";
        const int descriptor = mkstemp(path->data());
        std::FILE *out = descriptor < 0 ? nullptr : fdopen(descriptor, "wb");
        const bool written = out && std::fputs(text.c_str(), out) >= 0;
        if (out && std::fclose(out) == 0 && written)
            return TILEPROP_OK;
        return tp_fail(error, TILEPROP_FAILURE, "%s: %s", path->c_str(), std::strerror(errno));
    };
    job.destroy = [=] { std::remove(path->c_str()); };
    return job;
}

using Calls = std::vector<bench_call>;

bench_call make_call(bench_verb verb, size_t m, size_t n, size_t k = 1,
                     tileprop_activation activation = TILEPROP_LECUN_TANH,
                     tileprop_optimizer optimizer = TILEPROP_MOMENTUM)
{
    return {verb, m, n, k, activation, optimizer, false, false};
}

bench_call first_update(size_t batch)
{
    bench_call call = make_call(BENCH_UPDATE, 785, 64, batch);
    call.first_layer = true;
    return call;
}

void add_layer(Calls &calls, size_t batch, size_t inputs, size_t units, tileprop_activation activation)
{
    calls.push_back(make_call(BENCH_FORWARD, batch, units, inputs, activation));
    calls.push_back(make_call(BENCH_BACKWARD, batch, inputs, units));
    calls.push_back(make_call(BENCH_UPDATE, inputs, units, batch));
}

// The course's networks, 784-64-10 and 784-64-64-10; the constant 1 makes 785 inputs.
Calls course_calls(size_t batch)
{
    Calls calls = {make_call(BENCH_PACK_U8, batch, 784), make_call(BENCH_FORWARD, batch, 64, 785),
                   first_update(batch)};
    add_layer(calls, batch, 64, 64, TILEPROP_LECUN_TANH);
    add_layer(calls, batch, 64, 10, TILEPROP_LINEAR);
    calls.push_back(make_call(BENCH_LOSS, batch, 10));
    return calls;
}

Calls other_calls()
{
    Calls calls;
    for (const size_t batch : {1U, 256U, 512U, 1000U}) {
        const Calls course = course_calls(batch);
        calls.insert(calls.end(), course.begin(), course.end());
    }
    for (const size_t batch : {1U, 32U, 256U, 512U, 1000U})
        for (const size_t width : {500U, 1024U, 2048U})
            add_layer(calls, batch, width, width, TILEPROP_LECUN_TANH);
    for (int verb = BENCH_APPLY; verb < BENCH_VERBS; verb++)
        calls.push_back(make_call(static_cast<bench_verb>(verb), 512, 1024));
    for (const auto rule : {TILEPROP_SGD, TILEPROP_LECUN_MOMENTUM, TILEPROP_NESTEROV, TILEPROP_ADAM})
        for (const size_t width : {64U, 1024U})
            calls.push_back(make_call(BENCH_UPDATE, width, width, 32, TILEPROP_LECUN_TANH, rule));
    return calls;
}

Calls guarded_calls()
{
    return {make_call(BENCH_FORWARD, 32, 64, 785),
            make_call(BENCH_FORWARD, 32, 64, 64),
            make_call(BENCH_FORWARD, 32, 10, 64, TILEPROP_LINEAR),
            make_call(BENCH_FORWARD, 256, 512, 512, TILEPROP_RELU),
            make_call(BENCH_BACKWARD, 32, 64, 64),
            make_call(BENCH_BACKWARD, 256, 512, 512, TILEPROP_RELU),
            first_update(32),
            make_call(BENCH_UPDATE, 64, 64, 32),
            make_call(BENCH_UPDATE, 512, 512, 256, TILEPROP_LECUN_TANH, TILEPROP_ADAM),
            make_call(BENCH_PACK_U8, 32, 784),
            make_call(BENCH_PACK_F32, 32, 784),
            make_call(BENCH_LOSS, 32, 10),
            make_call(BENCH_SIGMOID, 32, 64),
            make_call(BENCH_LECUN_TANH, 32, 64)};
}

// The products of --gemm, whose text the command has checked.
Calls asked_calls(const char *shapes)
{
    Calls calls;
    size_t m, n, k;
    for (int length; std::sscanf(shapes, "%zux%zux%zu%n", &m, &n, &k, &length) == 3;) {
        for (const bench_verb verb : {BENCH_FORWARD, BENCH_BACKWARD, BENCH_UPDATE})
            calls.push_back(make_call(verb, m, n, k));
        shapes += length + (shapes[length] == ',');
    }
    return calls;
}

enum Place { IS_OTHER = 0, IS_COURSE = 1, IS_GUARDED = 2 };

class List
{
  public:
    std::vector<Job> jobs;

    void add(Job job, int places)
    {
        auto kept = std::find_if(jobs.begin(), jobs.end(), [&](const Job &j) { return j.name == job.name; });
        if (kept == jobs.end())
            kept = jobs.insert(kept, std::move(job));
        kept->is_course |= (places & IS_COURSE) != 0;
        kept->is_guarded |= (places & IS_GUARDED) != 0;
    }
    void add(const Calls &calls, const tp_tier *tier, size_t threads, int places)
    {
        constexpr double kReferenceFlops = 2e8; // the reference takes seconds for more
        for (const bench_call &call : calls)
            if (tier->peak || bench_flops(&call) <= kReferenceFlops)
                add(call_job(call, tier, threads), places);
    }
    void add_networks(const tp_tier *tier, size_t threads, bool is_best)
    {
        const bench_network small = {tier, {784, 64, 10}, 3, 32, threads};
        const bench_network deep = {tier, {784, 64, 64, 10}, 4, 32, threads};
        const bench_network large = {tier, {784, 1024, 1024, 10}, 4, 512, threads};
        const int guarded = threads == 1 ? IS_GUARDED : IS_OTHER;
        add(training_job("step", bench_run_steps, small), IS_COURSE | (is_best ? IS_GUARDED : guarded));
        add(training_job("step", bench_run_steps, deep), IS_COURSE);
        add(training_job("evaluation", bench_run_evaluations, small), IS_COURSE | guarded);
        if (tier->peak) {
            add(training_job("step", bench_run_steps, large), IS_OTHER);
            add(training_job("evaluation", bench_run_evaluations, large), IS_OTHER);
        }
        if (threads == 1)
            add(predict_job(small), IS_GUARDED);
        else if (is_best)
            add(training_job("setup", bench_run_setups, small), IS_GUARDED);
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
                list.add(asked_calls(command.gemm), tier, threads, tier == best ? IS_COURSE : IS_OTHER);
                continue;
            }
            if (threads == 1)
                list.add(guarded_calls(), tier, 1, IS_GUARDED);
            if (!is_guarding) {
                list.add(course_calls(32), tier, threads, IS_COURSE);
                list.add(other_calls(), tier, threads, IS_OTHER);
            }
            list.add_networks(tier, threads, tier == best);
        }
    }
    if (!command.gemm) {
        list.add(gzip_job(), IS_COURSE | IS_GUARDED);
        list.add(csv_job(), IS_GUARDED);
    }
    return std::move(list.jobs);
}
