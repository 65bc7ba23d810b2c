/*
 * Checks the gradients of backpropagation: every weight's against central differences, in double, and those
 * of a tier's verbs against double. u is the unit roundoff, 2^-53 in double and 2^-24 in float.
 */
#ifndef TP_GRADIENT_CHECK_H
#define TP_GRADIENT_CHECK_H

#include "plain_network.h"
#include "profile.h"

#define TP_CHECK_BATCH       100  /* samples */
#define TP_CHECK_COURSE_STEP 1e-3 /* the course's: |difference| <= step^2 */
#define TP_CHECK_STEP        1e-4 /* the own one, which a layer shortens where truncation makes it too coarse */
#define TP_CHECK_COARSEST    1e-3 /* of a layer's largest gradient: a wider bound decides nothing */

/* A weight: row (an input, or the bias behind the last input) and unit, from 0. */
struct tp_weight_place {
    size_t row, unit;
};

/* Of one layer, over the weights that no step carried through a kink. */
struct tp_layer_differences {
    size_t weights;
    double largest; /* |gradient| */

    size_t course_skipped;
    double course; /* |difference quotient - gradient| for TP_CHECK_COURSE_STEP */
    struct tp_weight_place course_at;

    /*
     * For a step h the quotient is Q(h) = gradient + c h^2 + ..., so that Q(2h) - Q(h) is three
     * times the truncation error. truncation: the largest |Q(2h) - Q(h)|. rounding: a bound to first order.
     * Each local rounding error e at a sum z changes the loss by e dC/dz, and e <= (K + 5) u sum |a||w| in a
     * sum of K products, where 5 stands for f; the loss itself adds (K + 8 + 2 max |z - max z| + 3 C) u. Both
     * losses of a quotient are off by that, and it is divided by 2h.
     */
    double step; /* h */
    size_t skipped;
    double difference;
    struct tp_weight_place at;
    double truncation, rounding;
};

/* NaN is above everything. */
static inline bool tp_is_above(double x, double most)
{
    return x > most || (x != x && most == most);
}

struct tp_differences {
    size_t layer_count;
    struct tp_layer_differences layers[TP_LAYERS_MAX];
};

/* Whether a layer's differences are within truncation + rounding, and that is no more than
 * TP_CHECK_COARSEST. */
bool tp_layer_passes(const struct tp_layer_differences *layer);

/*
 * Moves each weight of the network by each step up and down, and propagates from the unit that it feeds.
 * progress (NULL: none) is called by one thread with the share that is done; false ends the check, which then
 * returns TP_OK and *finished false. The results do not depend on the number of threads.
 * Errors: TP_FAILURE without memory or threads.
 */
enum tp_status tp_differences_measure(struct tp_plain_network *plain, size_t threads,
                                      bool (*progress)(void *context, double share), void *context,
                                      struct tp_differences *differences, bool *finished,
                                      struct tp_error *error);

/*
 * What one tier's verbs give, each compared with double on that tier's own inputs of it. In exact arithmetic
 * every verb that agrees makes the next one's inputs right; compared from end to end, float rounding grows
 * with the depth, by as much as the network is ill-conditioned, whatever the tier does.
 *
 * Bounds, with g(n) = n u / (1 - n u), each with 1 % for terms of second order and FLT_MIN for what is
 * flushed: sum z of K products     g(K) sum |a||w| a = f(z)                sup f' times that, and the
 * function's ulps (kernels/reference/functions.h) d at a logit, p = softmax   (p u (|z_k - m| + mean |z - m|
 * + 9 + K / 16) + 3 u |p - y|) / B d = (sum over K units of d w) f'(a) (g(K + 1) |f'| + error of f') sum
 * |d||w| gradient                sum |a| (error of d) + g(B) sum |a||d|, over the B samples
 */
struct tp_tier_verdict {
    const char *tier;
    double shares[TP_VERB_COUNT]; /* of its bound, the largest error; above 1 or NaN: wrong */
    size_t layer;                 /* of the gradient that is worst by that share, from 0 */
    struct tp_weight_place at;
    double difference, bound; /* there */
    double end_to_end;        /* largest |gradient - plain gradient| as a part of the layer's largest one */
    bool passed;
};

/*
 * Runs one step of the trainer, with learning rate 0, on one thread; plain was made from the same options,
 * data and normalization and has run forward and backward.
 * Errors: TP_FAILURE without memory.
 */
enum tp_status tp_tier_check(const struct tp_tier *tier, const struct tp_train_options *options,
                             const struct tp_dataset *train, const struct tp_normalization *normalization,
                             const struct tp_plain_network *plain, struct tp_tier_verdict *verdict,
                             struct tp_error *error);

#endif
