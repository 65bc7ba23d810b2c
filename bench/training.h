/*
 * Steps, evaluations and set-up of the real trainer, timed from outside, on made-up samples: a step takes as
 * long whatever it learns.
 */
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

    size_t layers() const { return sizes.size() - 1; }
    // Of a layer, from 0: the constant 1 for the first one's bias is an input.
    size_t inputs(size_t layer) const { return sizes[layer] + (layer == 0); }
    // 2 rows x inputs x units for each product: of a step, and of the evaluation of one sample.
    double step_flops() const;
    double sample_flops() const;
    std::string name() const; // "784-64-10"
};

class Training
{
  public:
    explicit Training(const Network &network);

    // Throws unless the tier trains the weights that the reference tier trains, in two steps.
    void verify() const;
    // Steps; evaluations of kEvaluated samples; all that a run does before its first step, if it chooses its
    // threads; predictions of one sample by a model, as programs that embed it make them.
    void run_steps(size_t times, Watch &watch);
    void run_evaluations(size_t times, Watch &watch);
    void run_setups(size_t times, Watch &watch);
    void run_predictions(size_t times, Watch &watch);

  private:
    enum class Part { NOTHING, STEPS, EVALUATION, SETUP };
    struct Timing;

    const Network network_;
    const size_t steps_; // of one run, at most
    std::vector<uint8_t> samples_;
    std::vector<uint16_t> labels_;
    std::shared_ptr<tileprop_model> model_; // of predictions

    std::shared_ptr<tileprop_model> train(const tp_tier *tier, size_t threads, size_t steps, Part part,
                                          Watch &watch) const;
};
