/*
 * forward and backward, from the verb to the tile. Blocks (kernels.h) keep in L2 what a tile streams.
 *
 * Activations and derivatives run on a tile's lines while they are in L1: in registers they gain nothing and
 * bloat the code (results/kernels.md).
 */
#pragma once

#include "../tiers.h"
#include "functions.h"
#include "tile.h"

#define MANY_ROWS     64
#define A_BLOCK_ROWS  48  /* fewest rows in a block; a multiple of every tile's rows */
#define ROW_VECS      8   /* accumulators of the tile of one row: two units of latency 4 */
#define SHORT_DEPTH   256 /* below this depth EPILOGUE_ROWS share an epilogue, waiting in L1 */
#define EPILOGUE_ROWS 48

/* Few rows need no division, whose cost shows in short products. */
static inline size_t rows_per_block(size_t rows, size_t steps)
{
    const size_t most =
        rows <= A_BLOCK_ROWS ? 0 : TP_KERNEL(blocks).a_floats / (steps + 1) / A_BLOCK_ROWS * A_BLOCK_ROWS;
    return most < A_BLOCK_ROWS ? A_BLOCK_ROWS : most;
}

/* What happens to a finished block of C: `count` floats of each of its panels' rows. */
typedef void epilogue_fn(tileprop_activation activation, float *c, const float *a, size_t count);

static void activate(tileprop_activation activation, float *z, const float *unused, size_t count)
{
    (void)unused;
    switch (activation) {
    case TILEPROP_SIGMOID:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(z + i, sigmoid(vec_load(z + i)));
        break;
    case TILEPROP_LECUN_TANH:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(z + i, lecun_tanh(vec_load(z + i)));
        break;
    case TILEPROP_TANH:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(z + i, hyperbolic_tangent(vec_load(z + i)));
        break;
    case TILEPROP_RELU:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(z + i, relu(vec_load(z + i)));
        break;
    default:
        break;
    }
}

static void multiply_by_derivative(tileprop_activation activation, float *d, const float *a, size_t count)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(d + i, derivative_sigmoid(vec_load(d + i), vec_load(a + i)));
        break;
    case TILEPROP_LECUN_TANH:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(d + i, derivative_lecun_tanh(vec_load(d + i), vec_load(a + i)));
        break;
    case TILEPROP_TANH:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(d + i, derivative_tanh(vec_load(d + i), vec_load(a + i)));
        break;
    case TILEPROP_RELU:
        for (size_t i = 0; i < count; i += VEC_LANES)
            vec_store(d + i, derivative_relu(vec_load(d + i), vec_load(a + i)));
        break;
    default:
        break;
    }
}

/* C [rows x panels] (+)= A [rows x depth] B, then the bias row after B's last, then the epilogue. */
struct product {
    size_t row_begin, row_end;
    size_t depth;
    size_t steps; /* of k in a block; set by multiply() */
    size_t panels;
    const float *a, *b; /* not struct tp_matrix: copying rows and columns shows in short products */
    float *c;
    size_t a_stride, b_stride, c_stride;
    const struct tp_matrix *sums; /* the chains begin at their total; NULL: at +0 */
    bool bias;
    bool accumulate;
    epilogue_fn *epilogue; /* NULL: none */
    tileprop_activation activation;
    const float *derivative; /* the epilogue's second operand, addressed like c */
    size_t derivative_stride;
};

/*
 * Steps of k in a block; blocks are whole panels of A and nearly equal. With many rows and many panels, B is read from
 * L3 once per block of rows. Shorter blocks of k allow longer blocks of rows, and a panel of B stays in L1 while all
 * tiles of a block run. A single group of panels gains nothing (results/kernels.md).
 */
static inline size_t steps_per_block(const struct product *p)
{
    const bool many = p->row_end - p->row_begin >= MANY_ROWS && p->panels > TILE_PANELS_MAX;
    const size_t most = many ? TP_KERNEL(blocks).steps_many : TP_KERNEL(blocks).steps;
    if (p->depth <= most)
        return p->depth;
    const size_t blocks = (p->depth + most - 1) / most;
    return (p->depth + blocks * TP_PANEL - 1) / (blocks * TP_PANEL) * TP_PANEL;
}

