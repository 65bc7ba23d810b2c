/*
 * A network as one writes it around somebody's matrix product without this project: row-major matrices,
 * plain loops for all else. What the benchmarks compare with.
 */
#pragma once

#include "peers.h"
#include "training.h"

struct plain_layer {
    size_t inputs, units;
    struct bench_product forward, backward, update; /* of the first layer there is no backward */
    float *w, *gradient, *velocity;                 /* [inputs x units] */
    float *transposed; /* [units x inputs], for a peer that needs it; else NULL */
};

struct plain_network {
    const struct bench_peer *peer;
    const struct loops *loops; /* with the vectors of the network's tier */
    struct tp_optimizer optimizer;
    size_t batch, layers;
    struct plain_layer layer[BENCH_LAYERS_MAX - 1];
    float *a[BENCH_LAYERS_MAX], *d[BENCH_LAYERS_MAX]; /* activations, gradients at the sums [batch x width] */
    uint8_t *samples;                                 /* [batch x inputs] */
    uint16_t *labels;                                 /* [batch] */
};

/*
 * Makes the network, equal for all peers; its peer uses as many threads as it was last told to.
 * plain_destroy() it afterwards, also when this is false: the peer cannot do it, or there is no memory.
 */
bool plain_create(struct plain_network *p, const struct bench_peer *peer,
                  const struct bench_network *network);
void plain_destroy(struct plain_network *p);

/* The samples, in the order in which they lie, become floats; forward, loss, backward, update: mean loss. */
float plain_step(struct plain_network *p);

/* Part of a network, as a bench_run_fn's context. */
struct plain_part {
    struct plain_network *network;
    enum { PLAIN_PRODUCT, PLAIN_VERB, PLAIN_STEP, PLAIN_EVALUATION } what;
    enum bench_verb verb; /* of a layer's product, alone or with what our verb fuses to it */
    size_t layer;
};

bench_run_fn plain_run;

const struct bench_product *plain_product(const struct plain_part *part);
