/*
 * The tile sizes of the avx512 tier. 32 registers: at most 24 accumulators, a vector of B per panel, one
 * broadcast. Two FMA units of latency 4 need 8 accumulators in flight: tiles with 8 or more run at full rate.
 *   4 panels: 6 rows (24)     2 panels: 12 rows (24)     1 panel: 16 rows (16, those of a panel of gradients)
 */
#pragma once

#include "vector.h"

#define TILE_NAME           "6x64"
#define TILE_ROWS_WIDE      6  /* of a tile of TILE_PANELS_MAX panels */
#define PREFETCH_B_ROWS_MIN 24 /* of A, from which rows of B are prefetched */
#define TILE_PANELS_MAX     4
#define UPDATE_INPUTS       16 /* in a block of update: a panel */

/* A narrow tile: 10 units x 2 panels is 20 accumulators. */
#define NARROW_UNITS      10
#define NARROW_PANELS     2
#define NARROW_UNITS_MAX  10 /* a panel with at most this many units is narrow */
#define NARROW_APPLY_ROWS 16 /* rows of a gradient held in registers */

/* Inputs that a marked update takes at once: registers would hold more sums, but fewer marks would be shared. */
#define MARKED_INPUTS_MAX     4
#define MARKED_INPUTS(panels) ((panels) == 1 ? 4 : 2)

/* Rows, panels. */
/* clang-format off */
#define TILES(X)                                                                                             \
    X(1, 4) X(2, 4) X(3, 4) X(4, 4) X(5, 4) X(6, 4)                                                          \
    X(1, 2) X(2, 2) X(4, 2) X(8, 2) X(12, 2)                                                                 \
    X(1, 1) X(2, 1) X(4, 1) X(8, 1) X(16, 1)
/* clang-format on */

/* Tiles across a panel's edge gain nothing here once the optimizer is fused. */
#define TILES_REACH_ACROSS false
#define TILES_ACROSS(X)

#include "../simd/tile.h"

static inline size_t tile_rows_wide(size_t left)
{
    return balanced_rows(left);
}
