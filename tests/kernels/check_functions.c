/*
 * check_kernels: the elementwise functions. Every tier gives the bits of the reference tier, which is compared with
 * libm in double. Both cover every 1,009th of all 2^32 floats and every float near points where the algorithm switches;
 * with check_exhaustive all floats.
 */
#include "tests/kernels/check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  4096
#define STRIDE 1009 /* a prime, so that the low bits vary too */
#define NEAR   3000 /* floats on each side of an edge */

struct function {
    const char *name;
    tp_map_fn *reference;
    double (*exact)(double);
    double ulps;     /* bound where the exact result is at least `smallest` in magnitude */
    double smallest; /* bound, absolute, below that */
    float low, high; /* domain; NaN is in it too */
    const float *edges;
    size_t edge_count;
};

static double exact_sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double exact_lecun_tanh(double z)
{
    return 1.7159 * tanh(z * 2 / 3);
}

static double exact_relu(double z)
{
    return z > 0 ? z : 0;
}

/* Limits of the clamps, of the exponent 2^n, of the range where results are normal; ties of the reduction. */
static const float exp_edges[] = {0.0f,    -0x1p-24f,  -1.0f,   -0x1.62e43p-2f, -0x1.0a2b24p0f,
                                  -86.99f, -87.33655f, -87.68f, -88.0f,         -104.0f};
static const float log_edges[] = {FLT_MIN, 0x1.6a09e6p-1f, 1.0f, 0x1.6a09e6p0f, 2.0f, 65536.0f, FLT_MAX};
static const float sigmoid_edges[] = {0.0f,   0x1p-24f, 1.0f,   -1.0f, 16.6f,   17.4f,  -16.6f,
                                      -87.3f, 87.3f,    -88.0f, 88.0f, -104.0f, 104.0f, 0x1.62e43p-2f};
static const float tanh_edges[] = {0.0f, FLT_MIN, -FLT_MIN, 0x1p-12f, 0x1.62e43p-3f, -0x1.62e43p-3f, 0x1.62e43p-2f,
                                   1.0f, -1.0f,   9.01f,    10.0f,    -10.0f,        15.0f};
static const float relu_edges[] = {0.0f, 1.0f, -1.0f, FLT_MIN, -FLT_MIN, FLT_MAX, -FLT_MAX};

static const struct function functions[] = {
    {"exp", tp_exp_reference, exp, 1.0, (double)FLT_MIN, -INFINITY, 0.0f, exp_edges, COUNT(exp_edges)},
    {"log", tp_log_reference, log, 2.0, (double)FLT_MIN, FLT_MIN, FLT_MAX, log_edges, COUNT(log_edges)},
    {"sigmoid", tp_sigmoid_reference, exact_sigmoid, 2.5, (double)FLT_MIN, -INFINITY, INFINITY, sigmoid_edges,
     COUNT(sigmoid_edges)},
    {"lecun_tanh", tp_lecun_tanh_reference, exact_lecun_tanh, 5.0, 2 * (double)FLT_MIN, -INFINITY, INFINITY, tanh_edges,
     COUNT(tanh_edges)},
    {"tanh", tp_tanh_reference, tanh, 3.5, (double)FLT_MIN, -INFINITY, INFINITY, tanh_edges, COUNT(tanh_edges)},
    {"relu", tp_relu_reference, exact_relu, 0.0, (double)FLT_MIN, -INFINITY, INFINITY, relu_edges, COUNT(relu_edges)},
};

struct sweep {
    struct verdict *v;
    const struct function *f;
    tp_map_fn *kernel;
    double worst;
    float worst_at;
    size_t count;
    float x[BLOCK], got[BLOCK], want[BLOCK];
};

/* Error in ulp of the exact result, or where that is tiny, in units that make `smallest` the bound. */
static double error_of(const struct function *f, float got, double exact)
{
    double magnitude = fabs(exact);
    if ((double)got == exact)
        return 0;
    if (!isfinite(exact))
        return INFINITY;
    double difference = fabs((double)got - exact);
    if (magnitude < f->smallest)
        return difference <= f->smallest ? 0 : INFINITY;
    return difference / ldexp(1, ilogb(magnitude) - 23);
}

static void flush_block(struct sweep *s)
{
    const struct function *f = s->f;
    f->reference(s->count, s->x, s->want);
    s->kernel(s->count, s->x, s->got);
    for (size_t i = 0; i < s->count; i++) {
        float x = s->x[i], got = s->got[i];
        /* relu of a subnormal is it or a zero: see tp_scalar_relu */
        bool free_choice = f->exact == exact_relu && fabsf(x) < FLT_MIN && !(fabsf(got) >= FLT_MIN);
        if (!same_float(got, s->want[i]) && !free_choice)
            verdict_fail(s->v, "%s(%a) is %a, expected %a", f->name, (double)x, (double)got, (double)s->want[i]);
        if (isnan(x) != isnan(got))
            verdict_fail(s->v, "%s(%a) is %a", f->name, (double)x, (double)got);
        if (isnan(x) || s->kernel != f->reference)
            continue;
        double error = error_of(f, got, f->exact((double)x));
        if (error > f->ulps)
            verdict_fail(s->v, "%s(%a) is %a, off by %.3f ulp of %a", f->name, (double)x, (double)got, error,
                         f->exact((double)x));
        if (error > s->worst) {
            s->worst = error;
            s->worst_at = x;
        }
    }
    s->v->cases += s->count;
    s->count = 0;
}

