#include "training.h"

#include <algorithm>

#include "call.h"

extern "C" {
#include "system/cpus.h"
}

constexpr double kRunFlops = 4e9, kStepsMax = 128; // per run
constexpr size_t kSetupEpochs = 1000000;           // long enough for the search for a plan to pay off

double Network::sample_flops() const
{
    double flops = 0;
    for (size_t l = 0; l < layers(); l++)
        flops += 2.0 * static_cast<double>(inputs(l) * sizes[l + 1]);
    return flops;
}

double Network::step_flops() const
{
    // No gradient reaches the inputs of the first layer, and only its forward and update skip zeros.
    const double first = 2.0 * static_cast<double>(inputs(0) * sizes[1]), skipped = skips ? 1 - kPercent / 100.0 : 0;
    return static_cast<double>(batch) * (3 * sample_flops() - first - 2 * skipped * first);
}

std::string Network::name() const
{
    std::string name;
    for (const size_t size : sizes)
        name += (name.empty() ? "" : "-") + std::to_string(size);
    return name;
}

Training::Training(const Network &network)
    : network_(network), steps_(static_cast<size_t>(std::clamp(kRunFlops / network.step_flops(), 1.0, kStepsMax)))
{
    const size_t rows = std::max((steps_ + 1) * network.batch, kEvaluated);
    samples_ = make_bytes(rows * network.sizes[0]);
    for (size_t r = 0; r < rows; r++)
        labels_.push_back(static_cast<uint16_t>(r % network.sizes.back()));
}

// The context of a run's callbacks.
struct Training::Timing {
    Part part;
    size_t last; // step
    Watch &watch;

    static void saw_start(void *context, const tileprop_run *)
    {
        const Timing &timing = *static_cast<Timing *>(context);
        if (timing.part == Part::SETUP)
            timing.watch.stop();
    }
    // The run evaluates after its first step, whose start no callback reports.
    static int saw_progress(void *context, const tileprop_progress *progress)
    {
        const auto &[part, last, watch] = *static_cast<Timing *>(context);
        const bool is_first = progress->step == 0, is_step = !progress->evaluated;
        if (is_first && part == (is_step ? Part::EVALUATION : Part::STEPS))
            watch.start();
        else if (part == Part::STEPS ? is_step && progress->step == last : part == Part::EVALUATION && is_first)
            watch.stop();
        return part == Part::SETUP;
    }
};

std::shared_ptr<tileprop_model> Training::train(size_t steps, Part part, Watch &watch) const
{
    const bool is_setup = part == Part::SETUP;
    Timing timing = {part, steps, watch};
    tileprop_run_options run{};
    run.size = sizeof run;
    run.context = &timing;
    run.started = Timing::saw_start;
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = network_.layers() - 1;
    std::copy_n(network_.sizes.begin() + 1, options.hidden_count, options.hidden);
    options.batch = network_.batch;
    options.epochs = is_setup ? kSetupEpochs : 1;
    options.evals_per_epoch = 1;
    options.threads = network_.threads;
    options.threads_exact = is_setup ? 0 : network_.threads;
    options.zeros = is_setup ? TILEPROP_ZEROS_AUTO : network_.skips ? TILEPROP_ZEROS_SKIP : TILEPROP_ZEROS_MULTIPLY;
    options.isa = network_.tier->name;
    options.progress = Timing::saw_progress;
    options.context = &timing;
    options.run = &run;
    tileprop_data data{};
    data.size = sizeof data;
    data.samples = samples_.data();
    data.type = TILEPROP_U8;
    data.labels = labels_.data();
    data.label_type = TILEPROP_U16;
    data.rows = (steps + 1) * network_.batch;
    data.features = network_.sizes.front();
    data.classes = network_.sizes.back();
    tileprop_data validation = data;
    validation.rows = part == Part::EVALUATION ? kEvaluated : 1;
    tileprop_model *model = nullptr;
    tp_error error;
    if (is_setup)
        watch.start();
    check(tileprop_train(&options, &data, &validation, is_setup ? nullptr : &model, nullptr, nullptr, error.text,
                         sizeof error.text),
          error);
    return {model, tileprop_model_free};
}

void Training::verify() const
{
    Watch watch;
    const Training reference({tp_tiers[0], network_.sizes, network_.batch, tp_cpus_available()});
    const auto expected = reference.train(1, Part::PREDICTION, watch), ours = train(1, Part::PREDICTION, watch);
    if (tileprop_model_hash(ours.get()) != tileprop_model_hash(expected.get()))
        throw Failure(TILEPROP_FAILURE, std::string("step: ") + network_.tier->name +
                                            " trains different weights than the reference tier");
}

void Training::run(Part part, size_t times, Watch &watch)
{
    if (part != Part::PREDICTION) {
        for (size_t steps; times > 0; times -= steps) {
            steps = part == Part::STEPS ? std::min(times, steps_) : 1;
            train(steps, part, watch);
        }
        return;
    }
    if (!model_) {
        tp_error error;
        model_ = train(1, part, watch);
        check(tileprop_model_use_isa(model_.get(), network_.tier->name, error.text, sizeof error.text), error);
    }
    std::vector<float> probabilities(network_.sizes.back());
    watch.start();
    for (size_t i = 0; i < times; i++)
        tileprop_predict_u8(model_.get(), samples_.data(), 1, probabilities.data(), nullptr);
    watch.stop();
}
