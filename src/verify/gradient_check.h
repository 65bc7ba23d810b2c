/*
 * Checks the gradients of backpropagation: every weight's against central differences, in double. u is the unit
 * roundoff, 2^-53. The results are described in the public header.
 */
#pragma once

#include "tileprop/gradients.h"
#include "verify/reference_f64.h"

/* Whether a layer's differences are within truncation + rounding, and that is no more than
 * TILEPROP_CHECK_COARSEST. */
bool tp_gradient_check_passed(const tileprop_layer_gradients *layer);

/*
 * Moves each weight of the network up and down by each step, and propagates from the unit that it feeds.
 * Fills samples, stopped and the members of layers, for which found->layers has room. progress (NULL: none) is called
 * by one thread with the fraction done; a nonzero return value ends the check. The results do not depend on the number
 * of threads.
 *
 * For a step h the quotient is Q(h) = gradient + c h^2 + ..., so that Q(2h) - Q(h) is three times the truncation error.
 * Rounding is bounded to first order. Each local rounding error e at a sum z changes the loss by e dC/dz, and e <= (K +
 * 5) u sum |a||w| in a sum of K products, where 5 accounts for f; the loss itself adds (K + 8 + 2 max |z - max z| +
 * 3 C) u, and another C u if a sample weight multiplies it. Both losses of a quotient have this error, and their
 * difference is divided by 2h. Errors: TILEPROP_FAILURE if out of memory or threads.
 */
tileprop_status tp_finite_differences_measure(struct tp_reference_f64 *reference, size_t threads,
                                              int (*progress)(void *context, double share), void *context,
                                              tileprop_gradients *found, struct tp_error *error);
