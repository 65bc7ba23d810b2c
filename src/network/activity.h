/*
 * How far the units of a layer are driven: what --log-activations writes.
 */
#pragma once

#include "kernels/kernels.h"
#include "tileprop/tileprop.h"

#define TP_SATURATED 0.05 /* of its largest value: a smaller derivative is a saturated unit's */

/*
 * Of the first `rows` rows of a hidden layer's outputs: the root of their mean square, and the share of them at which
 * the derivative is small. In double and in row order, so that the figures depend on nothing but the outputs.
 */
tileprop_activity tp_activity_of(const struct tp_matrix *a, size_t rows, tileprop_activation activation);
