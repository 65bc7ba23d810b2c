/*
 * update, from the verb to the tile. The optimizer runs on the gradient tile in registers (optimizer.h): going through
 * L1 takes longer (results/kernels.md).
 */
#pragma once

#include "narrow.h"
#include "optimizer.h"

#define PREFETCH_STEPS  128   /* steps of k in which a line arrives from memory */
#define NARROW_ROWS     8     /* fewest rows that pay for transposing */
#define STEPS_MAX       65536 /* most rows of the batch in a block, whatever tp_blocks says */
#define GRADIENT_INPUTS 48    /* inputs whose partial sums wait in L1 if a batch is longer than a block */
#define SUMMED_VECS     8     /* vectors of the panels that are summed at once */
#define GROUP_MAX       64    /* most panels of D in a group, whatever tp_blocks says */

/* Rows of the batch in a block. With a constant bound gcc needs fewer instructions around a tile's loop. */
static inline size_t update_steps(void)
{
    return min_size(TP_KERNEL(blocks).steps, STEPS_MAX);
}

/*
 * copy_rows: copies the first `rows` rows of a 16 x 16 block; zero_rows: sets those from `first` to +0. Unrolled, since
 * gcc turns plain loops into memcpy or memset, and these into string instructions, which are slower for so few bytes.
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
 * Writes the 16 x 16 block of the transposed copy of rows [row, row + rows) of one panel of w. Nontemporal stores avoid
 * reading lines that would not stay in the caches.
 */
static void write_transposed(const struct tp_update *u, size_t panel, size_t row, size_t rows)
{
    const float *from = u->w.data + panel * u->w.stride + row * TP_PANEL;
    float *to = u->wt.data + row / TP_PANEL * u->wt.stride + panel * TP_PANEL * TP_PANEL;
    size_t units = min_size(u->w.columns - panel * TP_PANEL, TP_PANEL);
    if (rows == TP_PANEL && units == TP_PANEL) {
        if (u->nontemporal)
            panel_transpose(from, to, true);
        else
            panel_transpose(from, to, false);
        return;
    }
    _Alignas(64) float padded[TP_PANEL * TP_PANEL], block[TP_PANEL * TP_PANEL];
    if (rows < TP_PANEL) {
        copy_rows(padded, from, rows);
        zero_rows(padded, rows);
        from = padded;
    }
    panel_transpose(from, block, false);
    copy_rows(to, block, units);
}

/* Rewrites the sums (kernels.h) of rows [row, row + rows) of some panels of w. */
INLINE void write_sums(const struct tp_update *u, size_t panel, int panels, size_t row, size_t rows)
{
    const float *w = u->w.data + panel * u->w.stride + row * TP_PANEL, *shift = u->shift + row;
    const size_t stride = u->w.stride;
    vec sum[SUMMED_VECS];
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        sum[v] = vec_zero();
    UNROLL_STEPS
    for (size_t r = 0; r < rows; r++, w += TP_PANEL)
        add_lines(shift[r], w, stride, panels, sum);
    store_lines(tp_matrix_at(&u->sums, row / TP_PANEL, panel * TP_PANEL), u->sums.stride, panels, sum);
}

/* Rewrites what is derived from rows of one panel of w. */
static void refresh_rows(const struct tp_update *u, size_t panel, size_t row, size_t rows)
{
    if (u->wt.data)
        write_transposed(u, panel, row, rows);
    if (u->shift)
        write_sums(u, panel, 1, row, rows);
}

/*
 * The lines of the transposed copy that a tile from row i prefetches: its share of those that its block writes. NULL if
 * stores are nontemporal.
 */
static const float *transposed_share(const struct tp_update *u, size_t i, size_t panel, size_t panels)
{
    if (!u->wt.data || u->nontemporal)
        return NULL;
    return u->wt.data + i / TP_PANEL * u->wt.stride + (panel * TP_PANEL + i % TP_PANEL * panels) * TP_PANEL;
}

/* Where the optimizer applies gradient rows: w and the state from `offset`. */
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
 * Prefetches weights and states, of the tile or `further` rows ahead, and the lines of the transposed copy. A hardware
 * prefetcher follows panels and arrays too, but starts over with each tile. A short product prefetches nontemporal
 * weights a panel's rows ahead; a long one has time to prefetch its own, PREFETCH_STEPS before it needs them
 * (results/kernels.md).
 */
