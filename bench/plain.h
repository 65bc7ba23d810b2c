// The comparison network: a peer's GEMM on row-major matrices, plain loops on one thread for everything else.
#pragma once

#include "call.h"
#include "peers.h"
#include "training.h"

extern "C" {
#include "loops.h"
}

class PlainNetwork
{
  public:
    // Initial values are the same for all peers. Uses the peer's current thread count. Throws if the peer does not
    // support the network.
    PlainNetwork(const Peer &peer, const Network &network);

    struct Operation {
        Product product;
        std::function<void()> run;
    };
    // The product of a layer alone, and with its epilogue.
    const Operation &operation(Verb verb, size_t layer) const { return layers_[layer].operation[verb]; }
    void run_verb(Verb verb, size_t layer);
    // Converts samples to floats in order, then forward, loss, backward, update. Returns the mean loss.
    float step();
    // Of whole batches, at least kEvaluated samples.
    void evaluate();

    tp_optimizer optimizer = rule_of(TILEPROP_MOMENTUM);

  private:
    struct Layer {
        size_t inputs, units;
        Floats weights, gradient, velocity; // [inputs x units]
        Floats transposed;                  // [units x inputs], for a peer that needs it
        Operation operation[UPDATE + 1];    // by verb
    };

    const Peer &peer_;
    const loops *const loops_; // with the vectors of the network's tier
    const size_t batch_;
    std::vector<Floats> a_, d_; // activations, gradients at the sums [batch x width]
    std::vector<Layer> layers_;
    std::vector<uint8_t> samples_; // [batch x inputs]

    void add_layer(size_t inputs, size_t units);
    void forward();
    float loss();
};
