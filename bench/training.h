// Steps, evaluations, set-up and predictions through the public API, timed by callbacks on synthetic samples. Their
// zeros matter only to steps that skip them.
#pragma once

#include <memory>
#include <string>

#include "timing.h"

extern "C" {
#include "kernels/kernels.h"
#include "tileprop/run.h"
}

constexpr size_t kEvaluated = 2048; // samples of one evaluation

// A network for the trainer's defaults: improved sigmoid, momentum.
struct Network {
    const tp_tier *tier;
    std::vector<size_t> sizes; // features, hidden layers, classes
    size_t batch, threads;
    bool skips = false; // steps skip zeros of the samples

    size_t layers() const { return sizes.size() - 1; }
    // Fan-in of a layer, counted from 0; the first layer's bias is an extra input.
    size_t inputs(size_t layer) const { return sizes[layer] + (layer == 0); }
    // 2 rows x inputs x units per product, without skipped elements.
    double step_flops() const;
    double sample_flops() const;
    std::string name() const; // "784-64-10"
    Network skipping() const { return {tier, sizes, batch, threads, true}; }
};

// What is timed: training steps; evaluations of kEvaluated samples; everything before a run's first step, including the
// choice of threads; predictions of one sample.
enum class Part { STEPS, EVALUATION, SETUP, PREDICTION };

class Training
{
  public:
    explicit Training(const Network &network);

    // Throws unless two steps give the same weights as on the reference tier, which multiplies everything.
    void verify() const;
    void run(Part part, size_t times, Watch &watch);

  private:
    struct Timing;

    const Network network_;
    const size_t steps_; // per run, at most
    std::vector<uint8_t> samples_;
    std::vector<uint16_t> labels_;
    std::shared_ptr<tileprop_model> model_; // for predictions

    std::shared_ptr<tileprop_model> train(size_t steps, Part part, Watch &watch) const;
};
