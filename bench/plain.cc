#include "plain.h"

#include <cmath>
#include <cstring>

extern "C" const loops *loops_of(const tp_tier *tier)
{
#define TP_TIER(listed, runs_here)                                                                                     \
    if (std::strcmp(tier->name, #listed) == 0)                                                                         \
        return &loops_##listed;
#include "kernels/tiers.def"
    return &loops_reference;
}

namespace
{

// out [columns x rows]; blocked by cache lines, so that each line stays in L1 while it is used.
void transpose(const float *in, size_t rows, size_t columns, float *out)
{
    constexpr size_t kBlock = 16;
    for (size_t row = 0; row < rows; row += kBlock)
        for (size_t column = 0; column < columns; column += kBlock)
            for (size_t c = column; c < std::min(column + kBlock, columns); c++)
                for (size_t r = row; r < std::min(row + kBlock, rows); r++)
                    out[c * rows + r] = in[r * columns + c];
}

} // namespace

PlainNetwork::PlainNetwork(const Peer &peer, const Network &network)
    : peer_(peer), loops_(loops_of(network.tier)), batch_(network.batch)
{
    for (size_t l = 0; l <= network.layers(); l++) {
        a_.push_back(make_floats(batch_ * network.inputs(l), 0.9F));
        d_.push_back(make_floats(batch_ * network.inputs(l), 0.5F));
    }
    for (size_t l = 0; l < network.layers(); l++)
        add_layer(network.inputs(l), network.sizes[l + 1]);
    samples_ = make_bytes(batch_ * network.inputs(0));
}

void PlainNetwork::add_layer(size_t inputs, size_t units)
{
    const size_t l = layers_.size(), count = inputs * units;
    const bool twice = peer_.needs_transposed;
    Layer layer = {inputs,
                   units,
                   make_floats(count, 1 / std::sqrt(static_cast<float>(inputs))),
                   make_floats(count, 0),
                   make_floats(count, 0),
                   make_floats(twice ? count : 0, 0),
                   {}};
    const float *const w = layer.weights.get();
    if (twice)
        transpose(w, inputs, units, layer.transposed.get());
    const Product products[] = {
        {batch_, units, inputs, false, false, a_[l].get(), w, a_[l + 1].get()},
        {batch_, inputs, units, false, !twice, d_[l + 1].get(), twice ? layer.transposed.get() : w, d_[l].get()},
        {inputs, units, batch_, true, false, a_[l].get(), d_[l + 1].get(), layer.gradient.get()}};
    for (int verb = FORWARD; verb <= UPDATE; verb++)
        layer.operation[verb] = {products[verb], peer_.prepare(products[verb])};
    layers_.push_back(std::move(layer));
}

void PlainNetwork::run_verb(Verb verb, size_t l)
{
    Layer &layer = layers_[l];
    layer.operation[verb].run();
    if (verb == FORWARD && l + 1 < layers_.size())
        loops_->activate(a_[l + 1].get(), batch_ * layer.units);
    if (verb == BACKWARD)
        loops_->derive(d_[l].get(), a_[l].get(), batch_ * layer.inputs);
    if (verb == UPDATE)
        loops_->momentum(&optimizer, layer.weights.get(), layer.gradient.get(), layer.velocity.get(),
                         layer.inputs * layer.units);
    if (verb == UPDATE && peer_.needs_transposed && l > 0)
        transpose(layer.weights.get(), layer.inputs, layer.units, layer.transposed.get());
}

void PlainNetwork::forward()
{
    loops_->pack(samples_.data(), a_[0].get(), samples_.size());
    for (size_t l = 0; l < layers_.size(); l++)
        run_verb(FORWARD, l);
}

float PlainNetwork::loss()
{
    const size_t classes = layers_.back().units;
    float sum = 0;
    for (size_t r = 0; r < batch_; r++)
        sum += loops_->softmax(a_.back().get() + r * classes, d_.back().get() + r * classes, classes, r % classes,
                               1 / static_cast<float>(batch_));
    return sum / static_cast<float>(batch_);
}

float PlainNetwork::step()
{
    forward();
    const float mean = loss();
    for (size_t l = layers_.size(); l-- > 1;)
        run_verb(BACKWARD, l);
    for (size_t l = 0; l < layers_.size(); l++)
        run_verb(UPDATE, l);
    return mean;
}

void PlainNetwork::evaluate()
{
    for (size_t rows = 0; rows < kEvaluated; rows += batch_) {
        forward();
        loss();
    }
}
