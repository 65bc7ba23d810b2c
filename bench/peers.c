#include "peers.h"

#include <dlfcn.h>

/* Of the C interface to BLAS: row-major, as it is, transposed. */
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef int dnnl_sgemm_fn(char transpose_a, char transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                          float alpha, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                          float beta, float *c, ptrdiff_t ldc);

static sgemm_fn *openblas, *blis;
static dnnl_sgemm_fn *onednn;
static void (*openblas_threads)(int), (*openmp_threads)(int);
static void (*blis_threads)(ptrdiff_t);

static void sgemm(sgemm_fn *library, int transpose, size_t m, size_t n, size_t k, const float *a,
                  const float *b, float *c)
{
    library(ROW_MAJOR, transpose ? TRANSPOSED : AS_IS, AS_IS, (int)m, (int)n, (int)k, 1, a,
            (int)(transpose ? m : k), b, (int)n, 0, c, (int)n);
}

static void openblas_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b,
                          float *c)
{
    sgemm(openblas, transpose, m, n, k, a, b, c);
}

static void blis_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c)
{
    sgemm(blis, transpose, m, n, k, a, b, c);
}

/* Row-major, unlike Fortran's. */
static void onednn_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c)
{
    onednn(transpose ? 'T' : 'N', 'N', (ptrdiff_t)m, (ptrdiff_t)n, (ptrdiff_t)k, 1, a,
           (ptrdiff_t)(transpose ? m : k), b, (ptrdiff_t)n, 0, c, (ptrdiff_t)n);
}

static void use_openblas_threads(int threads)
{
    openblas_threads(threads);
}

static void use_blis_threads(int threads)
{
    blis_threads(threads);
}

static void use_openmp_threads(int threads)
{
    openmp_threads(threads);
}

/* The way that POSIX gives to make a function's address of an object's. */
static void find(void *library, const char *name, void *function)
{
    *(void **)function = library ? dlsym(library, name) : NULL;
}

/* Bound to the library's own names first: OpenBLAS and BLIS both define cblas_sgemm. */
static void *load(const char *name)
{
    return dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}

const struct bench_peer *bench_peers(void)
{
    static struct bench_peer peers[5];
    if (peers[0].name)
        return peers;
    void *library = load("libopenblas.so.0");
    find(library, "cblas_sgemm", &openblas);
    find(library, "openblas_set_num_threads", &openblas_threads);
    library = load("libblis.so.4");
    find(library, "cblas_sgemm", &blis);
    find(library, "bli_thread_set_num_threads", &blis_threads);
    library = load("libdnnl.so.2");
    find(library, "dnnl_sgemm", &onednn);
    find(library, "omp_set_num_threads", &openmp_threads);

    size_t count = 0;
    peers[count++] = (struct bench_peer){"naive", naive_gemm, NULL};
    if (openblas && openblas_threads)
        peers[count++] = (struct bench_peer){"OpenBLAS", openblas_gemm, use_openblas_threads};
    if (blis && blis_threads)
        peers[count++] = (struct bench_peer){"BLIS", blis_gemm, use_blis_threads};
    if (onednn && openmp_threads)
        peers[count++] = (struct bench_peer){"oneDNN", onednn_gemm, use_openmp_threads};
    return peers;
}
