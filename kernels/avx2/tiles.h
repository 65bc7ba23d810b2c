/*
 * The tile sizes of the avx2 tier. 16 registers: 6 rows x 1 panel of 2 vectors is 12 accumulators, 2 B
 * vectors and one broadcast. Rows are balanced, so that an edge never leaves a tile of one row (2 chains)
 * alone.
 */
#ifndef TP_AVX2_TILES_H
#define TP_AVX2_TILES_H

#include "vector.h"

#include "../simd/tile.h"

#define TILE_PANELS_MAX 1

/* Panels of the next tile when `left` remain. */
static inline size_t tile_panels(size_t left)
{
    (void)left;
    return 1;
}

/* Rows of the next tile when `left` remain. */
static inline size_t tile_rows(size_t panels, size_t left)
{
    (void)panels;
    size_t tiles = (left + 5) / 6;
    return (left + tiles - 1) / tiles;
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

static void run_tile_tn(const struct tile *t, size_t rows, size_t panels)
{
    (void)panels;
    switch (rows) {
    case 1:
        tile_tn(t, 1, 1);
        break;
    case 2:
        tile_tn(t, 2, 1);
        break;
    case 3:
        tile_tn(t, 3, 1);
        break;
    case 4:
        tile_tn(t, 4, 1);
        break;
    case 5:
        tile_tn(t, 5, 1);
        break;
    case 6:
        tile_tn(t, 6, 1);
        break;
    }
}

#endif
