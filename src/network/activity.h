/* How close to saturation the units of a layer are: the figures of --log-activations. */
#pragma once

#include "kernels/kernels.h"
#include "tileprop/tileprop.h"

#define TP_SATURATED 0.05 /* share of its largest value; a unit with a smaller derivative is saturated */

/*
 * Of the first `rows` rows of a hidden layer's outputs: their root mean square, and the share at which the derivative
 * is small. Summed in double and in row order, so that the figures depend on the outputs alone.
 */
tileprop_activity tp_activity_of(const struct tp_matrix *a, size_t rows, tileprop_activation activation);
