/*
 * Other people's matrix products, to be compared with. OpenBLAS and BLIS are loaded when they are asked for,
 * so that both can stand side by side although they share names; oneDNN is part of builds that found it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "call.h"

/*
 * One product: forward and backward C [m x n] = A [m x k] B [k x n], update C [m x n] = A^T B with A [k x m].
 * All row-major and without gaps, but for the weights (B, of update C), which are in the layout that the peer
 * asks for.
 */
struct bench_product {
    const struct bench_peer *peer;
    enum bench_kind kind;
    size_t m, n, k;
    bool b_transposed; /* B is kept as [n x k]; never for a peer that says needs_transposed */
    size_t weights;    /* floats of the weights in the peer's layout */
    const float *a, *b;
    float *c;
    void *own; /* the peer's */
};

struct bench_peer {
    const char *name;                 /* "naive", "OpenBLAS", "BLIS", "oneDNN inner product", ... */
    void (*use_threads)(int threads); /* NULL: always one */
    void (*run)(const struct bench_product *product);
    bool needs_transposed; /* it multiplies with a B [k x n] only, so a network keeps its weights both ways */

    /* NULL for a peer whose layout is row-major. */

    /* Sets weights and own. False: it cannot. */
    bool (*create)(struct bench_product *product, const struct bench_product *like);
    /* a, b and c are where they will be in every run. */
    bool (*bind)(struct bench_product *product);
    void (*destroy)(struct bench_product *product);
    /* Weights from row-major to the peer's layout and back. */
    bool (*pack)(const struct bench_product *product, const float *plain, float *weights);
    bool (*unpack)(const struct bench_product *product, const float *weights, float *plain);
};

/* The most peers there can be, with the entry that ends them. */
#define BENCH_PEERS_MAX 8

/*
 * Limits the libraries to the tier's instruction set, and tells those that are older than this CPU to use all
 * of it: OpenBLAS 0.3.21 and BLIS 0.9 take plain C on CPUs that they do not know. To be called before the
 * first bench_peers(), which loads them.
 */
void bench_peers_limit(const struct tp_tier *tier);

/*
 * The peers that are here, naive first, ended by one without a name. Lives as long as the program. Not to be
 * called by two threads at a time.
 */
const struct bench_peer *bench_peers(void);

/*
 * Makes a product from peer, kind, m, n, k and b_transposed, to be run by as many threads as the peer was
 * last told to use; bench_product_destroy() it afterwards, also when this is false: the peer cannot do it. In
 * a network, where three products share a layer's weights, `like` is the forward one, whose layout all take;
 * of the forward one it is the product itself. NULL: take the layout that is best for this product alone.
 */
bool bench_product_create(struct bench_product *product, const struct bench_product *like);
void bench_product_destroy(struct bench_product *product);

/* Says where the operands are, from now on; they are aligned to 64 bytes. */
bool bench_product_bind(struct bench_product *product, const float *a, const float *b, float *c);

/* Writes row-major weights in the product's layout, or the other way round. False: it cannot. */
bool bench_product_pack(const struct bench_product *product, const float *plain, float *weights);
bool bench_product_unpack(const struct bench_product *product, const float *weights, float *plain);

/* Loops in i-k-j order, which a compiler vectorises at -O3. Frozen: figures of years are ratios to it. */
void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c);