INLINE void prefetch_target(const struct tile *t, int rows, int panels, int further)
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

INLINE void tile_begin_shifted(const struct tile *t, int rows, int panels, vec acc[][TILE_VECS_LIMIT])
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECS(panels); v++)
            acc[r][v] = t->accumulate ? vec_load(t->c + r * TP_PANEL + tile_vec_offset(v, t->c_stride))
                                      : vec_fma(vec_set1(t->shift[r]), vec_load(t->start + v * VEC_LANES), vec_zero());
    }
}

/*
 * C = A^T B with A [depth x rows], adjacent columns: a row of A is one step of k. The first `above` columns are the
 * last of one panel, the others the first of the next. The steps after the prefetch are a separate loop: with one loop
 * for all, gcc puts the accumulators on the stack.
 */
INLINE void tile_tn(const struct tile *t, int rows, int panels, int above)
{
    vec acc[TILE_ROWS_LIMIT][TILE_VECS_LIMIT];
    tile_begin_shifted(t, rows, panels, acc);
    const float *a = t->a, *next = above < rows ? a + t->a_stride - (TP_PANEL - above) : a, *b = t->b;
    size_t b_stride = t->b_stride, k = 0;
    if (t->target && t->depth >= 2 * PREFETCH_STEPS) {
        UNROLL_STEPS
        for (; k < t->depth - PREFETCH_STEPS; k++, a += TP_PANEL, next += TP_PANEL, b += TP_PANEL)
            tile_multiply(a, 1, above, next, b, b_stride, rows, panels, acc);
        prefetch_target(t, rows, panels, 0);
    } else if (t->target && t->target->nontemporal)
        prefetch_target(t, rows, panels, TP_PANEL);
    UNROLL_STEPS
    for (; k < t->depth; k++, a += TP_PANEL, next += TP_PANEL, b += TP_PANEL)
        tile_multiply(a, 1, above, next, b, b_stride, rows, panels, acc);
    tile_settle(rows, panels, acc);
    if (t->target)
        tile_apply(t->target, rows, panels, acc);
    else
        tile_end(t, rows, panels, acc);
}

/*
 * Rows of the next tile, when `above` inputs remain of a panel of A and `left` of all. If the tier has tiles across a
 * panel's edge, one is used rather than a shorter tile that ends there.
 */
static inline size_t tile_rows_tn(size_t panels, size_t above, size_t left)
{
    const bool whole = left >= 6 && (above >= 6 || above == 4 || above == 2);
    return TILES_REACH_ACROSS && whole ? 6 : tile_rows(panels, min_size(above, left));
}

static void run_tile_tn(const struct tile *t, size_t rows, size_t panels, size_t above)
{
    switch ((panels * 100 + rows) * 100 + above) {
#define TILE_ACROSS_CASE(rows, panels, above)                                                                          \
    case ((panels)*100 + (rows)) * 100 + (above):                                                                      \
        tile_tn(t, rows, panels, above);                                                                               \
        break;
#define TILE_CASE(rows, panels) TILE_ACROSS_CASE(rows, panels, rows)
        TILES(TILE_CASE)
        TILES_ACROSS(TILE_ACROSS_CASE)
#undef TILE_CASE
#undef TILE_ACROSS_CASE
    default:
        __builtin_trap();
    }
}

/*
 * Inputs [begin, end), at most GRADIENT_INPUTS of them, for a group of panels. Partial sums of all blocks of rows but
 * the last stay in L1, or in the gradient matrix if one is wanted; the last block's tiles go through the optimizer.
 * totals: a line for each panel; shifted chains begin at multiples of them.
 */
