/*
 * The two register tiles that every GEMM of a vector tier is made of. A tile is `rows` x `panels` of C, held
 * in rows * panels * PANEL_VECS accumulators while k runs; each k costs panels * PANEL_VECS vector loads of B
 * and `rows` broadcasts of A. Both functions are inlined with constant rows and panels, and unrolled.
 *
 * Include a tier's vector.h first.
 */
#ifndef TP_SIMD_TILE_H
#define TP_SIMD_TILE_H

#include <stdbool.h>

#include "rules.h"
#include "unroll.h"

#define TILE_VECS(panels) ((panels)*PANEL_VECS)
#define TILE_ROWS_LIMIT   16
#define TILE_VECS_LIMIT   4
#define ROW_VECS          8   /* two units of latency 4 */
#define FETCH_STEPS       128 /* of k, in which a line comes from memory */

/*
 * ceil(left / ceil(left / 6)): the rows of the first of as few tiles of at most 6 as can be, all of much the
 * same height. Tabled, since a division takes as long as some steps of k.
 */
static inline size_t balanced_rows(size_t left)
{
    static const uint8_t rows[] = {0, 1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5, 5, 5,
                                   6, 6, 6, 5, 5, 6, 6, 6, 6, 5, 6, 6, 6, 6, 6};
    return left < sizeof rows ? rows[left] : 6;
}

/* Offset of vector v of a row that spans panels. */
static inline size_t tile_vec_offset(int v, size_t stride)
{
    return (size_t)(v / PANEL_VECS) * stride + (size_t)(v % PANEL_VECS * VEC_LANES);
}

/* One tile: C (+)= A B, where A is read along its rows (nn) or along its columns (tn). */
struct tile {
    size_t depth;   /* k runs over [0, depth) */
    const float *a; /* nn: row 0 of A at k = 0; tn: column 0 of A^T at k = 0, a lane of a panel */
    size_t a_stride;
    const float *b; /* [depth x panels] */
    size_t b_stride;
    const float *bias; /* added last, a row laid out like b's; NULL: none */
    float *c;
    size_t c_stride;
    bool accumulate;         /* start from C instead of +0 */
    bool prefetch_a;         /* nn: prefetch the rows of A behind the tile's */
    const float *prefetch_b; /* nn: prefetch rows laid out like b's from here on; NULL: none */
    size_t prefetch_b_rows;  /* so many for each 16 of depth */
    /* tn: the finished tile goes through a rule; NULL: to C */
    const struct optimizer_target *target;
    const float *transposed; /* tn, a rule behind it: rows * panels lines to be written next; NULL: none */
};

static inline __attribute__((always_inline)) void tile_begin(const struct tile *t, int rows, int panels,
                                                             vec acc[][TILE_VECS_LIMIT])
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[r][v] =
                t->accumulate ? vec_load(t->c + r * TP_PANEL + tile_vec_offset(v, t->c_stride)) : vec_zero();
    }
}

/* Where C lies is read before the first store, which could change it. */
static inline __attribute__((always_inline)) void tile_end(const struct tile *t, int rows, int panels,
                                                           vec acc[][TILE_VECS_LIMIT])
{
    float *c = t->c;
    const size_t c_stride = t->c_stride;
    if (t->bias) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++) {
            vec bias = vec_load(t->bias + tile_vec_offset(v, t->b_stride));
            UNROLL
            for (int r = 0; r < rows; r++)
                acc[r][v] = vec_add(acc[r][v], bias);
        }
    }
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        float *at = c + tile_vec_offset(v, c_stride);
        UNROLL
        for (int r = 0; r < rows; r++)
            vec_store(at + r * TP_PANEL, acc[r][v]);
    }
}

/*
 * The gradient tile through one rule, while it is in registers. Where a panel's weights and states are is
 * read once: their stores could change it.
 */
