/*
 * What bandwidth is measured with.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stddef.h>

#include "kernels/kernels.h"

#define BENCH_STREAM_BLOCK 64 /* floats */

/*
 * y = 3 x, the Scale of STREAM (McCalpin 1995), with the tier's vectors, several of them in each turn of the
 * loop, which would else be the limit. count: a multiple of
 * BENCH_STREAM_BLOCK. x and y do not overlap.
 */
void bench_stream(const struct tp_tier *tier, size_t count, const float *x, float *y);

#endif
