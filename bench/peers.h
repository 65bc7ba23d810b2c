/*
 * Other people's matrix products, to be compared with. OpenBLAS and BLIS are loaded when they are asked for,
 * so that both can stand side by side although they share names; oneDNN is part of builds that found it.
 */
#pragma once

#include <functional>
#include <string>
#include <vector>

extern "C" {
#include "kernels/kernels.h"
}

// C [m x n] = A [m x k] B [k x n], row-major without gaps; a transposed one is kept as A [k x m], B [n x k].
struct Product {
    size_t m, n, k;
    bool a_transposed, b_transposed;
    const float *a, *b;
    float *c;
};

struct Peer {
    std::string name;      // "naive", "OpenBLAS", "BLIS", "oneDNN matmul", "oneDNN sgemm"
    bool needs_transposed; // it takes B as [k x n] only
    std::function<void(int)> use_threads;
    // What multiplies; of operands that stay where they are. Throws if the peer cannot do it.
    std::function<std::function<void()>(const Product &)> prepare;
};

// Limits the libraries to the tier's instruction set, and tells those that are older than this CPU to use all
// of it: OpenBLAS 0.3.21 and BLIS 0.9 take plain C on CPUs that they do not know. To be called before
// peers().
void limit_peers(const tp_tier *tier);

// Those that are here, naive first. They live as long as the program.
const std::vector<Peer> &peers();

// Loops in i-k-j order, which a compiler vectorises at -O3. Frozen: figures of years are ratios to it.
extern "C" void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c);
