/*
 * forward, backward and update: the loops around the tiles. Blocks are chosen so that what a tile streams
 * stays in L2: K_BLOCK rows of B are 64 KiB per panel, K_BLOCK_MANY 24, a block of A rows about 512 KiB.
 *
 * The optimizer's rule runs on the gradient tile in registers (simd/tile.h): through L1 the update of 784 x
 * 64 weights, batch 32, took 1.07 times as long. Activations and slopes run on a tile's lines right behind
 * it, in L1: in registers they took as long to 1 part in 200 and made the code of the tier 1.6 times as
 * large.
 *
 * Include a tier's tiles.h first.
 */
#ifndef TP_SIMD_GEMM_H
#define TP_SIMD_GEMM_H

#include "functions.h"
#include "narrow.h"

#define K_BLOCK         1024
#define K_BLOCK_MANY    384 /* of many rows and panels */
#define MANY_ROWS       64
#define A_BLOCK_FLOATS  131072
#define D_GROUP_FLOATS  98304  /* of D in L2 while inputs pass, in update of a long batch */
#define A_BLOCK_ROWS    48     /* at least; a multiple of every tile's rows */
#define AHEAD_B_FLOATS  262144 /* of B from which on it is fetched ahead: what no L2 holds */
#define BELOW_A_FLOATS  65536  /* of A from which on a tile's rows are fetched by the one above */
#define SHORT_DEPTH     256    /* below it EPILOGUE_ROWS wait for the epilogue, in L1 */
#define EPILOGUE_ROWS   48
#define NARROW_ROWS     8  /* at least, that pay for the transposing */
#define GRADIENT_INPUTS 48 /* whose partial sums wait in L1 where a batch is longer than K_BLOCK */

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Few rows need no division: 32 x 10 x 64 took 0.98 of the time, 32 x 64 x 10 0.97 (avx512). */
static inline size_t rows_per_block(size_t rows, size_t steps)
{
    const size_t most = rows <= A_BLOCK_ROWS ? 0 : A_BLOCK_FLOATS / (steps + 1) / A_BLOCK_ROWS * A_BLOCK_ROWS;
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

/* C [rows x panels] (+)= A [rows x depth] B, bias row behind B, then the epilogue. */
struct product {
    size_t row_begin, row_end;
    size_t depth;
    size_t steps; /* of k in a block; set by multiply() */
    size_t panels;
    struct tp_matrix a, b, c;
    bool bias;
    bool accumulate;
    epilogue_fn *epilogue; /* NULL: none */
    tileprop_activation activation;
    struct tp_matrix derivative; /* the epilogue's second operand, addressed like c */
};

/*
 * Steps of k in a block, of much the same length and whole panels of A. Many rows of many panels read B from
 * L3 once for each block of rows, of which fewer steps make longer ones, and a panel that stays in L1 while
 * all tiles of a block pass. With 32 KiB of L1 and 1 MiB of L2, 512 x 1024 x 1024 took 0.88 of the time of
 * blocks of 1024 on both tiers, 512 x 2048 x 2048 0.85 to 0.93. One group of panels gains nothing (avx512:
 * 0.98 to 1.04).
 */
static inline size_t steps_per_block(const struct product *p)
{
    const bool many = p->row_end - p->row_begin >= MANY_ROWS && p->panels > TILE_PANELS_MAX;
    const size_t most = many ? K_BLOCK_MANY : K_BLOCK;
    if (p->depth <= most)
        return p->depth;
    const size_t blocks = (p->depth + most - 1) / most;
    return (p->depth + blocks * TP_PANEL - 1) / (blocks * TP_PANEL) * TP_PANEL;
}

/*
 * The rows of B that are read behind those before k_next, if they are worth fetching while the tiles work on
 * these: the first tile would wait for them. With weights in memory 32 x 2048 x 2048 took 1.18 (avx512) and
 * 1.14 (avx2) times as long without, 32 x 1024 x 1024 likewise; with weights in L3 0.99 and 1.00 times.
 */
static const float *prefetch_b_from(const struct product *p, size_t rows, size_t k_begin, size_t k_next,
                                    size_t k_end, size_t panel, size_t panels)
{
    if (p->depth * p->panels * TP_PANEL < AHEAD_B_FLOATS || rows < AHEAD_ROWS_MIN)
        return NULL;
    if (k_next < k_end)
        return p->b.data + panel * p->b.stride + k_next * TP_PANEL;
    if (panel + 2 * panels <= p->panels)
        return p->b.data + (panel + panels) * p->b.stride + k_begin * TP_PANEL;
    return NULL;
}

/*
 * Asks, before a long tile, for what its epilogue reads and writes. With operands in memory backward of
 * 512 x 1024 x 1024 took 1.05 times as long without (avx512), of 32 x 500 x 500 0.99 times.
 * Inlined, since gcc takes a function that only prefetches for one without effects and leaves the call out.
 */
static inline __attribute__((always_inline)) void fetch_epilogue(const struct product *p, size_t row_begin,
                                                                 size_t row_end, size_t panel, size_t panels)
{
    for (size_t i = panel; i < panel + panels; i++) {
        for (size_t row = row_begin; row < row_end; row++) {
            __builtin_prefetch(p->derivative.data + i * p->derivative.stride + row * TP_PANEL);
            __builtin_prefetch(p->c.data + i * p->c.stride + row * TP_PANEL, 1);
        }
    }
}

/*
 * One group of panels for rows [row_begin, row_end) and k in [k_begin, k_end), a block at a time. What does
 * not change from tile to tile is set once, and the epilogue runs behind many tiles where these are short:
 * backward of 512 x 64 x 10 took 1.13 times as long with all of it at each. Tiles of one panel have more
 * loads than multiply-adds, so they fetch rows of A only where these are not in L2.
 */
static void multiply_group(const struct product *p, size_t row_begin, size_t row_end, size_t k_begin,
                           size_t k_end, size_t panel, size_t panels)
{
    const float *b = p->b.data + panel * p->b.stride;
    const size_t wait = p->depth < SHORT_DEPTH ? EPILOGUE_ROWS : 0;
    const bool many = row_end - row_begin > EPILOGUE_ROWS;
    for (size_t k = k_begin, depth; k < k_end; k += depth) {
        depth = min_size(k_end - k, p->steps);
        bool last = k + depth == p->depth;
        const float *a = p->a.data + k / TP_PANEL * p->a.stride;
        const float *ahead =
            prefetch_b_from(p, row_end - row_begin, k_begin, k + depth, k_end, panel, panels);
        const size_t tiles = (row_end - row_begin + TILE_ROWS_WIDE - 1) / TILE_ROWS_WIDE;
        struct tile tile = {
            .depth = depth,
            .a_stride = p->a.stride,
            .b = b + k * TP_PANEL,
            .b_stride = p->b.stride,
            .bias = last && p->bias ? b + p->depth * TP_PANEL : NULL,
            .c_stride = p->c.stride,
            .accumulate = p->accumulate || k > 0,
            .prefetch_a = panel == 0 && (p->panels > 1 || p->depth * (row_end - row_begin) >= BELOW_A_FLOATS),
            .prefetch_b_rows = ahead ? (TP_PANEL + tiles - 1) / tiles : 0};
        size_t fetched = 0, done = row_begin;
        for (size_t row = row_begin, end; row < row_end;
             row = end, fetched += depth / TP_PANEL * tile.prefetch_b_rows) {
            end = row + tile_rows(panels, row_end - row);
            tile.a = a + row * TP_PANEL;
            tile.c = p->c.data + panel * p->c.stride + row * TP_PANEL;
            tile.prefetch_b = ahead && fetched < depth ? ahead + fetched * TP_PANEL : NULL;
            if (last && p->epilogue && many && !wait)
                fetch_epilogue(p, row, end, panel, panels);
            run_tile_nn(&tile, end - row, panels);
            if (!last || !p->epilogue || (end < row_end && end - done < wait))
                continue;
            for (size_t i = panel; i < panel + panels; i++)
                p->epilogue(p->activation, p->c.data + i * p->c.stride + done * TP_PANEL,
                            p->derivative.data + i * p->derivative.stride + done * TP_PANEL,
                            (end - done) * TP_PANEL);
            done = end;
        }
    }
}

/* The same for one row, as where a single sample is predicted. */
static void multiply_row(const struct product *p)
{
    for (size_t panel = 0, panels; panel < p->panels; panel += panels) {
        const size_t left = p->panels - panel, most = ROW_VECS / PANEL_VECS;
        panels = left >= most ? most : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const size_t c = panel * p->c.stride + p->row_begin * TP_PANEL;
        const struct tile tile = {.depth = p->depth,
                                  .a = p->a.data + p->row_begin * TP_PANEL,
                                  .a_stride = p->a.stride,
                                  .b = p->b.data + panel * p->b.stride,
                                  .b_stride = p->b.stride,
                                  .bias =
                                      p->bias ? p->b.data + panel * p->b.stride + p->depth * TP_PANEL : NULL,
                                  .c = p->c.data + c,
                                  .c_stride = p->c.stride,
                                  .accumulate = p->accumulate};
        if (panels == most)
            tile_row(&tile, ROW_VECS / PANEL_VECS);
        else if (panels == 4)
            tile_row(&tile, 4);
        else if (panels == 2)
            tile_row(&tile, 2);
        else
            tile_row(&tile, 1);
        for (size_t i = 0; p->epilogue && i < panels; i++)
            p->epilogue(p->activation, tile.c + i * p->c.stride,
                        p->derivative.data + (panel + i) * p->derivative.stride + p->row_begin * TP_PANEL,
                        TP_PANEL);
    }
}

/*
 * Each block of A's rows reads all of B, so fewer and longer ones are better: of each block only the
 * columns of one block of k have to stay in L2. A single block instead takes each group of panels through all
 * of k, so that B is one stream.
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
                               .a = f->a,
                               .b = f->w,
                               .bias = f->bias,
                               .c = f->z,
                               .epilogue = f->activation == TILEPROP_LINEAR ? NULL : activate,
                               .activation = f->activation,
                               .derivative = f->z});
}

void TP_KERNEL(backward)(const struct tp_backward *b)
{
    const size_t columns = b->input_end - b->input_begin;
    multiply(&(struct product){
        .row_begin = b->row_begin,
        .row_end = b->row_end,
        .depth = b->d.columns,
        .panels = tp_panel_count(columns),
        .a = b->d,
        .b = tp_matrix_columns(&b->wt, b->input_begin, columns),
        .c = tp_matrix_columns(&b->d_in, b->input_begin, columns),
        .accumulate = !b->first,
        .epilogue = b->last && b->activation != TILEPROP_LINEAR ? multiply_by_derivative : NULL,
        .activation = b->activation,
        .derivative = tp_matrix_columns(&b->a, b->input_begin, columns)});
}

/*
 * copy_rows: the first `rows` rows of a 16 x 16 block; zero_rows: +0 in those from `first` on. Unrolled,
 * since gcc makes memcpy or memset of a plain loop, and of these string instructions, with which update of 64
 * x 10, batch 32, took 1.1 times as long.
 */
static inline void copy_rows(float *to, const float *from, size_t rows)
{
    UNROLL
    for (size_t r = 0; r < TP_PANEL; r++) {
        if (r >= rows)
            break;
        UNROLL
        for (int v = 0; v < PANEL_VECS; v++)
            vec_store(to + r * TP_PANEL + v * VEC_LANES, vec_load(from + r * TP_PANEL + v * VEC_LANES));
    }
}

static inline void zero_rows(float *to, size_t first)
{
    UNROLL
    for (size_t r = 0; r < TP_PANEL; r++) {
        UNROLL
        for (int v = 0; r >= first && v < PANEL_VECS; v++)
            vec_store(to + r * TP_PANEL + v * VEC_LANES, vec_zero());
    }
}

/*
 * The 16 x 16 block of the transposed view that shows rows [row, row + rows) of one panel of w.
 * Written past the caches where it would not stay in them, it need not be read first: 2048 x 2048 weights,
 * batch 32, took 1.4 times as long otherwise (avx512).
 */
static void write_transposed(const struct tp_update *u, size_t panel, size_t row, size_t rows)
{
    const float *from = u->w.data + panel * u->w.stride + row * TP_PANEL;
    float *to = u->wt.data + row / TP_PANEL * u->wt.stride + panel * TP_PANEL * TP_PANEL;
    size_t units = min_size(u->d.columns - panel * TP_PANEL, TP_PANEL);
    if (rows == TP_PANEL && units == TP_PANEL) {
        if (u->nontemporal)
            panel_transpose(from, to, true);
        else
            panel_transpose(from, to, false);
        return;
    }
    _Alignas(64) float padded[TP_PANEL * TP_PANEL], turned[TP_PANEL * TP_PANEL];
    if (rows < TP_PANEL) {
        copy_rows(padded, from, rows);
        zero_rows(padded, rows);
        from = padded;
    }
    panel_transpose(from, turned, false);
    copy_rows(to, turned, units);
}

/*
 * The lines of the transposed view that a tile from row i on fetches: its share of those that its block
 * writes. NULL where they are written past the caches.
 */
static const float *transposed_share(const struct tp_update *u, size_t i, size_t panel, size_t panels)
{
    if (!u->wt.data || u->nontemporal)
        return NULL;
    return u->wt.data + i / TP_PANEL * u->wt.stride + (panel * TP_PANEL + i % TP_PANEL * panels) * TP_PANEL;
}

/* Where a block's gradient rows go: through the rule into w and the state, addressed from `offset` on. */
static inline struct optimizer_target target_at(const struct tp_update *u, size_t offset, bool decays)
{
    return (struct optimizer_target){
        .optimizer = u->optimizer,
        .decay = decays ? u->optimizer->decay : 0,
        .keep = decays ? u->optimizer->keep : 1,
        .w = u->w.data + offset,
        .state = {u->state[0] ? u->state[0] + offset : NULL, u->state[1] ? u->state[1] + offset : NULL},
        .stride = u->w.stride,
        .nontemporal = u->nontemporal};
}

/*
 * Inputs [begin, end), at most GRADIENT_INPUTS of them, for a group of panels. Partial sums over the first k
 * blocks wait in L1, or in the gradient matrix where one is wanted; behind the last block a tile goes through
 * the rule.
 */
static void update_block(const struct tp_update *u, size_t begin, size_t end, size_t panel, size_t panels)
{
    _Alignas(64) float partial[TILE_PANELS_MAX * GRADIENT_INPUTS * TP_PANEL];
    for (size_t k = 0; k < u->rows; k += K_BLOCK) {
        const size_t depth = min_size(u->rows - k, K_BLOCK), offset = panel * u->w.stride + begin * TP_PANEL;
        const bool last = k + depth == u->rows;
        struct optimizer_target target = target_at(u, offset, true);
        struct tile tile = {.depth = depth,
                            .a_stride = u->a.stride,
                            .b = u->d.data + panel * u->d.stride + k * TP_PANEL,
                            .b_stride = u->d.stride,
                            .c = u->gradient.data ? tp_matrix_at(&u->gradient, begin, panel * TP_PANEL)
                                                  : partial,
                            .c_stride = u->gradient.data ? u->gradient.stride : GRADIENT_INPUTS * TP_PANEL,
                            .accumulate = k > 0,
                            .target = last && !u->gradient.data ? &target : NULL};
        for (size_t i = begin, rows; i < end; i += rows) {
            const size_t above = TP_PANEL - i % TP_PANEL;
            rows = tile_rows_tn(panels, above, end - i);
            tile.a = tp_matrix_at(&u->a, k, i);
            tile.transposed = transposed_share(u, i, panel, panels);
            run_tile_tn(&tile, rows, panels, min_size(above, rows));
            tile.c += rows * TP_PANEL;
            optimizer_target_advance(&target, rows);
        }
    }
    for (size_t p = 0; u->wt.data && !u->gradient.data && p < panels; p++) {
        for (size_t i = begin; i < end; i += TP_PANEL)
            write_transposed(u, panel + p, i, min_size(end - i, TP_PANEL));
    }
}

/* The bias row's gradient is the sum of D over the rows. */
static void update_bias(const struct tp_update *u, size_t panel)
{
    const float *d = u->d.data + panel * u->d.stride;
    size_t offset = panel * u->w.stride + u->a.columns * TP_PANEL;
    struct optimizer_target target = target_at(u, offset, false);
    vec sum[1][TILE_VECS_LIMIT];
    for (int v = 0; v < PANEL_VECS; v++) {
        sum[0][v] = vec_zero();
        for (size_t r = 0; r < u->rows; r++)
            sum[0][v] = vec_add(sum[0][v], vec_load(d + r * TP_PANEL + v * VEC_LANES));
    }
    if (!u->gradient.data) {
        tile_update(&target, 1, 1, sum);
        return;
    }
    for (int v = 0; v < PANEL_VECS; v++)
        vec_store(tp_matrix_at(&u->gradient, u->a.columns, panel * TP_PANEL) + v * VEC_LANES, sum[0][v]);
}

/* A panel with few units, all of its inputs. */
static void update_narrow(const struct tp_update *u, size_t panel, size_t units)
{
    _Alignas(64) float turned[NARROW_PANELS * TP_PANEL * TP_PANEL], gradient[TP_PANEL * TP_PANEL];
    const float *d = u->d.data + panel * u->d.stride;
    for (int p = 0; p < NARROW_PANELS; p++)
        zero_rows(turned + p * TP_PANEL * TP_PANEL, units);
    for (size_t i = u->input_begin, end; i < u->input_end; i = end) {
        const bool whole = u->input_end - i > (NARROW_PANELS - 1) * TP_PANEL;
        end = min_size(i + (whole ? NARROW_PANELS : 1) * TP_PANEL, u->input_end);
        const float *a = tp_matrix_at(&u->a, 0, i);
        for (size_t n = 0; n < units; n += NARROW_UNITS) {
            if (whole)
                tile_narrow(u->rows, a, u->a.stride, d + n, turned + n * TP_PANEL, NARROW_PANELS);
            else
                tile_narrow(u->rows, a, u->a.stride, d + n, turned + n * TP_PANEL, 1);
        }
        for (size_t at = i; at < end; at += TP_PANEL) {
            const size_t rows = min_size(end - at, TP_PANEL), offset = panel * u->w.stride + at * TP_PANEL;
            panel_transpose(turned + (at - i) * TP_PANEL, gradient, false);
            if (u->gradient.data) {
                copy_rows(tp_matrix_at(&u->gradient, at, panel * TP_PANEL), gradient, rows);
                continue;
            }
            const struct optimizer_target target = target_at(u, offset, true);
            apply_rows(&target, gradient, rows);
            if (u->wt.data)
                write_transposed(u, panel, at, rows);
        }
    }
}

/* The panels before the one that is turned, or all. */
static size_t wide_panels(const struct tp_update *u)
{
    const size_t all = tp_panel_count(u->d.columns);
    size_t panel = 0;
    while (panel < all && (u->d.columns - panel * TP_PANEL > NARROW_UNITS_MAX || u->rows < NARROW_ROWS))
        panel += tile_panels(all - panel);
    return panel;
}

/*
 * Each group of panels of D reads all of A. A long batch, of which L2 does not hold all of A, has larger
 * groups, as long as those stay there; a short one takes weights and state in the order in which they lie.
 */
static size_t group_panels(const struct tp_update *u)
{
    if (u->rows < 2 * FETCH_STEPS)
        return TILE_PANELS_MAX;
    const size_t group = D_GROUP_FLOATS / TP_PANEL / u->rows / TILE_PANELS_MAX * TILE_PANELS_MAX;
    return group < TILE_PANELS_MAX ? TILE_PANELS_MAX : group;
}

void TP_KERNEL(update)(const struct tp_update *u)
{
    const size_t all = wide_panels(u), group = group_panels(u);
    const size_t block = u->rows > K_BLOCK ? GRADIENT_INPUTS : UPDATE_INPUTS;
    for (size_t first = 0, end; first < all; first = end) {
        end = min_size(first + group, all);
        for (size_t i = u->input_begin; i < u->input_end; i += block) {
            for (size_t panel = first, panels; panel < end; panel += panels) {
                panels = tile_panels(all - panel);
                update_block(u, i, min_size(i + block, u->input_end), panel, panels);
            }
        }
    }
    if (all < tp_panel_count(u->d.columns))
        update_narrow(u, all, u->d.columns - all * TP_PANEL);
    for (size_t panel = 0; u->bias && panel < tp_panel_count(u->d.columns); panel++)
        update_bias(u, panel);
    if (u->nontemporal)
        vec_fence();
}

#endif
