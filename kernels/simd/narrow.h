/*
 * The gradient of a panel with few units, transposed: vectors run along the inputs, so that padding of units costs
 * almost nothing. The sums are the same chains as those of the tiles (tile.h); each block is transposed back before the
 * optimizer.
 */
#pragma once

#include "optimizer.h"

#define NARROW_VECS (NARROW_PANELS * PANEL_VECS)

/*
 * narrow[panel][unit][input] = sum over k of d[k][unit] a[k][input], for NARROW_UNITS units from d's first column and
 * the 16 inputs of each panel of A. shift: of those inputs; the sums then begin at shift times the units' totals. NULL:
 * they begin at +0.
 */
INLINE void tile_narrow(size_t depth, const float *a, size_t a_stride, const float *d, const float *shift,
                        const float *totals, float *narrow, int panels)
{
    vec acc[NARROW_UNITS][NARROW_VECS];
    UNROLL
    for (int n = 0; n < NARROW_UNITS; n++) {
        UNROLL
        for (int v = 0; v < panels * PANEL_VECS; v++)
            acc[n][v] = shift ? vec_fma(vec_load(shift + v * VEC_LANES), vec_set1(totals[n]), vec_zero()) : vec_zero();
    }
    UNROLL_STEPS
    for (size_t k = 0; k < depth; k++, a += TP_PANEL, d += TP_PANEL) {
        vec x[NARROW_VECS];
        load_lines(a, a_stride, panels, x);
        UNROLL
        for (int n = 0; n < NARROW_UNITS; n++) {
            const vec y = vec_set1(d[n]);
            UNROLL
            for (int v = 0; v < panels * PANEL_VECS; v++)
                acc[n][v] = vec_fma(x[v], y, acc[n][v]);
        }
    }
    UNROLL
    for (int n = 0; n < NARROW_UNITS; n++) {
        UNROLL
        for (int v = 0; v < panels * PANEL_VECS; v++)
            vec_store(narrow + n * TP_PANEL + tile_vec_offset(v, TP_PANEL * TP_PANEL), acc[n][v] + vec_zero());
    }
}

/* Applies rows of a gradient, 16 floats each: NARROW_APPLY_ROWS at once, the rest one by one. */
static void apply_rows(const struct optimizer_target *target, const float *gradient, size_t rows)
{
    struct optimizer_target at = *target;
    vec acc[TILE_ROWS_LIMIT][TILE_VECS_LIMIT];
    for (size_t r = 0, done; r < rows; r += done) {
        const bool many = rows - r >= NARROW_APPLY_ROWS;
        done = many ? NARROW_APPLY_ROWS : 1;
        UNROLL
        for (int i = 0; i < NARROW_APPLY_ROWS; i++) {
            UNROLL
            for (int v = 0; v < PANEL_VECS; v++)
                acc[i][v] =
                    i == 0 || many ? vec_load(gradient + (r + (size_t)i) * TP_PANEL + v * VEC_LANES) : vec_zero();
        }
        if (many)
            tile_apply(&at, NARROW_APPLY_ROWS, 1, acc);
        else
            tile_apply(&at, 1, 1, acc);
        optimizer_target_advance(&at, done);
    }
}
