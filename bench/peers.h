/*
 * Other people's matrix products, to be compared with. Each library is loaded when it is asked for, so that
 * the build needs none of them and all can stand side by side although they share names.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stddef.h>

/* C [m x n] = A B, or A^T B with A [k x m] where transpose is not 0. Row-major, without gaps. */
typedef void plain_gemm_fn(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b,
                           float *c);

/* Loops in i-k-j order, which a compiler vectorises at -O3. Frozen: figures of years are ratios to it. */
void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c);

struct bench_peer {
    const char *name; /* "naive", "OpenBLAS", "BLIS", "oneDNN" */
    plain_gemm_fn *gemm;
    void (*use_threads)(int threads); /* NULL: always one */
};

/*
 * The peers that are here, naive first, ended by one without a name. Lives as long as the program. Not to be
 * called by two threads at a time.
 */
const struct bench_peer *bench_peers(void);

#endif
