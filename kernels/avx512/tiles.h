/*
 * The tile sizes of the avx512 tier. 32 registers: 24 accumulators, panels B vectors, one broadcast. Two FMA
 * units of latency 4 need 8 accumulators in flight, so every tile below with 8 or more runs at full rate.
 *   4 panels: 6 rows (24)     2 panels: 12 rows (24)     1 panel: 16 rows (16: a panel's worth of gradient
 * rows)
 */
#ifndef TP_AVX512_TILES_H
#define TP_AVX512_TILES_H

#include "vector.h"

#include "../simd/tile.h"

#define TILE_NAME       "6x64"
#define TILE_ROWS_WIDE  6  /* of a tile of as many panels as can be */
#define AHEAD_ROWS_MIN  24 /* of A, from which on rows of B are fetched ahead */
#define TILE_PANELS_MAX 4
#define UPDATE_INPUTS   16 /* of an update's block: a panel */

/* A turned tile: 10 units x 2 panels is 20 accumulators. */
#define NARROW_UNITS     10
#define NARROW_PANELS    2
#define NARROW_UNITS_MAX 10 /* units of a panel that is turned */
#define NARROW_RULE_ROWS 16 /* of a gradient that are in registers */

/* Panels of the next tile when `left` remain. */
static inline size_t tile_panels(size_t left)
{
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* Rows of the next tile when `left` remain: tiles of 4 panels are balanced, the others go down by sizes. */
static inline size_t tile_rows(size_t panels, size_t left)
{
    if (panels == 4)
        return balanced_rows(left);
    size_t most = panels == 2 ? 12 : 16;
    return left >= most ? most : left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/*
 * Rows of the next tile of a transposed product, when `above` inputs remain of a panel and `left` of all.
 * Tiles that reach over a panel's edge gain nothing here once the rule is fused to them.
 */
static inline size_t tile_rows_tn(size_t panels, size_t above, size_t left)
{
    return tile_rows(panels, above < left ? above : left);
}

static void run_tile_nn(const struct tile *t, size_t rows, size_t panels)
{
    switch (panels * 100 + rows) {
    case 401:
        tile_nn(t, 1, 4);
        break;
    case 402:
        tile_nn(t, 2, 4);
        break;
    case 403:
        tile_nn(t, 3, 4);
        break;
    case 404:
        tile_nn(t, 4, 4);
        break;
    case 405:
        tile_nn(t, 5, 4);
        break;
    case 406:
        tile_nn(t, 6, 4);
        break;
    case 201:
        tile_nn(t, 1, 2);
        break;
    case 202:
        tile_nn(t, 2, 2);
        break;
    case 204:
        tile_nn(t, 4, 2);
        break;
    case 208:
        tile_nn(t, 8, 2);
        break;
    case 212:
        tile_nn(t, 12, 2);
        break;
    case 101:
        tile_nn(t, 1, 1);
        break;
    case 102:
        tile_nn(t, 2, 1);
        break;
    case 104:
        tile_nn(t, 4, 1);
        break;
    case 108:
        tile_nn(t, 8, 1);
        break;
    case 116:
        tile_nn(t, 16, 1);
        break;
    }
}

static void run_tile_tn(const struct tile *t, size_t rows, size_t panels, size_t above)
{
    (void)above;
    switch (panels * 100 + rows) {
    case 401:
        tile_tn(t, 1, 4, 1);
        break;
    case 402:
        tile_tn(t, 2, 4, 2);
        break;
    case 403:
        tile_tn(t, 3, 4, 3);
        break;
    case 404:
        tile_tn(t, 4, 4, 4);
        break;
    case 405:
        tile_tn(t, 5, 4, 5);
        break;
    case 406:
        tile_tn(t, 6, 4, 6);
        break;
    case 201:
        tile_tn(t, 1, 2, 1);
        break;
    case 202:
        tile_tn(t, 2, 2, 2);
        break;
    case 204:
        tile_tn(t, 4, 2, 4);
        break;
    case 208:
        tile_tn(t, 8, 2, 8);
        break;
    case 212:
        tile_tn(t, 12, 2, 12);
        break;
    case 101:
        tile_tn(t, 1, 1, 1);
        break;
    case 102:
        tile_tn(t, 2, 1, 2);
        break;
    case 104:
        tile_tn(t, 4, 1, 4);
        break;
    case 108:
        tile_tn(t, 8, 1, 8);
        break;
    case 116:
        tile_tn(t, 16, 1, 16);
        break;
    }
}

#endif
