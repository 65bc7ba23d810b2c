/*
 * The tile sizes of the avx2 tier. 16 registers: 6 rows x 1 panel of 2 vectors is 12 accumulators, 2 B
 * vectors and one broadcast.
 */
#ifndef TP_AVX2_TILES_H
#define TP_AVX2_TILES_H

#include "vector.h"

#include "../simd/tile.h"

#define TILE_NAME       "6x16"
#define TILE_ROWS_WIDE  6 /* of a tile of as many panels as can be */
#define AHEAD_ROWS_MIN  2 /* of A, from which on rows of B are fetched ahead */
#define TILE_PANELS_MAX 1
#define UPDATE_INPUTS   48 /* of an update's block: whole panels and whole tiles */

/* A turned tile: 5 units x 1 panel is 10 accumulators, 2 vectors of inputs and one broadcast. */
#define NARROW_UNITS     5
#define NARROW_PANELS    1
#define NARROW_UNITS_MAX 10 /* units of a panel that is turned */
#define NARROW_RULE_ROWS 4  /* of a gradient that are in registers */

/* Panels of the next tile when `left` remain. */
static inline size_t tile_panels(size_t left)
{
    (void)left;
    return 1;
}

/*
 * Rows of the next tile when `left` remain: 6 where what is behind can be cut into 6, 5 and 4, else balanced,
 * so that no tile of few rows (2 chains each) is left alone. Only 6 rows, 12 chains, come near the peak, so
 * as many as can be are: 32 rows as 6, 6, 6, 6, 4 and 4 take 0.98 of the time of 6, 6, 5, 5, 5 and 5.
 */
static inline size_t tile_rows(size_t panels, size_t left)
{
    (void)panels;
    if (left == 6 || left == 10 || left == 11 || left == 12 || left >= 14)
        return 6;
    return balanced_rows(left);
}

/*
 * Rows of the next tile of a transposed product, when `above` inputs remain of a panel and `left` of all:
 * three panels are eight tiles of 6, two of which reach over an edge. Kept within panels, 16 rows were tiles
 * of 6, 5 and 5, and update of 512 x 784 x 64 took 1.04 times as long.
 */
static inline size_t tile_rows_tn(size_t panels, size_t above, size_t left)
{
    bool whole = left >= 6 && (above >= 6 || above == 4 || above == 2);
    return whole ? 6 : tile_rows(panels, above < left ? above : left);
}

static void run_tile_nn(const struct tile *t, size_t rows, size_t panels)
{
    (void)panels;
    switch (rows) {
    case 1:
        tile_nn(t, 1, 1);
        break;
    case 2:
        tile_nn(t, 2, 1);
        break;
    case 3:
        tile_nn(t, 3, 1);
        break;
    case 4:
        tile_nn(t, 4, 1);
        break;
    case 5:
        tile_nn(t, 5, 1);
        break;
    case 6:
        tile_nn(t, 6, 1);
        break;
    }
}

static void run_tile_tn(const struct tile *t, size_t rows, size_t panels, size_t above)
{
    (void)panels;
    switch (above * 10 + rows) {
    case 11:
        tile_tn(t, 1, 1, 1);
        break;
    case 22:
        tile_tn(t, 2, 1, 2);
        break;
    case 33:
        tile_tn(t, 3, 1, 3);
        break;
    case 44:
        tile_tn(t, 4, 1, 4);
        break;
    case 55:
        tile_tn(t, 5, 1, 5);
        break;
    case 26:
        tile_tn(t, 6, 1, 2);
        break;
    case 46:
        tile_tn(t, 6, 1, 4);
        break;
    case 66:
        tile_tn(t, 6, 1, 6);
        break;
    }
}

#endif
