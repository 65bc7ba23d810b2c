#include "training.h"

#include <algorithm>

#include "call.h"

extern "C" {
#include "system/cpus.h"
}

namespace
{

constexpr double kRunFlops = 4e9, kStepsMax = 128; // of the steps of one run
constexpr size_t kSetupEpochs = 1000000;           // of a run for which a search of the best plan pays

size_t steps_of(const Network &network)
{
    return static_cast<size_t>(std::clamp(kRunFlops / network.step_flops(), 1.0, kStepsMax));
}

} // namespace

double Network::sample_flops() const
{
    double flops = 0;
    for (size_t l = 0; l < layers(); l++)
        flops += 2.0 * static_cast<double>(inputs(l) * sizes[l + 1]);
    return flops;
}

double Network::step_flops() const
{
    // No gradient reaches the inputs of the first layer.
    return static_cast<double>(batch) * (3 * sample_flops() - 2.0 * static_cast<double>(inputs(0) * sizes[1]));
}

std::string Network::name() const
{
    std::string name;
    for (const size_t size : sizes)
        name += (name.empty() ? "" : "-") + std::to_string(size);
    return name;
}

Training::Training(const Network &network) : network_(network), steps_(steps_of(network))
{
    const size_t rows = std::max((steps_ + 1) * network.batch, kEvaluated);
    samples_ = make_bytes(rows * network.sizes[0]);
    for (size_t r = 0; r < rows; r++)
        labels_.push_back(static_cast<uint16_t>(r % network.sizes.back()));
}

// What the callbacks of one run need.
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
    // The run evaluates after its first step, which has no beginning that could be seen.
    static int saw_progress(void *context, const tileprop_progress *progress)
    {
        const Timing &timing = *static_cast<Timing *>(context);
        const bool is_evaluation = progress->evaluated, is_first = progress->step == 0;
        if ((timing.part == Part::STEPS && is_evaluation) ||
            (timing.part == Part::EVALUATION && is_first && !is_evaluation))
            timing.watch.start();
        else if ((timing.part == Part::STEPS && progress->step == timing.last) ||
                 (timing.part == Part::EVALUATION && is_first))
            timing.watch.stop();
        return timing.part == Part::SETUP;
    }
};

std::shared_ptr<tileprop_model> Training::train(const tp_tier *tier, size_t threads, size_t steps, Part part,
                                                Watch &watch) const
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
    options.threads = threads;
    options.threads_exact = is_setup ? 0 : threads;
    options.isa = tier->name;
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
    const auto expected = train(tp_tiers[0], tp_cpus_available(), 1, Part::NOTHING, watch);
    const auto ours = train(network_.tier, network_.threads, 1, Part::NOTHING, watch);
    if (tileprop_model_hash(ours.get()) != tileprop_model_hash(expected.get()))
        throw Failure(TILEPROP_FAILURE, std::string("step: ") + network_.tier->name +
                                            " does not train the weights that reference trains");
}

void Training::run_steps(size_t times, Watch &watch)
{
    for (size_t left = times, steps; left > 0; left -= steps) {
        steps = std::min(left, steps_);
        train(network_.tier, network_.threads, steps, Part::STEPS, watch);
    }
}

void Training::run_evaluations(size_t times, Watch &watch)
{
    for (size_t i = 0; i < times; i++)
        train(network_.tier, network_.threads, 1, Part::EVALUATION, watch);
}

void Training::run_setups(size_t times, Watch &watch)
{
    for (size_t i = 0; i < times; i++)
        train(network_.tier, network_.threads, 1, Part::SETUP, watch);
}

void Training::run_predictions(size_t times, Watch &watch)
{
    if (!model_) {
        tp_error error;
        model_ = train(network_.tier, 1, 1, Part::NOTHING, watch);
        check(tileprop_model_use_isa(model_.get(), network_.tier->name, error.text, sizeof error.text), error);
    }
    std::vector<float> probabilities(network_.sizes.back());
    watch.start();
    for (size_t i = 0; i < times; i++)
        tileprop_predict_u8(model_.get(), samples_.data(), 1, probabilities.data(), nullptr);
    watch.stop();
}
