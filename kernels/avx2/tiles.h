/*
 * The tile sizes of the avx2 tier. 16 registers: 6 rows x 1 panel of 2 vectors is 12 accumulators, 2 B
 * vectors and one broadcast.
 */
#pragma once

#include "vector.h"

#define TILE_NAME           "6x16"
#define TILE_ROWS_WIDE      6 /* of a tile of TILE_PANELS_MAX panels */
#define PREFETCH_B_ROWS_MIN 2 /* of A, from which rows of B are prefetched */
#define TILE_PANELS_MAX     1
#define UPDATE_INPUTS       48 /* in a block of update: whole panels and whole tiles */

/* A narrow tile: 5 units x 1 panel is 10 accumulators, 2 vectors of inputs and one broadcast. */
#define NARROW_UNITS      5
#define NARROW_PANELS     1
#define NARROW_UNITS_MAX  10 /* a panel with at most this many units is narrow */
#define NARROW_APPLY_ROWS 4  /* rows of a gradient held in registers */

/* Inputs that a marked update takes at once: registers hold at most 8 vectors of sums. */
#define MARKED_INPUTS_MAX     4
#define MARKED_INPUTS(panels) ((panels) == 1 ? 4 : (panels) == 2 ? 2 : 1)

/* Rows, panels. */
#define TILES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1)

/*
 * Tiles of a transposed product that reach across the edge of a panel of A: rows, panels, rows before the edge. Three
 * panels make eight tiles of 6, two of them across an edge. Tiles kept within panels, of 6, 5 and 5 rows, have fewer
 * chains in flight and are slower (results/kernels.md).
 */
#define TILES_REACH_ACROSS true
#define TILES_ACROSS(X)    X(6, 1, 2) X(6, 1, 4)

#include "../simd/tile.h"

/*
 * 6 if the rest can be cut into 6, 5 and 4, else balanced, so that no tile of few rows (2 chains each) is left alone.
 * Only 6 rows, 12 chains, come near the peak, so as many tiles as possible have 6: 32 rows become 6, 6, 6, 6, 4 and 4
 * rather than 6, 6, 5, 5, 5 and 5 (results/kernels.md).
 */
static inline size_t tile_rows_wide(size_t left)
{
    if (left == 6 || left == 10 || left == 11 || left == 12 || left >= 14)
        return 6;
    return balanced_rows(left);
}
