#include "onednn.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static void (*openmp_threads)(int);

/* What a product's `own` points to. Operands in the order a, b, c. */
struct primitive {
    int argument[3];
    dnnl_memory_desc_t description[3], plain_weights;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[3];
};

bool onednn_start(void)
{
    /* The very function that the library's own calls are bound to, in whichever OpenMP runtime that is. */
    *(void **)&openmp_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    return openmp_threads && dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
           dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
}

static void use_threads(int threads)
{
    openmp_threads(threads);
}

static dnnl_memory_desc_t matrix(size_t rows, size_t columns, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t description;
    dnnl_memory_desc_init_by_tag(&description, 2, (dnnl_dims_t){(dnnl_dim_t)rows, (dnnl_dim_t)columns},
                                 dnnl_f32, tag);
    return description;
}

/* Which operand holds the weights. */
static int weights_of(const struct bench_product *p)
{
    return p->kind == BENCH_UPDATE ? 2 : 1;
}

static const dnnl_memory_desc_t *layout_of(const struct bench_product *p)
{
    const struct primitive *own = p->own;
    return &own->description[weights_of(p)];
}

/*
 * Makes the primitive of an operation, whose arguments are `argument`, and asks it for its layouts. The hint
 * is that of dnnl_primitive_desc_create().
 */
static bool make(struct bench_product *p, const_dnnl_op_desc_t operation, const_dnnl_primitive_desc_t hint,
                 const int argument[3], dnnl_memory_desc_t plain_weights)
{
    struct primitive *own = calloc(1, sizeof *own);
    dnnl_primitive_desc_t description;
    p->own = own;
    if (!own || dnnl_primitive_desc_create(&description, operation, NULL, engine, hint) != dnnl_success)
        return false;
    for (int i = 0; i < 3; i++) {
        own->argument[i] = argument[i];
        own->description[i] = *dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, argument[i]);
    }
    own->plain_weights = plain_weights;
    p->weights = dnnl_memory_desc_get_size(layout_of(p)) / sizeof(float);
    const bool made = dnnl_primitive_create(&own->primitive, description) == dnnl_success;
    dnnl_primitive_desc_destroy(description);
    return made;
}