/*
 * The rows of B that tiles read next, from k_next, if prefetching them meanwhile pays; else NULL. Without it the first
 * tile would wait for rows in memory; for rows in L3 it makes no difference (results/kernels.md).
 */
static const float *prefetch_b_from(const struct product *p, size_t rows, size_t k_begin, size_t k_next, size_t k_end,
                                    size_t panel, size_t panels)
{
    if (p->depth * p->panels * TP_PANEL < TP_KERNEL(blocks).prefetch_b_floats || rows < PREFETCH_B_ROWS_MIN)
        return NULL;
    if (k_next < k_end)
        return p->b + panel * p->b_stride + k_next * TP_PANEL;
    if (panel + 2 * panels <= p->panels)
        return p->b + (panel + panels) * p->b_stride + k_begin * TP_PANEL;
    return NULL;
}

/* The values at which a panel's chains begin (kernels.h), in vectors. */
INLINE void chain_start(const struct tp_matrix *sums, size_t panel, vec start[])
{
    const float *line = sums->data + panel * sums->stride;
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++)
        start[v] = vec_zero();
    for (size_t p = 0; p < sums->rows; p++, line += TP_PANEL) {
        UNROLL
        for (int v = 0; v < PANEL_VECS; v++)
            start[v] += vec_load(line + v * VEC_LANES);
    }
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++)
        start[v] = vec_propagate(start[v]);
}

/* Sets C's rows to these values. */
static void begin_rows(const struct product *p, size_t row_begin, size_t row_end, size_t panel, size_t panels)
{
    for (size_t i = panel; i < panel + panels; i++) {
        vec start[PANEL_VECS];
        chain_start(p->sums, i, start);
        for (float *c = p->c + i * p->c_stride + row_begin * TP_PANEL, *end = c + (row_end - row_begin) * TP_PANEL;
             c < end; c += TP_PANEL) {
            store_lines(c, 0, 1, start);
        }
    }
}

/*
 * Prefetches, before a long tile, what its epilogue reads and writes, which may be in memory.
 * Inlined, since gcc drops calls to a function that only prefetches: it sees no effect.
 */
INLINE void prefetch_epilogue(const struct product *p, size_t row_begin, size_t row_end, size_t panel, size_t panels)
{
    for (size_t i = panel; i < panel + panels; i++) {
        for (size_t row = row_begin; row < row_end; row++) {
            __builtin_prefetch(p->derivative + i * p->derivative_stride + row * TP_PANEL);
            __builtin_prefetch(p->c + i * p->c_stride + row * TP_PANEL, 1);
        }
    }
}

/*
 * C = A B with A [rows x depth] in panel format: 16 k's of one panel, then the next. A tile reads `rows`
 * lines of each panel, too few for a hardware prefetcher to detect a stream, so it can prefetch those of the
 * tile below.
 */
