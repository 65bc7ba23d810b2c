/*
 * Checks the gradients of backpropagation: every weight's against central differences, in double, and those
 * of a tier's verbs against double. u is the unit roundoff, 2^-53 in double and 2^-24 in float. What is found
 * is the public header's.
 */
#ifndef TP_GRADIENT_CHECK_H
#define TP_GRADIENT_CHECK_H

#include "tileprop/gradients.h"
#include "verify/reference_f64.h"

/* NaN is above everything. */
static inline bool tp_is_above(double x, double most)
{
    return x > most || (x != x && most == most);
}

/* Whether a layer's differences are within truncation + rounding, and that is no more than
 * TILEPROP_CHECK_COARSEST. */
bool tp_layer_passes(const tileprop_layer_gradients *layer);

/*
 * Moves each weight of the network by each step up and down, and propagates from the unit that it feeds.
 * Fills samples, stopped and what is of layers. progress (NULL: none) is called by one thread with the share
 * that is done; what is not 0 ends the check. The results do not depend on the number of threads.
 *
 * For a step h the quotient is Q(h) = gradient + c h^2 + ..., so that Q(2h) - Q(h) is three times the
 * truncation error. Rounding is bounded to first order. Each local rounding error e at a sum z changes the
 * loss by e dC/dz, and e <= (K + 5) u sum |a||w| in a sum of K products, where 5 stands for f; the loss
 * itself adds (K + 8 + 2 max |z - max z| + 3 C) u. Both losses of a quotient are off by that, and it is
 * divided by 2h. Errors: TILEPROP_FAILURE without memory or threads.
 */
tileprop_status tp_finite_differences_measure(struct tp_reference_f64 *plain, size_t threads,
                                              int (*progress)(void *context, double share), void *context,
                                              tileprop_gradients *found, struct tp_error *error);

/*
 * What one tier's verbs give, each compared with double on that tier's own inputs of it. In exact arithmetic
 * every verb that agrees makes the next one's inputs right; compared from end to end, float rounding grows
 * with the depth, by as much as the network is ill-conditioned, whatever the tier does. Runs one step of the
 * trainer, with learning rate 0, on one thread; plain was made from the same options, data and normalization
 * and has run forward and backward.
 *
 * Bounds, with g(n) = n u / (1 - n u), each with 1 % for terms of second order and FLT_MIN for what is
 * flushed, over K products, units or classes and B samples:
 *
 *     sum z           g(K) sum |a||w|
 *     a = f(z)        sup f' times that, and the function's ulps (kernels/reference/functions.h)
 *     d at a logit    (p u (|z - m| + mean |z - m| + 9 + K / 16) + 3 u |p - y|) / B, p = softmax, m = max z
 *     d below         (g(K + 1) |f'| + error of f') sum |d||w|, of (sum of d w) f'(a)
 *     gradient        sum |a| (error of d) + g(B) sum |a||d|
 *
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_tier_check(const struct tp_tier *tier, const struct tp_train_options *options,
                              const struct tp_dataset *train, const struct tp_normalization *normalization,
                              const struct tp_reference_f64 *plain, tileprop_isa_gradients *found,
                              struct tp_error *error);

#endif
