#include "peers.h"

#include <cstdlib>
#include <dlfcn.h>
#ifdef TP_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace
{

// Local: OpenBLAS and BLIS both define cblas_sgemm.
template <typename Function> Function *find(const char *library, const char *name)
{
    void *const loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return loaded ? reinterpret_cast<Function *>(dlsym(loaded, name)) : nullptr;
}

using Prepare = std::function<std::function<void()>(const Product &)>;
using Sgemm = void(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                   int lda, const float *b, int ldb, float beta, float *c, int ldc);

// For a row-major sgemm with integers of type Int.
template <typename Int, typename Function> Prepare prepare_sgemm(Function sgemm)
{
    return [=](const Product &p) {
        return [=, m = static_cast<Int>(p.m), n = static_cast<Int>(p.n), k = static_cast<Int>(p.k)] {
            sgemm(p.a_transposed, p.b_transposed, m, n, k, 1.0F, p.a, p.a_transposed ? m : k, p.b,
                  p.b_transposed ? k : n, 0.0F, p.c, n);
        };
    };
}

// Adds a library with the C interface to BLAS, if installed.
template <typename Threads>
void add_blas(std::vector<Peer> &peers, const char *name, const char *library, const char *set_threads)
{
    auto *const sgemm = find<Sgemm>(library, "cblas_sgemm");
    auto *const use_threads = find<void(Threads)>(library, set_threads);
    constexpr int kRowMajor = 101, kAsIs = 111;
    if (sgemm && use_threads)
        peers.push_back({name, false, use_threads, prepare_sgemm<int>([=](int at, int bt, auto... rest) {
                             sgemm(kRowMajor, kAsIs + at, kAsIs + bt, rest...);
                         })});
}

#ifdef TP_ONEDNN

using dnnl::memory;

dnnl::memory matrix(const dnnl::engine &engine, size_t rows, size_t columns, bool transposed, const float *data)
{
    using tag = memory::format_tag;
    const memory::desc description({static_cast<memory::dim>(rows), static_cast<memory::dim>(columns)},
                                   memory::data_type::f32, transposed ? tag::ba : tag::ab);
    return {description, engine, const_cast<float *>(data)};
}

std::function<void()> prepare_matmul(const dnnl::engine &engine, dnnl::stream stream, const Product &p)
{
    const memory a = matrix(engine, p.m, p.k, p.a_transposed, p.a), b = matrix(engine, p.k, p.n, p.b_transposed, p.b),
                 c = matrix(engine, p.m, p.n, false, p.c);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul matmul({engine, a.get_desc(), b.get_desc(), c.get_desc()});
#else
    const dnnl::matmul matmul({{a.get_desc(), b.get_desc(), c.get_desc()}, engine});
#endif
    const std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}};
    return [=]() mutable {
        matmul.execute(stream, arguments);
        stream.wait();
    };
}

void add_onednn(std::vector<Peer> &peers)
try {
    // From the OpenMP runtime that oneDNN itself uses.
    auto *const use_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    const dnnl::stream stream(engine);
    if (!use_threads)
        return;
    peers.push_back(
        {"oneDNN matmul", false, use_threads, [=](const Product &p) { return prepare_matmul(engine, stream, p); }});
    peers.push_back({"oneDNN sgemm", false, use_threads, prepare_sgemm<dnnl_dim_t>([](bool at, bool bt, auto... rest) {
                         dnnl_sgemm(at ? 'T' : 'N', bt ? 'T' : 'N', rest...);
                     })});
} catch (const dnnl::error &) { // oneDNN does not run on this machine
}

#endif

} // namespace

void limit_peers(const tp_tier *tier)
{
    const bool is_512 = tier->blocks->lanes == 16;
    if (tier->blocks->lanes != 8 && !is_512)
        return;
    setenv("OPENBLAS_CORETYPE", is_512 ? "SkylakeX" : "Haswell", true);
    setenv("BLIS_ARCH_TYPE", is_512 ? "0" : "3", true);
    setenv("ONEDNN_MAX_CPU_ISA", is_512 ? "ALL" : "AVX2", true);
}

const std::vector<Peer> &peers()
{
    static std::vector<Peer> found;
    if (!found.empty())
        return found;
    found.push_back(
        {"naive", true, [](int) {},
         [](const Product &p) { return [=] { naive_gemm(p.a_transposed, p.m, p.n, p.k, p.a, p.b, p.c); }; }});
    add_blas<int>(found, "OpenBLAS", "libopenblas.so.0", "openblas_set_num_threads");
    add_blas<ptrdiff_t>(found, "BLIS", "libblis.so.4", "bli_thread_set_num_threads");
#ifdef TP_ONEDNN
    add_onednn(found);
#endif
    return found;
}