INLINE void tile_nn(const struct tile *t, int rows, int panels)
{
    vec acc[TILE_ROWS_LIMIT][TILE_VECS_LIMIT];
    tile_begin(t, rows, panels, acc);
    const float *a = t->a, *b = t->b;
    size_t b_stride = t->b_stride, full = t->depth / TP_PANEL, rest = t->depth % TP_PANEL;
    for (size_t p = 0; p < full; p++, a += t->a_stride) {
        if (t->prefetch_a) {
            UNROLL
            for (int r = 0; r < rows; r++)
                __builtin_prefetch(a + (rows + r) * TP_PANEL, 0, 2); /* to L2: in L1 it would displace B */
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
    tile_bias(t, rows, panels, acc);
    if (t->settle)
        tile_settle(rows, panels, acc);
    tile_end(t, rows, panels, acc);
}

static void run_tile_nn(const struct tile *t, size_t rows, size_t panels)
{
    switch (panels * 100 + rows) {
#define TILE_CASE(rows, panels)                                                                                        \
    case (panels)*100 + (rows):                                                                                        \
        tile_nn(t, rows, panels);                                                                                      \
        break;
        TILES(TILE_CASE)
#undef TILE_CASE
    default:
        __builtin_trap();
    }
}

/*
 * A single row of C: each chain waits for its previous multiply-add, so filling the units takes ROW_VECS chains, more
 * than a row of the tiles above has. Each vector of B is used once and needs no register.
 */
INLINE void tile_row(const struct tile *t, int panels)
{
    vec acc[ROW_VECS];
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++)
        acc[v] = t->accumulate ? vec_load(t->c + tile_vec_offset(v, t->c_stride)) : vec_zero();
    UNROLL_STEPS
    for (size_t k = 0; k < t->depth; k++)
        add_lines(t->a[k / TP_PANEL * t->a_stride + k % TP_PANEL], t->b + k * TP_PANEL, t->b_stride, panels, acc);
    UNROLL
    for (int v = 0; v < TILE_VECS(panels); v++) {
        if (t->bias)
            acc[v] += vec_load(t->bias + tile_vec_offset(v, t->b_stride));
        if (t->settle)
            acc[v] = acc[v] + vec_zero();
        vec_store(t->c + tile_vec_offset(v, t->c_stride), acc[v]);
    }
}

/*
 * One group of panels for rows [row_begin, row_end) and k in [k_begin, k_end), a block at a time. What all tiles share
 * is set once, and short tiles share an epilogue: doing both for each tile would show in short products
 * (results/kernels.md). A product of one panel has more loads than multiply-adds, so it prefetches rows of A only if
 * they are not in L2.
 */
static void multiply_group(const struct product *p, size_t row_begin, size_t row_end, size_t k_begin, size_t k_end,
                           size_t panel, size_t panels)
{
    const float *b = p->b + panel * p->b_stride;
    const size_t wait = p->depth < SHORT_DEPTH ? EPILOGUE_ROWS : 0;
    const bool many = row_end - row_begin > EPILOGUE_ROWS;
    if (k_begin == 0 && p->sums)
        begin_rows(p, row_begin, row_end, panel, panels);
    for (size_t k = k_begin, depth; k < k_end; k += depth) {
        depth = min_size(k_end - k, p->steps);
        bool last = k + depth == p->depth;
        const float *a = p->a + k / TP_PANEL * p->a_stride;
        const float *next_b = prefetch_b_from(p, row_end - row_begin, k_begin, k + depth, k_end, panel, panels);
        const size_t tiles = (row_end - row_begin + TILE_ROWS_WIDE - 1) / TILE_ROWS_WIDE;
        struct tile tile = {.depth = depth,
                            .a_stride = p->a_stride,
                            .b = b + k * TP_PANEL,
                            .b_stride = p->b_stride,
                            .bias = last && p->bias ? b + p->depth * TP_PANEL : NULL,
                            .c_stride = p->c_stride,
                            .accumulate = p->accumulate || p->sums || k > 0,
                            .settle = last && p->sums,
                            .prefetch_a = panel == 0 && (p->panels > 1 || p->depth * (row_end - row_begin) >=
                                                                              TP_KERNEL(blocks).prefetch_a_floats),
                            .prefetch_b_rows = next_b ? (TP_PANEL + tiles - 1) / tiles : 0};
        size_t fetched = 0, done = row_begin;
        for (size_t row = row_begin, end; row < row_end;
             row = end, fetched += depth / TP_PANEL * tile.prefetch_b_rows) {
            end = row + tile_rows(panels, row_end - row);
            tile.a = a + row * TP_PANEL;
            tile.c = p->c + panel * p->c_stride + row * TP_PANEL;
            tile.prefetch_b = next_b && fetched < depth ? next_b + fetched * TP_PANEL : NULL;
            if (last && p->epilogue && many && !wait)
                prefetch_epilogue(p, row, end, panel, panels);
            run_tile_nn(&tile, end - row, panels);
            if (!last || !p->epilogue || (end < row_end && end - done < wait))
                continue;
            for (size_t i = panel; i < panel + panels; i++)
                p->epilogue(p->activation, p->c + i * p->c_stride + done * TP_PANEL,
                            p->derivative + i * p->derivative_stride + done * TP_PANEL, (end - done) * TP_PANEL);
            done = end;
        }
    }
}

/* All panels for a single row, as when one sample is predicted. */
static void multiply_row(const struct product *p)
{
    for (size_t panel = 0, panels; panel < p->panels; panel += panels) {
        const size_t left = p->panels - panel, most = ROW_VECS / PANEL_VECS;
        panels = left >= most ? most : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const size_t c = panel * p->c_stride + p->row_begin * TP_PANEL;
        if (p->sums)
            begin_rows(p, p->row_begin, p->row_begin + 1, panel, panels);
        const struct tile tile = {.depth = p->depth,
                                  .a = p->a + p->row_begin * TP_PANEL,
                                  .a_stride = p->a_stride,
                                  .b = p->b + panel * p->b_stride,
                                  .b_stride = p->b_stride,
                                  .bias = p->bias ? p->b + panel * p->b_stride + p->depth * TP_PANEL : NULL,
                                  .c = p->c + c,
                                  .c_stride = p->c_stride,
                                  .accumulate = p->accumulate || p->sums,
                                  .settle = p->sums};
        if (panels == most)
            tile_row(&tile, ROW_VECS / PANEL_VECS);
        else if (panels == 4)
            tile_row(&tile, 4);
        else if (panels == 2)
            tile_row(&tile, 2);
        else
            tile_row(&tile, 1);
        for (size_t i = 0; p->epilogue && i < panels; i++)
            p->epilogue(p->activation, tile.c + i * p->c_stride,
                        p->derivative + (panel + i) * p->derivative_stride + p->row_begin * TP_PANEL, TP_PANEL);
    }
}

/*
 * Each block of A's rows reads all of B, so long blocks are better: only a block's columns within one block of k must
 * stay in L2. A single block of rows instead takes each group of panels through all of k, so that B is one stream.
 */
static void multiply(struct product *p)
{
    if (p->row_end - p->row_begin == 1) {
        multiply_row(p);
        return;
    }
    p->steps = steps_per_block(p);
    const size_t rows = p->row_end - p->row_begin, block = rows_per_block(rows, p->steps);
    const size_t k_step = rows <= block ? p->depth : p->steps;
    for (size_t row = p->row_begin; row < p->row_end; row += block) {
        size_t row_end = min_size(row + block, p->row_end);
        for (size_t k = 0; k < p->depth; k += k_step) {
            size_t k_end = min_size(k + k_step, p->depth);
            for (size_t panel = 0, panels; panel < p->panels; panel += panels) {
                panels = tile_panels(p->panels - panel);
                multiply_group(p, row, row_end, k, k_end, panel, panels);
            }
        }
    }
}

void TP_KERNEL(forward)(const struct tp_forward *f)
{
    multiply(&(struct product){.row_begin = f->row_begin,
                               .row_end = f->row_end,
                               .depth = f->a.columns,
                               .panels = tp_panel_count(f->z.columns),
                               .a = f->a.data,
                               .a_stride = f->a.stride,
                               .b = f->w.data,
                               .b_stride = f->w.stride,
                               .sums = f->sums.data ? &f->sums : NULL,
                               .bias = f->bias,
                               .c = f->z.data,
                               .c_stride = f->z.stride,
                               .epilogue = f->activation == TILEPROP_LINEAR ? NULL : activate,
                               .activation = f->activation,
                               .derivative = f->z.data,
                               .derivative_stride = f->z.stride});
}

void TP_KERNEL(backward)(const struct tp_backward *b)
{
    const size_t panel = b->input_begin / TP_PANEL;
    multiply(&(struct product){.row_begin = b->row_begin,
                               .row_end = b->row_end,
                               .depth = b->d.columns,
                               .panels = tp_panel_count(b->input_end) - panel,
                               .a = b->d.data,
                               .a_stride = b->d.stride,
                               .b = b->wt.data + panel * b->wt.stride,
                               .b_stride = b->wt.stride,
                               .c = b->d_in.data + panel * b->d_in.stride,
                               .c_stride = b->d_in.stride,
                               .accumulate = !b->first,
                               .epilogue = b->last && b->activation != TILEPROP_LINEAR ? multiply_by_derivative : NULL,
                               .activation = b->activation,
                               .derivative = b->a.data + panel * b->a.stride,
                               .derivative_stride = b->a.stride});
}