static void add(struct sweep *s, uint32_t bits)
{
    float x = float_from(bits);
    if (!isnan(x) && !(x >= s->f->low && x <= s->f->high))
        return;
    s->x[s->count++] = x;
    if (s->count == BLOCK)
        flush_block(s);
}

/* Floats around an edge; subtracting bits crosses zero into the other sign, which is welcome. */
static void add_near(struct sweep *s, uint32_t bits, uint32_t reach)
{
    for (uint32_t i = 0; i <= 2 * reach; i++)
        add(s, bits - reach + i);
}

/* Every n up to a few vectors, in place and not, ending at an unreadable page. */
static void check_lengths(struct verdict *v, const struct function *f, tp_map_fn *kernel)
{
    for (size_t n = 0; n <= 70; n++) {
        verdict_case(v, "%s of %zu floats", f->name, n);
        struct fence x = fence_new(n * sizeof(float), 0), y = fence_new(n * sizeof(float), 0);
        float *in = x.data, *out = y.data, want[70 + 1];
        for (size_t i = 0; i < n; i++) {
            in[i] = check_normal() * 4;
            in[i] = f->high == 0 ? -fabsf(in[i]) : f->low > 0 ? fabsf(in[i]) + FLT_MIN : in[i];
        }
        float *before_out = out - 1; /* the fence's page has room before its data */
        *before_out = -7;
        f->reference(n, in, want);
        kernel(n, in, out);
        if (n > 0 && memcmp(out, want, n * sizeof(float)) != 0)
            verdict_fail(v, "differs from the reference");
        if (float_bits(*before_out) != float_bits(-7.0f))
            verdict_fail(v, "wrote before y");
        kernel(n, in, in);
        if (n > 0 && memcmp(in, want, n * sizeof(float)) != 0)
            verdict_fail(v, "differs from the reference in place");
        fence_free(&x);
        fence_free(&y);
    }
}

static void check_function(struct verdict *v, const struct function *f, tp_map_fn *kernel)
{
    struct sweep *s = check_alloc(sizeof *s);
    *s = (struct sweep){.v = v, .f = f, .kernel = kernel};
    check_lengths(v, f, kernel);
    snprintf(v->label, sizeof v->label, "sweep");
    uint32_t step = check_exhaustive ? 1 : STRIDE;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step)
        add(s, (uint32_t)bits);
    for (size_t i = 0; i < f->edge_count; i++)
        add_near(s, float_bits(f->edges[i]), NEAR);
    static const uint32_t others[] = {0x00000000, 0x80000000, 0x7f800000, 0xff800000,
                                      0x7fc00000, 0x00800000, 0x80800000};
    for (size_t i = 0; i < COUNT(others); i++)
        add_near(s, others[i], 16);
    flush_block(s);
    if (kernel == f->reference)
        snprintf(v->note, sizeof v->note, "%s: at most %.4f ulp, at %a; bound %.1f", f->name, s->worst,
                 (double)s->worst_at, f->ulps);
    free(s);
}

void check_exp(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[0], kernel);
}

void check_log(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[1], kernel);
}

void check_sigmoid(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[2], kernel);
}

void check_lecun_tanh(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[3], kernel);
}

void check_tanh(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[4], kernel);
}

void check_relu(struct verdict *v, tp_map_fn *kernel)
{
    check_function(v, &functions[5], kernel);
}

/* A probe's value is finite and depends on nothing but the number of rounds. Its rate is the benchmark's
 * business. */
static void check_probe(struct verdict *v, tp_fma_peak_fn *kernel)
{
    v->claim = "repeats itself";
    static const size_t rounds[] = {0, 1, 2, 3, 100, 10007};
    for (size_t i = 0; i < COUNT(rounds); i++) {
        verdict_case(v, "%zu rounds", rounds[i]);
        float first = kernel(rounds[i]), second = kernel(rounds[i]);
        if (!isfinite(first) || float_bits(first) != float_bits(second))
            verdict_fail(v, "returned %a, then %a", (double)first, (double)second);
    }
}

void check_peak(struct verdict *v, tp_fma_peak_fn *kernel)
{
    check_probe(v, kernel);
}

void check_chain(struct verdict *v, tp_fma_peak_fn *kernel)
{
    check_probe(v, kernel);
}
