/*
 * A call: one kernel, a shape and operands, ready to be run over and over. What is timed, here and in every
 * comparison with others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "kernels/kernels.h"

enum bench_kind {
    BENCH_FORWARD,  /* [m x k] [k x n], then the activation */
    BENCH_BACKWARD, /* [m x k] [n x k]^T, then times f' */
    BENCH_UPDATE,   /* [k x m]^T [k x n], then the optimizer's rule on all m x n weights */
    BENCH_PACK_U8,  /* m samples of n features */
    BENCH_PACK_F32,
    BENCH_LOSS, /* m rows of n classes */
    BENCH_MAP,  /* an activation of m x n values */
    BENCH_KINDS
};

struct bench_call {
    enum bench_kind kind;
    size_t m, n, k;                 /* k: 1 but for products */
    tileprop_activation activation; /* forward, backward, map */
    tileprop_optimizer optimizer;   /* update */
    bool first_layer; /* update: no transposed view, since nothing is propagated to the inputs */
    bool gradient;    /* update: writes the gradient and nothing else, bench_bare() */
};

/* The call with nothing fused to its product: no activation, no slope, a gradient that is written. */
struct bench_call bench_bare(const struct bench_call *call);

/* "forward", "backward", "update", ... */
const char *bench_kind_name(enum bench_kind kind);

/* The symbol of the kernel that the call runs; good until the next call of this function. */
const char *bench_kernel_name(const struct bench_call *call, const struct tp_tier *tier);

/*
 * Operations of a call by the convention that every figure here uses: 2 m n k for a product, whatever is done
 * to its elements besides; otherwise 0.
 */
double bench_flops(const struct bench_call *call);

/* Bytes that a call must read and write at least: every operand once. */
double bench_bytes(const struct bench_call *call);

/*
 * The optimizer's rule with usual constants, but a learning rate so small that no weight changes, however
 * often it is applied.
 */
struct tp_optimizer bench_rule(tileprop_optimizer kind);

/* Of the values in the operands of products, here and in those of others. */
#define BENCH_IN_SCALE          1.0f
#define BENCH_WEIGHTS_SCALE     0.05f
#define BENCH_OUT_SCALE         0.5f /* of gradients at the sums, which update reads */
#define BENCH_ACTIVATIONS_SCALE 0.9f

/* Values in [-scale, scale) without a pattern that a kernel could profit from; always the same ones. */
void bench_fill(float *x, size_t count, float scale);

/* The operands of one call, all in panel format. NULL or empty: the kind has none. */
struct bench_operands {
    struct bench_call call;
    const struct tp_tier *tier;
    struct tp_arena arena;
    float *in;                     /* [m x k]; update: [k x m], the activations; not a product: [m x n] */
    float *weights;                /* [k x n], of a backward the transposed view; update: [m x n] */
    float *out;                    /* [m x n]; update: [k x n], the gradients at the sums, which are read */
    float *activations;            /* backward: [m x n] */
    float *transposed;             /* update: [n x m], NULL for a first layer */
    float *state[2];               /* update: like weights */
    float *gradient;               /* update: like weights, NULL unless the call asks for it */
    float *samples;                /* pack: m samples of n features, of pack_u8 as bytes */
    float *scale, *shift;          /* pack: [n] */
    float *loss;                   /* loss: [m] */
    uint16_t *labels;              /* loss: [m] */
    struct tp_optimizer optimizer; /* update */
};

/*
 * Makes the operands, the same ones for every tier; bench_destroy() them afterwards, on error too.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status bench_create(struct bench_operands *operands, const struct bench_call *call,
                             const struct tp_tier *tier, struct tp_error *error);
void bench_destroy(struct bench_operands *operands);

/* Member `member` of `members` does its share of one call. */
void bench_run(const struct bench_operands *operands, size_t member, size_t members);

/* Runs `times` calls on a team, with a barrier after each. False if the system grants fewer threads. */
bool bench_run_team(const struct bench_operands *operands, size_t threads, size_t times);

/*
 * The same, but all operands leave the caches before each call, which is timed alone. Returns the seconds of
 * all calls together; 0 if the system grants fewer threads. Only where bench_can_evict() is true.
 */
double bench_run_cold(const struct bench_operands *operands, size_t threads, size_t times);
bool bench_can_evict(void);

/* Writes the product, of an update the gradient, row-major into result [m x n]. */
void bench_result(const struct bench_operands *operands, float *result);

/*
 * Whether the tier gives what the reference tier gives, to the bit; to be asked before anything is timed.
 * Errors: TILEPROP_FAILURE without memory, and if it does not.
 */
tileprop_status bench_verify(const struct bench_call *call, const struct tp_tier *tier,
                             struct tp_error *error);
