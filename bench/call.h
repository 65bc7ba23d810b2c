// A call: one verb with a shape and operands, run repeatedly.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "timing.h"

extern "C" {
#include "kernels/kernels.h"
}

enum Verb {
    FORWARD,  // [m x k] [k x n], then the activation
    BACKWARD, // [m x k] [n x k]^T, then times f'
    UPDATE,   // [k x m]^T [k x n], then the optimizer's rule on all m x n weights
    APPLY,    // the rule alone on m x n weights
    REFRESH,  // the transposed copy of m x n weights
    PACK_U8,  // m samples of n features
    PACK_F32,
    LOSS, // m rows of n classes
    SOFTMAX,
    EXP,
    LOG,
    SIGMOID,
    LECUN_TANH,
    TANH,
    RELU,          // m x n values
    FORWARD_BYTES, // FORWARD from bytes, of which kPercent are not 0
    VERBS
};

struct Call {
    Verb verb;
    size_t m, n, k = 1;                                   // k: of products
    tileprop_activation activation = TILEPROP_LECUN_TANH; // forward, backward
    tileprop_optimizer optimizer = TILEPROP_MOMENTUM;     // update, apply
    bool first_layer = false; // update, apply: no transposed copy, as no gradient reaches the inputs
    bool bare = false;        // GEMM only, no epilogue; update writes the gradient
    bool marked = false;      // forward, update, pack: skips inputs that are 0; kPercent are not

    bool is_product() const { return verb <= UPDATE || verb == FORWARD_BYTES; }
    // "forward-32x64x785"; an epilogue that is not the default follows: "update-64x10x32-adam".
    std::string name() const;
    // Elements of a product's left operand, without skipped ones; otherwise 0.
    double inputs() const;
    // 2 m n k for a product, without its epilogue and skipped elements; otherwise 0.
    double flops() const;
    // Minimum memory traffic: every operand once.
    double bytes() const;
};

// The optimizer with the usual constants, but a learning rate so small that no weight ever changes.
tp_optimizer rule_of(tileprop_optimizer kind);

// Memory aligned as in the trainer: to cache lines, or to huge pages if large.
using Floats = std::unique_ptr<float[], decltype(&std::free)>;

// Deterministic pseudo-random values in [-scale, scale).
Floats make_floats(size_t count, float scale);

// Percentage of inputs that are not 0, as in MNIST.
constexpr size_t kPercent = 19;

// Deterministic pseudo-random bytes, of which kPercent are not 0.
std::vector<uint8_t> make_bytes(size_t count);

// The operands of a call, equal for every tier.
class Operands
{
  public:
    // multiplies: a marked call runs as the verb that multiplies everything, on the same values.
    Operands(const Call &call, const tp_tier *tier, size_t threads, float rate = 1e-30F, bool multiplies = false);
    Operands(const Operands &) = delete;
    Operands &operator=(const Operands &) = delete;

    // Calls on a team of `threads`, with a barrier after each.
    void run(size_t times, Watch &watch) const;
    // Every element of every operand; skipped ones are 0.
    std::vector<float> elements() const;

  private:
    using Share = std::function<void(size_t member, size_t members)>; // of one call

    const tp_tier *const tier_;
    const size_t threads_;
    const bool sparse_, skips_;
    tp_optimizer rule_;
    std::vector<Floats> memory_;
    std::vector<tp_matrix> matrices_;
    tp_marks marks_{}; // of inputs_, or absent
    tp_matrix inputs_{};
    std::vector<uint64_t> words_;
    std::vector<uint8_t> bytes_;
    std::vector<float> table_;
    std::vector<const float *> values_;
    std::vector<uint16_t> labels_;
    Share share_;

    tp_matrix matrix(size_t rows, size_t columns, float scale, bool sparse = false);
    tp_matrix inputs(size_t rows, size_t columns, float scale);
    Share product(const Call &call);
    Share owner(const Call &call);
    Share rows(const Call &call);
    Share forward_bytes(const Call &call);
};

// Throws unless the tier matches the reference tier, which multiplies everything, bit for bit.
void verify(const Call &call, const tp_tier *tier);