static void update_block(const struct tp_update *u, size_t begin, size_t end, size_t panel, size_t panels,
                         const float *totals)
{
    static const float zeros[TILE_PANELS_MAX * TP_PANEL];
    _Alignas(64) float partial[TILE_PANELS_MAX * GRADIENT_INPUTS * TP_PANEL];
    for (size_t k = 0; k < u->rows; k += update_steps()) {
        const size_t depth = min_size(u->rows - k, update_steps()), offset = panel * u->w.stride + begin * TP_PANEL;
        const bool last = k + depth == u->rows;
        struct optimizer_target target = target_at(u, offset, true);
        struct tile tile = {.depth = depth,
                            .a_stride = u->a.stride,
                            .b = u->d.data + panel * u->d.stride + k * TP_PANEL,
                            .b_stride = u->d.stride,
                            .c = u->gradient.data ? tp_matrix_at(&u->gradient, begin - u->input_begin, panel * TP_PANEL)
                                                  : partial,
                            .c_stride = u->gradient.data ? u->gradient.stride : GRADIENT_INPUTS * TP_PANEL,
                            .accumulate = k > 0,
                            .start = u->shift ? totals : zeros,
                            .target = last && !u->gradient.data ? &target : NULL};
        for (size_t i = begin, rows; i < end; i += rows) {
            const size_t above = TP_PANEL - i % TP_PANEL;
            rows = tile_rows_tn(panels, above, end - i);
            tile.a = tp_matrix_at(&u->a, k, i);
            tile.shift = u->shift ? u->shift + i : zeros;
            tile.transposed = transposed_share(u, i, panel, panels);
            run_tile_tn(&tile, rows, panels, min_size(above, rows));
            tile.c += rows * TP_PANEL;
            optimizer_target_advance(&target, rows);
        }
    }
    for (size_t p = 0; !u->gradient.data && p < panels; p++) {
        for (size_t i = begin; i < end; i += TP_PANEL)
            refresh_rows(u, panel + p, i, min_size(end - i, TP_PANEL));
    }
}

/* The sum of a panel of D over the batch, in vectors. */
INLINE void sum_rows(const struct tp_update *u, size_t panel, vec sum[])
{
    const float *d = u->d.data + panel * u->d.stride;
    for (int v = 0; v < PANEL_VECS; v++) {
        sum[v] = vec_zero();
        for (size_t r = 0; r < u->rows; r++)
            sum[v] += vec_load(d + r * TP_PANEL + v * VEC_LANES);
    }
}

/* These sums for some panels, a line for each; NaN instead of values that are not finite. */
static void find_totals(const struct tp_update *u, size_t panel, size_t panels, float *totals)
{
    for (size_t p = 0; p < panels; p++) {
        vec sum[PANEL_VECS];
        sum_rows(u, panel + p, sum);
        for (int v = 0; v < PANEL_VECS; v++)
            vec_store(totals + p * TP_PANEL + v * VEC_LANES, vec_propagate(sum[v]));
    }
}

/* The bias row's gradient is the sum of D over the batch. */
static void update_bias(const struct tp_update *u, size_t panel)
{
    size_t offset = panel * u->w.stride + u->a.columns * TP_PANEL;
    struct optimizer_target target = target_at(u, offset, false);
    vec sum[1][TILE_VECS_LIMIT];
    sum_rows(u, panel, sum[0]);
    if (!u->gradient.data) {
        tile_apply(&target, 1, 1, sum);
        return;
    }
    store_lines(tp_matrix_at(&u->gradient, u->input_end - u->input_begin, panel * TP_PANEL), 0, 1, sum[0]);
}

/* A panel with few units, all of its inputs. */
static void update_narrow(const struct tp_update *u, size_t panel, size_t units)
{
    _Alignas(64) float narrow[NARROW_PANELS * TP_PANEL * TP_PANEL], gradient[TP_PANEL * TP_PANEL];
    _Alignas(64) float totals[TP_PANEL], padded[NARROW_PANELS * TP_PANEL];
    const float *shift = u->shift ? padded : NULL;
    if (shift)
        find_totals(u, panel, 1, totals);
    const float *d = u->d.data + panel * u->d.stride;
    for (int p = 0; p < NARROW_PANELS; p++)
        zero_rows(narrow + p * TP_PANEL * TP_PANEL, units);
    for (size_t i = u->input_begin, end; i < u->input_end; i = end) {
        const bool whole = u->input_end - i > (NARROW_PANELS - 1) * TP_PANEL;
        end = min_size(i + (whole ? NARROW_PANELS : 1) * TP_PANEL, u->input_end);
        const float *a = tp_matrix_at(&u->a, 0, i);
        for (size_t j = 0; shift && j < NARROW_PANELS * TP_PANEL; j++)
            padded[j] = i + j < end ? u->shift[i + j] : 0;
        for (size_t n = 0; n < units; n += NARROW_UNITS) {
            if (whole)
                tile_narrow(u->rows, a, u->a.stride, d + n, shift, totals + n, narrow + n * TP_PANEL, NARROW_PANELS);
            else
                tile_narrow(u->rows, a, u->a.stride, d + n, shift, totals + n, narrow + n * TP_PANEL, 1);
        }
        for (size_t at = i; at < end; at += TP_PANEL) {
            const size_t rows = min_size(end - at, TP_PANEL), offset = panel * u->w.stride + at * TP_PANEL;
            panel_transpose(narrow + (at - i) * TP_PANEL, gradient, false);
            if (u->gradient.data) {
                copy_rows(tp_matrix_at(&u->gradient, at - u->input_begin, panel * TP_PANEL), gradient, rows);
                continue;
            }
            const struct optimizer_target target = target_at(u, offset, true);
            apply_rows(&target, gradient, rows);
            refresh_rows(u, panel, at, rows);
        }
    }
}

