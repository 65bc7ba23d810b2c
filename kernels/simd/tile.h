/*
 * What the register tiles of all products share. A tile is `rows` x `panels` of C, held in rows * panels *
 * PANEL_VECS accumulators while k runs; each k costs panels * PANEL_VECS vector loads of B and `rows`
 * broadcasts of A. Tiles are inlined with constant rows and panels, and unrolled.
 *
 * A tier's tiles.h includes this after its sizes.
 */
#pragma once

#include <stdbool.h>

#include "../kernels.h"
#include "compiler.h"

#define TILE_VECS(panels) ((panels)*PANEL_VECS)
#define TILE_ROWS_LIMIT   16
#define TILE_VECS_LIMIT   4

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * ceil(left / ceil(left / 6)): rows of the first tile when `left` rows are cut into the fewest tiles of at most 6 rows,
 * of nearly equal height. A table, since a division costs as much as several steps of k.
 */
static inline size_t balanced_rows(size_t left)
{
    static const uint8_t rows[] = {0, 1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5, 5, 5,
                                   6, 6, 6, 5, 5, 6, 6, 6, 6, 5, 6, 6, 6, 6, 6};
    return left < sizeof rows ? rows[left] : 6;
}

/* Panels of the next tile when `left` remain. */
static inline size_t tile_panels(size_t left)
{
    const size_t most = min_size(left, TILE_PANELS_MAX);
    return most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

/* Defined by the tier: rows of the next tile of TILE_PANELS_MAX panels when `left` remain. */
static inline size_t tile_rows_wide(size_t left);

/* Rows of the next tile when `left` remain. Tiles of fewer than TILE_PANELS_MAX panels have fixed sizes. */
static inline size_t tile_rows(size_t panels, size_t left)
{
    if (panels == TILE_PANELS_MAX)
        return tile_rows_wide(left);
    const size_t most = panels == 2 ? 12 : 16;
    return left >= most ? most : left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* Offset of vector v of a row that spans panels. */
static inline size_t tile_vec_offset(int v, size_t stride)
{
    return (size_t)(v / PANEL_VECS) * stride + (size_t)(v % PANEL_VECS * VEC_LANES);
}

/* A line is a row of one panel: 16 floats. These take a row of adjacent panels, `stride` apart. */
INLINE void load_lines(const float *from, size_t stride, int panels, vec to[])
{
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        to[v] = vec_load(from + tile_vec_offset(v, stride));
}

INLINE void store_lines(float *to, size_t stride, int panels, const vec from[])
{
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        vec_store(to + tile_vec_offset(v, stride), from[v]);
}

/* acc += x times the lines at `b`. */
INLINE void add_lines(float x, const float *b, size_t stride, int panels, vec acc[])
{
    const vec factor = vec_set1(x);
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        acc[v] = vec_fma(factor, vec_load(b + tile_vec_offset(v, stride)), acc[v]);
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
    bool settle;             /* nn: end with + 0 */
    const float *start;      /* tn without accumulate: start from these lines, one for each panel, */
    const float *shift;      /* times these values, one for each row */
    bool prefetch_a;         /* nn: prefetch the rows of A below the tile's */
    const float *prefetch_b; /* nn: prefetch rows laid out like b's from here; NULL: none */
    size_t prefetch_b_rows;  /* how many for each 16 steps of depth */
    /* tn: where the optimizer applies the finished tile; NULL: it goes to C */
    const struct optimizer_target *target;
    const float *transposed; /* tn with a target: rows * panels lines to be written next; NULL: none */
};

INLINE void tile_begin(const struct tile *t, int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[r][v] = t->accumulate ? vec_load(t->c + r * TP_PANEL + tile_vec_offset(v, t->c_stride)) : vec_zero();
    }
}

/* -0 becomes +0. */
INLINE void tile_settle(int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[r][v] = acc[r][v] + vec_zero();
    }
}

INLINE void tile_bias(const struct tile *t, int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    if (t->bias) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++) {
            vec bias = vec_load(t->bias + tile_vec_offset(v, t->b_stride));
            UNROLL
            for (int r = 0; r < rows; r++)
                acc[r][v] += bias;
        }
    }
}

/* C's address is read before the first store, which may alias the struct. */
INLINE void tile_end(const struct tile *t, int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    float *c = t->c;
    const size_t c_stride = t->c_stride;
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        float *at = c + tile_vec_offset(v, c_stride);
        UNROLL
        for (int r = 0; r < rows; r++)
            vec_store(at + r * TP_PANEL, acc[r][v]);
    }
}

/* One k: acc[r] += a[r * a_step] * b; rows from `above` on take their factors from `next`. */
INLINE void tile_multiply(const float *a, int a_step, int above, const float *next, const float *b, size_t b_stride,
                          int rows, int panels, vec acc[][TILE_VECS_LIMIT])
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
