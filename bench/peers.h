// GEMMs of other libraries. OpenBLAS and BLIS are loaded by dlopen(), as their symbols clash; oneDNN is linked if the
// build found it.
#pragma once

#include <functional>
#include <string>
#include <vector>

extern "C" {
#include "kernels/kernels.h"
}

// C [m x n] = A [m x k] B [k x n], row-major without gaps; transposed operands are stored as A [k x m], B [n x k].
struct Product {
    size_t m, n, k;
    bool a_transposed, b_transposed;
    const float *a, *b;
    float *c;
};

struct Peer {
    std::string name;      // "naive", "OpenBLAS", "BLIS", "oneDNN matmul", "oneDNN sgemm"
    bool needs_transposed; // accepts B as [k x n] only
    std::function<void(int)> use_threads;
    // Returns a function that computes the product; its operands must not move. Throws if unsupported.
    std::function<std::function<void()>(const Product &)> prepare;
};

// Limits the libraries to the tier's instruction set, and forces it on those that fall back to plain C on unknown CPUs
// (OpenBLAS 0.3.21, BLIS 0.9). Call before peers().
void limit_peers(const tp_tier *tier);

// Available peers, naive first; static lifetime.
const std::vector<Peer> &peers();

// Loops in i-k-j order, which compilers vectorise at -O3. Do not change them: recorded results are ratios to their
// time.
extern "C" void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c);