/* Inner product's names: a batch of m (update: k) samples, weights [outputs x inputs]. */
static bool create_inner_product(struct bench_product *p, const struct bench_product *like)
{
    static const int arguments[][3] = {
        [BENCH_FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
        [BENCH_BACKWARD] = {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
        [BENCH_UPDATE] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS}};
    const size_t batch = p->kind == BENCH_UPDATE ? p->k : p->m;
    const size_t inputs = p->kind == BENCH_FORWARD ? p->k : p->kind == BENCH_BACKWARD ? p->n : p->m;
    const size_t outputs = p->kind == BENCH_BACKWARD ? p->k : p->n;
    const dnnl_memory_desc_t source = matrix(batch, inputs, dnnl_ab),
                             destination = matrix(batch, outputs, dnnl_ab),
                             weights = like && like != p ? *layout_of(like)
                                                         : matrix(outputs, inputs, dnnl_format_tag_any),
                             plain = matrix(outputs, inputs, p->kind == BENCH_BACKWARD ? dnnl_ab : dnnl_ba);
    dnnl_inner_product_desc_t forward, operation;
    dnnl_primitive_desc_t hint = NULL;
    if (dnnl_inner_product_forward_desc_init(&forward, dnnl_forward_training, &source, &weights, NULL,
                                             &destination) != dnnl_success)
        return false;
    if (p->kind == BENCH_FORWARD)
        return make(p, &forward, NULL, arguments[p->kind], plain);
    const dnnl_status_t status =
        p->kind == BENCH_BACKWARD
            ? dnnl_inner_product_backward_data_desc_init(&operation, &source, &weights, &destination)
            : dnnl_inner_product_backward_weights_desc_init(&operation, &source, &weights, NULL,
                                                            &destination);
    if (status != dnnl_success ||
        dnnl_primitive_desc_create(&hint, &forward, NULL, engine, NULL) != dnnl_success)
        return false;
    const bool made = make(p, &operation, hint, arguments[p->kind], plain);
    dnnl_primitive_desc_destroy(hint);
    return made;
}

/* Row-major in a network, since of the gradient, a product of activations, no other layout can be had. */
static bool create_matmul(struct bench_product *p, const struct bench_product *like)
{
    static const int arguments[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    const bool update = p->kind == BENCH_UPDATE;
    const dnnl_format_tag_t plain = p->b_transposed ? dnnl_ba : dnnl_ab;
    const dnnl_memory_desc_t a = matrix(p->m, p->k, update ? dnnl_ba : dnnl_ab),
                             b = matrix(p->k, p->n, update || like ? plain : dnnl_format_tag_any),
                             c = matrix(p->m, p->n, dnnl_ab);
    dnnl_matmul_desc_t operation;
    return dnnl_matmul_desc_init(&operation, &a, &b, NULL, &c) == dnnl_success &&
           make(p, &operation, NULL, arguments, update ? c : matrix(p->k, p->n, plain));
}

static bool bind(struct bench_product *p)
{
    struct primitive *own = p->own;
    union {
        const float *in;
        void *out;
    } place[3] = {{.in = p->a}, {.in = p->b}, {.out = p->c}};
    for (int i = 0; i < 3; i++) {
        dnnl_memory_destroy(own->memory[i]);
        own->memory[i] = NULL;
        if (dnnl_memory_create(&own->memory[i], &own->description[i], engine, place[i].out) != dnnl_success)
            return false;
    }
    return true;
}

static void destroy(struct bench_product *p)
{
    struct primitive *own = p->own;
    if (!own)
        return;
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(own->memory[i]);
    dnnl_primitive_destroy(own->primitive);
    free(own);
}

static void run(const struct bench_product *p)
{
    const struct primitive *own = p->own;
    dnnl_exec_arg_t arguments[3];
    for (int i = 0; i < 3; i++)
        arguments[i] = (dnnl_exec_arg_t){own->argument[i], own->memory[i]};
    dnnl_primitive_execute(own->primitive, stream, 3, arguments);
    dnnl_stream_wait(stream);
}

static bool reorder(const dnnl_memory_desc_t *from, const float *source, const dnnl_memory_desc_t *to,
                    float *target)
{
    const union {
        const float *in;
        void *out;
    } place = {.in = source};
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_memory_t memory[2] = {NULL, NULL};
    bool done =
        dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, NULL) == dnnl_success &&
        dnnl_primitive_create(&primitive, description) == dnnl_success &&
        dnnl_memory_create(&memory[0], from, engine, place.out) == dnnl_success &&
        dnnl_memory_create(&memory[1], to, engine, target) == dnnl_success;
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, memory[0]}, {DNNL_ARG_TO, memory[1]}};
    done = done && dnnl_primitive_execute(primitive, stream, 2, arguments) == dnnl_success &&
           dnnl_stream_wait(stream) == dnnl_success;
    dnnl_memory_destroy(memory[0]);
    dnnl_memory_destroy(memory[1]);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(description);
    return done;
}

static bool pack(const struct bench_product *p, const float *plain, float *weights)
{
    const struct primitive *own = p->own;
    return reorder(&own->plain_weights, plain, layout_of(p), weights);
}

static bool unpack(const struct bench_product *p, const float *weights, float *plain)
{
    const struct primitive *own = p->own;
    return reorder(layout_of(p), weights, &own->plain_weights, plain);
}

const struct bench_peer onednn_inner_product = {.name = "oneDNN inner product",
                                                .use_threads = use_threads,
                                                .run = run,
                                                .create = create_inner_product,
                                                .bind = bind,
                                                .destroy = destroy,
                                                .pack = pack,
                                                .unpack = unpack};

const struct bench_peer onednn_matmul = {.name = "oneDNN matmul",
                                         .use_threads = use_threads,
                                         .run = run,
                                         .create = create_matmul,
                                         .bind = bind,
                                         .destroy = destroy,
                                         .pack = pack,
                                         .unpack = unpack};

/* The library's counterpart of a BLAS: row-major, threads and packing as it likes. */
static void run_sgemm(const struct bench_product *p)
{
    const bool update = p->kind == BENCH_UPDATE;
    dnnl_sgemm(update ? 'T' : 'N', p->b_transposed ? 'T' : 'N', (dnnl_dim_t)p->m, (dnnl_dim_t)p->n,
               (dnnl_dim_t)p->k, 1, p->a, (dnnl_dim_t)(update ? p->m : p->k), p->b,
               (dnnl_dim_t)(p->b_transposed ? p->k : p->n), 0, p->c, (dnnl_dim_t)p->n);
}

const struct bench_peer onednn_sgemm = {.name = "oneDNN sgemm", .use_threads = use_threads, .run = run_sgemm};
