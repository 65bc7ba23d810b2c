/*
 * What one writes around somebody's matrix product without this project: plain loops over row-major matrices,
 * for one verb and for a whole training step. What the benchmarks compare with.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peers.h"

/* Loops with the vectors of this tier from now on, which runs here; at first with those of any CPU. */
void plain_limit(const struct tp_tier *tier);

/* f of count values in place; f' written in the activations times count values in place. */
void plain_activate(tileprop_activation activation, float *z, size_t count);
void plain_slope(tileprop_activation activation, float *d, const float *a, size_t count);

/* The optimizer's rule on count weights, in whatever layout: it looks at one weight at a time. */
void plain_rule(const struct tp_optimizer *optimizer, float *w, const float *g, float *const state[2],
                size_t count);

/* out [columns x rows] */
void plain_transpose(const float *in, size_t rows, size_t columns, float *out);

/* A peer's product with what our verb fuses to it, and memory for it. */
struct plain_call {
    struct bench_product product;
    struct bench_call call;
    struct tp_optimizer optimizer;
    float *a, *b, *c, *activations;
    float *weights, *state[2], *transposed; /* of an update, whose gradient is c */
};

/*
 * Operands with the values that bench_fill() gives. plain_call_destroy() them afterwards, on error too.
 * False: the peer cannot do it, or there is no memory.
 */
bool plain_call_create(struct plain_call *p, const struct bench_peer *peer, const struct bench_call *call);
void plain_call_destroy(struct plain_call *p);

/* The product alone, and the whole verb, so many times. context is a struct plain_call. */
void plain_call_product(void *context, size_t times);
void plain_call_verb(void *context, size_t times);

/*
 * Runs the product once and writes it row-major into result [m x n]. False if the peer cannot give it.
 */
bool plain_call_result(struct plain_call *p, float *result);

#define PLAIN_LAYERS 66

/* A network with three products per layer; backward of the first is not made. */
struct plain_network {
    size_t layers, batch;
    size_t width[PLAIN_LAYERS + 1]; /* inputs (the constant one among them), hidden layers, classes */
    tileprop_activation activation;
    struct tp_optimizer optimizer;
    struct bench_product forward[PLAIN_LAYERS], backward[PLAIN_LAYERS], update[PLAIN_LAYERS];
    float *w[PLAIN_LAYERS], *g[PLAIN_LAYERS], *state[PLAIN_LAYERS][2];
    float *transposed[PLAIN_LAYERS];                  /* for peers that need it; else NULL */
    float *a[PLAIN_LAYERS + 1], *d[PLAIN_LAYERS + 1]; /* activations and gradients at z, [batch x width] */
    uint8_t *samples;                                 /* [batch x inputs] */
    uint16_t *labels;
};

/* Random weights, samples and labels. plain_network_destroy() it afterwards, on error too. */
bool plain_network_create(struct plain_network *p, const struct bench_peer *peer, const size_t *width,
                          size_t layers, size_t batch, tileprop_activation activation,
                          tileprop_optimizer rule);
void plain_network_destroy(struct plain_network *p);

/*
 * The samples, in the order in which they lie and all normalised alike, become floats; then forward, softmax
 * and cross-entropy, backward, update. Returns the mean loss.
 */
float plain_network_step(struct plain_network *p);