static inline __attribute__((always_inline)) void tile_apply(tileprop_optimizer kind,
                                                             const struct optimizer_target *target, int rows,
                                                             int panels, vec acc[][TILE_VECS_LIMIT])
{
    const struct optimizer_vectors constants = optimizer_vectors(target);
    const int states = tp_optimizer_states(kind);
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        const size_t offset = tile_vec_offset(v, target->stride);
        float *w = target->w + offset;
        float *const state[2] = {states > 0 ? target->state[0] + offset : NULL,
                                 states > 1 ? target->state[1] + offset : NULL};
        UNROLL
        for (int r = 0; r < rows; r++)
            apply_optimizer(kind, &constants, acc[r][v], w, state, r * TP_PANEL);
    }
}

static inline __attribute__((always_inline)) void tile_update(const struct optimizer_target *target, int rows,
                                                              int panels, vec acc[][TILE_VECS_LIMIT])
{
    switch (target->optimizer->kind) {
    case TILEPROP_SGD:
        tile_apply(TILEPROP_SGD, target, rows, panels, acc);
        break;
    case TILEPROP_MOMENTUM:
        tile_apply(TILEPROP_MOMENTUM, target, rows, panels, acc);
        break;
    case TILEPROP_LECUN_MOMENTUM:
        tile_apply(TILEPROP_LECUN_MOMENTUM, target, rows, panels, acc);
        break;
    case TILEPROP_NESTEROV:
        tile_apply(TILEPROP_NESTEROV, target, rows, panels, acc);
        break;
    default:
        tile_apply(TILEPROP_ADAM, target, rows, panels, acc);
        break;
    }
}

/*
 * Asks for weights and states, of the tile or `further` rows on, and for the lines of the transposed view. A
 * hardware prefetcher follows panels and arrays too, but begins anew with each tile. A short product asks for
 * weights that come from memory a panel's rows ahead: 2048 x 2048, batch 32, momentum, took 1.16 (avx512) and
 * 1.33 (avx2) times as long without. A long one has time to fetch its own, FETCH_STEPS before it needs them:
 * 1024 x 1024, batch 512, then took 0.96 times as long, 2048 x 2048, batch 256, 0.96 (avx512; avx2 0.99).
 */
static inline __attribute__((always_inline)) void tile_fetch(const struct tile *t, int rows, int panels,
                                                             int further)
{
    const struct optimizer_target *target = t->target;
    UNROLL
    for (int p = 0; p < panels; p++) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            size_t offset = (size_t)p * target->stride + (size_t)((r + further) * TP_PANEL);
            __builtin_prefetch(target->w + offset, 1);
            for (int s = 0; s < 2 && target->state[s]; s++)
                __builtin_prefetch(target->state[s] + offset, 1);
        }
    }
    for (int i = 0; t->transposed && i < rows * panels; i++)
        __builtin_prefetch(t->transposed + i * TP_PANEL, 1);
}

/* One k: acc[r] += a[r * a_step] * b; rows from `above` on take their factors from `next`. */
static inline __attribute__((always_inline)) void tile_multiply(const float *a, int a_step, int above,
                                                                const float *next, const float *b,
                                                                size_t b_stride, int rows, int panels,
                                                                vec acc[][TILE_VECS_LIMIT])
{
    vec row[TILE_VECS_LIMIT];
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++)
        row[v] = vec_load(b + tile_vec_offset(v, b_stride));
    UNROLL
    for (int r = 0; r < rows; r++) {
        vec x = vec_set1(r < above ? a[r * a_step] : next[(r - above) * a_step]);
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[r][v] = vec_fma(x, row[v], acc[r][v]);
    }
}

/*
 * C = A B with A [rows x depth] in panel format: 16 k's of one panel, then the next. A tile takes `rows`
 * lines of each panel, too few for a hardware prefetcher to see a stream in them; so it can ask for those of
 * the tile below.
 */
