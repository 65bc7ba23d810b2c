/*
 * A call: one verb, a shape and operands, ready to be run over and over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "kernels/kernels.h"
#include "paired.h"

/* The verbs, by the names that bench_verb_name() gives. */
enum bench_verb {
    BENCH_FORWARD,  /* [m x k] [k x n], then the activation */
    BENCH_BACKWARD, /* [m x k] [n x k]^T, then times f' */
    BENCH_UPDATE,   /* [k x m]^T [k x n], then the optimizer's rule on all m x n weights */
    BENCH_APPLY,    /* the rule alone on m x n weights */
    BENCH_REFRESH,  /* the transposed view of m x n weights */
    BENCH_PACK_U8,  /* m samples of n features */
    BENCH_PACK_F32,
    BENCH_LOSS, /* m rows of n classes */
    BENCH_SOFTMAX,
    BENCH_EXP, /* of m x n values, and so on */
    BENCH_LOG,
    BENCH_SIGMOID,
    BENCH_LECUN_TANH,
    BENCH_TANH,
    BENCH_RELU,
    BENCH_VERBS
};

const char *bench_verb_name(enum bench_verb verb);

struct bench_call {
    enum bench_verb verb;
    size_t m, n, k;                 /* k: of products, else 1 */
    tileprop_activation activation; /* forward, backward */
    tileprop_optimizer optimizer;   /* update, apply */
    bool first_layer;               /* update, apply: no transposed view, as no gradient reaches the inputs */
    bool bare;                      /* a product with nothing fused to it; update writes the gradient */
};

/* forward, backward, update. */
bool bench_is_product(enum bench_verb verb);

#define BENCH_NAME_MAX 80

/* "forward-32x64x785"; what is fused follows where it is not the default: "update-785x64x32-adam-first". */
void bench_call_name(const struct bench_call *call, char name[BENCH_NAME_MAX]);

/* Operations of a call: 2 m n k for a product, whatever is fused to it; otherwise 0. */
double bench_flops(const struct bench_call *call);

/* Bytes that a call must read and write at least: every operand once. */
double bench_bytes(const struct bench_call *call);

/* The optimizer with usual constants, but so small a learning rate that no weight ever changes. */
struct tp_optimizer bench_rule(tileprop_optimizer kind);

/* Largest magnitudes of the operands of products, here and in those of others. */
#define BENCH_IN_SCALE          1.0f
#define BENCH_WEIGHTS_SCALE     0.05f
#define BENCH_OUT_SCALE         0.5f /* of the gradients that update reads */
#define BENCH_ACTIVATIONS_SCALE 0.9f

/* Values in [-scale, scale) without a pattern that a kernel could profit from; always the same ones. */
void bench_fill(float *x, size_t count, float scale);

/* The operands of one call, in panel format. Those that the verb lacks are empty. */
struct bench_operands {
    struct bench_call call;
    const struct tp_tier *tier;
    size_t threads;
    struct tp_arena arena;
    struct tp_matrix in;           /* [m x k]; update: the activations [k x m]; not a product: [m x n] */
    struct tp_matrix weights;      /* [k x n], of backward the transposed view; update, apply: [m x n] */
    struct tp_matrix out;          /* [m x n]; update: the gradients [k x n], which are read */
    struct tp_matrix activations;  /* backward: [m x n] */
    struct tp_matrix transposed;   /* update, apply, refresh: [n x m] */
    struct tp_matrix gradient;     /* bare update, apply: [m x n] */
    float *state[2];               /* update, apply: like weights */
    void *samples;                 /* pack: [m][n] bytes or floats */
    float *scale, *shift;          /* pack: [n] */
    float *loss;                   /* loss: [m] */
    uint16_t *labels;              /* loss: [m] */
    struct tp_optimizer optimizer; /* update, apply */
};

/*
 * Makes the operands, the same for every tier; bench_destroy() them afterwards, on error too.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status bench_create(struct bench_operands *operands, const struct bench_call *call,
                             const struct tp_tier *tier, size_t threads, struct tp_error *error);
void bench_destroy(struct bench_operands *operands);

/* Member `member` of `members` does its share of one call. */
void bench_run(const struct bench_operands *operands, size_t member, size_t members);

/*
 * A bench_run_fn whose context is operands: calls on a team of their threads, with a barrier after each.
 * Errors: TILEPROP_FAILURE if the system grants fewer threads.
 */
bench_run_fn bench_run_team;

/* Writes the product, of a bare update the gradient, row-major into result [m x n]. */
void bench_result(const struct bench_operands *operands, float *result);

/*
 * Whether the tier gives what the reference tier gives, to the bit. To be asked before anything is timed.
 * Errors: TILEPROP_FAILURE if it does not, and without memory.
 */
tileprop_status bench_verify(const struct bench_call *call, const struct tp_tier *tier,
                             struct tp_error *error);
