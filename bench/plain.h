/*
 * A network as one writes it around somebody's matrix product without this project: row-major matrices, plain
 * loops for all else. What the benchmarks compare with.
 */
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
    // Equal for all peers. Its peer uses as many threads as it was last told to. Throws if the peer cannot do
    // it.
    PlainNetwork(const Peer &peer, const Network &network);

    // The product of a layer alone, and with what our verb fuses to it.
    const Product &product(Verb verb, size_t layer) const;
    void run_product(Verb verb, size_t layer) const;
    void run_verb(Verb verb, size_t layer);
    // The samples, in the order in which they lie, become floats; forward, loss, backward, update: mean loss.
    float step();
    // Of whole batches, at least kEvaluated samples.
    void evaluate();

    tp_optimizer optimizer = rule_of(TILEPROP_MOMENTUM);

  private:
    struct Operation {
        Product product;
        std::function<void()> run;
    };
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
