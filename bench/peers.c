#include "peers.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Of the C interface to BLAS: row-major, as it is, transposed. */
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_fn *openblas, *blis;
static void (*openblas_threads)(int);
static void (*blis_threads)(ptrdiff_t);

static void sgemm(sgemm_fn *library, const struct bench_product *p)
{
    const bool update = p->verb == BENCH_UPDATE;
    library(ROW_MAJOR, update ? TRANSPOSED : AS_IS, p->b_transposed ? TRANSPOSED : AS_IS, (int)p->m,
            (int)p->n, (int)p->k, 1, p->a, (int)(update ? p->m : p->k), p->b,
            (int)(p->b_transposed ? p->k : p->n), 0, p->c, (int)p->n);
}

static void run_naive(const struct bench_product *p)
{
    naive_gemm(p->verb == BENCH_UPDATE, p->m, p->n, p->k, p->a, p->b, p->c);
}

static void run_openblas(const struct bench_product *p)
{
    sgemm(openblas, p);
}

static void run_blis(const struct bench_product *p)
{
    sgemm(blis, p);
}

static void use_openblas_threads(int threads)
{
    openblas_threads(threads);
}

static void use_blis_threads(int threads)
{
    blis_threads(threads);
}

/* The way that POSIX gives to make a function's address of an object's. */
static void find(void *library, const char *name, void *function)
{
    *(void **)function = library ? dlsym(library, name) : NULL;
}

/* Local: OpenBLAS and BLIS both define cblas_sgemm. */
static void *load(const char *name)
{
    return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

void bench_peers_limit(const struct tp_tier *tier)
{
    static const struct {
        size_t lanes; /* of a tier whose vectors are as long */
        const char *openblas, *blis, *onednn;
    } names[] = {{8, "Haswell", "3", "AVX2"}, {16, "SkylakeX", "0", "ALL"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].lanes != tier->blocks->lanes)
            continue;
        setenv("OPENBLAS_CORETYPE", names[i].openblas, true);
        setenv("BLIS_ARCH_TYPE", names[i].blis, true);
        setenv("ONEDNN_MAX_CPU_ISA", names[i].onednn, true);
    }
}

const struct bench_peer *bench_peers(void)
{
    static struct bench_peer peers[BENCH_PEERS_MAX];
    if (peers[0].name)
        return peers;
    void *library = load("libopenblas.so.0");
    find(library, "cblas_sgemm", &openblas);
    find(library, "openblas_set_num_threads", &openblas_threads);
    library = load("libblis.so.4");
    find(library, "cblas_sgemm", &blis);
    find(library, "bli_thread_set_num_threads", &blis_threads);

    size_t count = 0;
    peers[count++] = (struct bench_peer){.name = "naive", .run = run_naive, .needs_transposed = true};
    if (openblas && openblas_threads)
        peers[count++] =
            (struct bench_peer){.name = "OpenBLAS", .use_threads = use_openblas_threads, .run = run_openblas};
    if (blis && blis_threads)
        peers[count++] =
            (struct bench_peer){.name = "BLIS", .use_threads = use_blis_threads, .run = run_blis};
#ifdef TP_ONEDNN
    if (onednn_start()) {
        peers[count++] = onednn_matmul;
        peers[count++] = onednn_sgemm;
    }
#endif
    return peers;
}
