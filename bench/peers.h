/*
 * Other people's matrix products, to be compared with. OpenBLAS and BLIS are loaded when they are asked for,
 * so that both can stand side by side although they share names; oneDNN is part of builds that found it.
 */
#pragma once

#include "call.h"

/* One product of row-major matrices without gaps: C [m x n] = A [m x k] B [k x n]; update: A [k x m]^T B. */
struct bench_product {
    const struct bench_peer *peer;
    enum bench_verb verb;
    size_t m, n, k;
    bool b_transposed; /* B is kept as [n x k]; never for a peer that says needs_transposed */
    const float *a, *b;
    float *c;
    void *own; /* the peer's */
};

struct bench_peer {
    const char *name;                 /* "naive", "OpenBLAS", "BLIS", "oneDNN matmul", "oneDNN sgemm" */
    bool needs_transposed;            /* it takes B as [k x n] only */
    void (*use_threads)(int threads); /* NULL: always one */
    void (*run)(const struct bench_product *product);
    /* To be called once before the first run, and after the last one; NULL: nothing to do. prepare is false
     * if the peer cannot do it. */
    bool (*prepare)(struct bench_product *product);
    void (*release)(struct bench_product *product);
};

/* The most peers there can be, with the entry that ends them. */
#define BENCH_PEERS_MAX 6

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

/* Loops in i-k-j order, which a compiler vectorises at -O3. Frozen: figures of years are ratios to it. */
void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c);

/* Of onednn_peers.cc; false: it does not work here. */
bool onednn_start(void);
extern const struct bench_peer onednn_matmul, onednn_sgemm;
