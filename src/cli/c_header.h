/*
 * A model as a C99 header that needs nothing but math.h: weights, normalization, names, and a function that
 * predicts. C++11 compiles it too.
 *
 * Its function does what the library does, operation by operation (kernels/reference): it has the library's
 * bits on any compiler whose floats and fmaf() are IEEE 754's, without flags like -ffast-math. The library
 * flushes results below FLT_MIN to 0. So does the header, but for the partial sums of a layer, where that
 * would cost as much as they do. None but 0 is below FLT_MIN where no product but 0 is below 2^-78: it is a
 * multiple of the last bit of the smallest product, which has 48. Otherwise the two sums of K < 2^23 products
 * and a bias differ by at most
 *
 *     (K + 1) (2^-22 S + 2^-125),    S: the sum of the magnitudes of products and bias,
 *
 * as each rounds K + 1 times, by 2^-24 of a partial sum of less than 2 S, and one flushes K + 1 times at
 * most.
 */
#pragma once

#include <stdio.h>

#include "data/schema.h"
#include "tileprop/tileprop.h"

/*
 * Writes a model, whose columns are in the schema, with identifiers that begin with `name`. Write errors are left to
 * the stream.
 */
void tp_c_header_write(const tileprop_model *model, const struct tp_schema *schema, const char *name, FILE *out);
