/*
 * The training step as one writes it without this project: row-major matrices, a GEMM from somewhere, plain
 * loops around it. What the benchmarks compare with.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stddef.h>

#include "peers.h"

#define PLAIN_LAYERS 8

struct plain {
    plain_gemm_fn *gemm;
    size_t layers, batch;
    size_t width[PLAIN_LAYERS + 1]; /* inputs (the constant one among them), hidden layers, classes */
    float *w[PLAIN_LAYERS], *v[PLAIN_LAYERS], *g[PLAIN_LAYERS], *wt[PLAIN_LAYERS];
    float *a[PLAIN_LAYERS + 1], *d[PLAIN_LAYERS + 1]; /* activations and gradients at z, [batch x width] */
};

/* Small random weights and inputs. Returns 0, or -1 without memory. */
int plain_create(struct plain *p, plain_gemm_fn *gemm, const size_t *width, size_t layers, size_t batch);
void plain_destroy(struct plain *p);

/* Forward with 1.7159 tanh(2z/3), softmax and cross-entropy, backward, momentum. Returns the mean loss. */
float plain_step(struct plain *p, const unsigned char *labels);

#endif
