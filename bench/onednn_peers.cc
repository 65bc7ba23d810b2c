// oneDNN's two ways to multiply row-major matrices: a matmul primitive, and an sgemm as in a BLAS.
#include <oneapi/dnnl/dnnl.hpp>

#include <dlfcn.h>

extern "C" {
#include "peers.h"
}

namespace
{

using dnnl::memory;

dnnl::engine engine;
dnnl::stream stream;
void (*openmp_threads)(int);

void use_threads(int threads)
{
    openmp_threads(threads);
}

// What a product's `own` points to.
struct Matmul {
    dnnl::matmul primitive;
    memory a, b, c;
};

memory matrix(size_t rows, size_t columns, bool transposed, const float *data)
{
    using tag = memory::format_tag;
    const memory::desc description({static_cast<memory::dim>(rows), static_cast<memory::dim>(columns)},
                                   memory::data_type::f32, transposed ? tag::ba : tag::ab);
    return memory(description, engine, const_cast<float *>(data));
}

dnnl::matmul::primitive_desc describe(const memory &a, const memory &b, const memory &c)
{
#if DNNL_VERSION_MAJOR >= 3
    return {engine, a.get_desc(), b.get_desc(), c.get_desc()};
#else
    return {{a.get_desc(), b.get_desc(), c.get_desc()}, engine};
#endif
}

bool prepare(bench_product *p)
try {
    const memory a = matrix(p->m, p->k, p->verb == BENCH_UPDATE, p->a), c = matrix(p->m, p->n, false, p->c),
                 b = matrix(p->k, p->n, p->b_transposed, p->b);
    p->own = new Matmul{dnnl::matmul(describe(a, b, c)), a, b, c};
    return true;
} catch (const dnnl::error &) {
    return false;
}

void release(bench_product *p)
{
    delete static_cast<Matmul *>(p->own);
}

void run_matmul(const bench_product *p)
{
    const auto &own = *static_cast<const Matmul *>(p->own);
    own.primitive.execute(stream, {{DNNL_ARG_SRC, own.a}, {DNNL_ARG_WEIGHTS, own.b}, {DNNL_ARG_DST, own.c}});
    stream.wait();
}

void run_sgemm(const bench_product *p)
{
    const auto size = [](size_t n) { return static_cast<dnnl_dim_t>(n); };
    const bool update = p->verb == BENCH_UPDATE;
    dnnl_sgemm(update ? 'T' : 'N', p->b_transposed ? 'T' : 'N', size(p->m), size(p->n), size(p->k), 1, p->a,
               size(update ? p->m : p->k), p->b, size(p->b_transposed ? p->k : p->n), 0, p->c, size(p->n));
}

} // namespace

extern "C" bool onednn_start(void)
try {
    // The very function that the library's own calls are bound to, in whichever OpenMP runtime that is.
    *reinterpret_cast<void **>(&openmp_threads) = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    engine = dnnl::engine(dnnl::engine::kind::cpu, 0);
    stream = dnnl::stream(engine);
    return openmp_threads;
} catch (const dnnl::error &) {
    return false;
}

const bench_peer onednn_matmul = {"oneDNN matmul", false, use_threads, run_matmul, prepare, release};
const bench_peer onednn_sgemm = {"oneDNN sgemm", false, use_threads, run_sgemm, nullptr, nullptr};