/* The number of panels, without the last if it is narrow. */
static size_t wide_panels(const struct tp_update *u)
{
    const size_t all = tp_panel_count(u->d.columns);
    size_t panel = 0;
    while (panel < all && (u->d.columns - panel * TP_PANEL > NARROW_UNITS_MAX || u->rows < NARROW_ROWS))
        panel += tile_panels(all - panel);
    return panel;
}

/*
 * Panels of D in a group. Each group reads all of A. For a long batch, whose A exceeds L2, a group has as many panels
 * as stay in L2; a short batch takes weights and state in memory order.
 */
static size_t group_panels(const struct tp_update *u)
{
    if (u->rows < 2 * PREFETCH_STEPS)
        return TILE_PANELS_MAX;
    const size_t group = TP_KERNEL(blocks).d_floats / TP_PANEL / u->rows / TILE_PANELS_MAX * TILE_PANELS_MAX;
    return group < TILE_PANELS_MAX ? TILE_PANELS_MAX : min_size(group, GROUP_MAX);
}

void TP_KERNEL(update)(const struct tp_update *u)
{
    const size_t all = wide_panels(u), group = group_panels(u);
    const size_t block = u->rows > update_steps() ? GRADIENT_INPUTS : UPDATE_INPUTS;
    _Alignas(64) float totals[GROUP_MAX * TP_PANEL];
    for (size_t first = 0, end; first < all; first = end) {
        end = min_size(first + group, all);
        if (u->shift)
            find_totals(u, first, end - first, totals);
        for (size_t i = u->input_begin; i < u->input_end; i += block) {
            for (size_t panel = first, panels; panel < end; panel += panels) {
                panels = tile_panels(all - panel);
                update_block(u, i, min_size(i + block, u->input_end), panel, panels,
                             totals + (panel - first) * TP_PANEL);
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

void TP_KERNEL(apply)(const struct tp_update *u)
{
    for (size_t panel = 0; panel < tp_panel_count(u->w.columns); panel++) {
        for (size_t i = u->input_begin; i < u->input_end; i += TP_PANEL) {
            const size_t rows = min_size(u->input_end - i, TP_PANEL);
            const struct optimizer_target target =
                target_at(u, tp_panel_offset(u->w.stride, i, panel * TP_PANEL), true);
            apply_rows(&target, tp_matrix_at(&u->gradient, i - u->input_begin, panel * TP_PANEL), rows);
            refresh_rows(u, panel, i, rows);
        }
        if (u->bias) {
            const struct optimizer_target target =
                target_at(u, tp_panel_offset(u->w.stride, u->a.columns, panel * TP_PANEL), false);
            apply_rows(&target, tp_matrix_at(&u->gradient, u->input_end - u->input_begin, panel * TP_PANEL), 1);
        }
    }
    if (u->nontemporal)
        vec_fence();
}

void TP_KERNEL(refresh)(const struct tp_update *u)
{
    for (size_t panel = 0; panel < tp_panel_count(u->w.columns); panel++) {
        for (size_t i = u->input_begin; i < u->input_end; i += TP_PANEL)
            refresh_rows(u, panel, i, min_size(u->input_end - i, TP_PANEL));
    }
    if (u->nontemporal)
        vec_fence();
}