static inline __attribute__((always_inline)) void tile_nn(const struct tile *t, int rows, int panels)
{
    vec acc[TILE_ROWS_LIMIT][TILE_VECS_LIMIT];
    tile_begin(t, rows, panels, acc);
    const float *a = t->a, *b = t->b;
    size_t b_stride = t->b_stride, full = t->depth / TP_PANEL, rest = t->depth % TP_PANEL;
    for (size_t p = 0; p < full; p++, a += t->a_stride) {
        if (t->prefetch_a) {
            UNROLL
            for (int r = 0; r < rows; r++)
                __builtin_prefetch(a + (rows + r) * TP_PANEL, 0, 2); /* to L2: in L1 it would be in B's way */
        }
        if (t->prefetch_b) {
            UNROLL
            for (int i = 0; i < panels; i++) {
                const float *line = t->prefetch_b + p * t->prefetch_b_rows * TP_PANEL + (size_t)i * b_stride;
                for (size_t r = 0; r < t->prefetch_b_rows; r++)
                    __builtin_prefetch(line + r * TP_PANEL);
            }
        }
        UNROLL_STEPS
        for (int k = 0; k < TP_PANEL; k++, b += TP_PANEL)
            tile_multiply(a + k, TP_PANEL, rows, NULL, b, b_stride, rows, panels, acc);
    }
    UNROLL_STEPS
    for (size_t k = 0; k < rest; k++, b += TP_PANEL)
        tile_multiply(a + k, TP_PANEL, rows, NULL, b, b_stride, rows, panels, acc);
    tile_end(t, rows, panels, acc);
}

/*
 * C = A^T B with A [depth x rows], neighbouring columns: a row of A is one step of k. The first `above`
 * columns are the last of one panel, those behind them the first of the next.
 */
static inline __attribute__((always_inline)) void tile_tn(const struct tile *t, int rows, int panels,
                                                          int above)
{
    vec acc[TILE_ROWS_LIMIT][TILE_VECS_LIMIT];
    tile_begin(t, rows, panels, acc);
    const float *a = t->a, *next = above < rows ? a + t->a_stride - (TP_PANEL - above) : a, *b = t->b;
    size_t b_stride = t->b_stride, k = 0;
    if (t->target && t->depth >= 2 * FETCH_STEPS) {
        UNROLL_STEPS
        for (; k < t->depth - FETCH_STEPS; k++, a += TP_PANEL, next += TP_PANEL, b += TP_PANEL)
            tile_multiply(a, 1, above, next, b, b_stride, rows, panels, acc);
        tile_fetch(t, rows, panels, 0);
    } else if (t->target && t->target->nontemporal)
        tile_fetch(t, rows, panels, TP_PANEL);
    UNROLL_STEPS
    for (; k < t->depth; k++, a += TP_PANEL, next += TP_PANEL, b += TP_PANEL)
        tile_multiply(a, 1, above, next, b, b_stride, rows, panels, acc);
    if (t->target)
        tile_update(t->target, rows, panels, acc);
    else
        tile_end(t, rows, panels, acc);
}

/*
 * One row of C alone: a chain waits for its last multiply-add, so it takes ROW_VECS of them to be fast, more
 * than the tiles above have in a row. Each vector of B is used once and needs no register.
 */
static inline __attribute__((always_inline)) void tile_row(const struct tile *t, int panels)
{
    vec acc[ROW_VECS];
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++)
        acc[v] = t->accumulate ? vec_load(t->c + tile_vec_offset(v, t->c_stride)) : vec_zero();
    UNROLL_STEPS
    for (size_t k = 0; k < t->depth; k++) {
        const vec x = vec_set1(t->a[k / TP_PANEL * t->a_stride + k % TP_PANEL]);
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[v] = vec_fma(x, vec_load(t->b + k * TP_PANEL + tile_vec_offset(v, t->b_stride)), acc[v]);
    }
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        if (t->bias)
            acc[v] = vec_add(acc[v], vec_load(t->bias + tile_vec_offset(v, t->b_stride)));
        vec_store(t->c + tile_vec_offset(v, t->c_stride), acc[v]);
    }
}

#endif
