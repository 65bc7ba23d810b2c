/*
 * tileprop: checks that the gradients used for training are the derivatives of the loss.
 *
 *     tileprop_layer_gradients layers[TILEPROP_HIDDEN_MAX + 1];
 *     tileprop_gradients found = {.size = sizeof found, .layers = layers, .layer_size = sizeof *layers};
 *     tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message);
 *     ... found.layers_right ...
 *
 * The backpropagated gradient of every weight is compared, in double, with difference quotients of the loss.
 */
#ifndef TILEPROP_GRADIENTS_H
#define TILEPROP_GRADIENTS_H

#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TILEPROP_CHECK_SAMPLES     100  /* uses at most this many samples, the first ones */
#define TILEPROP_CHECK_COURSE_STEP 1e-3 /* the course's; its bound, |difference| <= step^2, is not judged */
#define TILEPROP_CHECK_STEP        1e-4 /* our step; shortened for layers where truncation is too coarse */
#define TILEPROP_CHECK_COARSEST    1e-3 /* of a layer's largest gradient: a looser bound proves nothing */

/* A weight within a layer: its input, or the number of inputs for the bias, and its unit; both from 0. */
typedef struct tileprop_weight_place {
    size_t input, unit;
} tileprop_weight_place;

/* Results for one layer, over the weights whose steps crossed no kink of relu. */
typedef struct tileprop_layer_gradients {
    size_t inputs, units;
    size_t weights; /* including biases */
    double largest; /* |gradient| */

    size_t course_skipped;
    double course; /* largest |difference quotient - gradient| at TILEPROP_CHECK_COURSE_STEP */
    tileprop_weight_place course_at;

    double step; /* h of the quotients Q(h) that are judged */
    size_t skipped;
    double difference; /* largest |Q(h) - gradient| */
    tileprop_weight_place at;
    double truncation; /* largest |Q(2h) - Q(h)|: three times the truncation error of Q(h) */
    double rounding;   /* first-order bound on the rounding error of Q(h) */
    int right;         /* difference <= truncation + rounding <= TILEPROP_CHECK_COARSEST * largest, not all skipped */
} tileprop_layer_gradients;

/* Gradients are means over the samples used, each multiplied by its weight. */
typedef struct tileprop_gradients {
    size_t size;                      /* sizeof(tileprop_gradients); set by the caller, as are the next two */
    tileprop_layer_gradients *layers; /* [hidden_count + 1], the first layer_count are filled in; may be NULL */
    size_t layer_size;                /* sizeof(tileprop_layer_gradients) */

    size_t samples;      /* used */
    int stopped;         /* progress ended the check; the members below are then meaningless */
    int layers_right;    /* all of them are right */
    size_t course_layer; /* the layer with the largest course; the first on a tie */
    size_t layer_count;
} tileprop_gradients;

/*
 * Checks the network described by the options, with its initial weights, on the first samples of data. Uses
 * the options hidden, activation, init (auto means uniform), bias, normalize (fitted to all of data), seed,
 * threads and threads_exact, and all of data but class_weights. The results do not depend on the number of
 * threads.
 *
 * progress (may be NULL) is called with the fraction done, from a single thread: the caller's, except in the
 * child of a fork(). A nonzero return value ends the check, which is not an error.
 *
 * Nor is a wrong gradient.
 * Errors: USAGE for inconsistent options, BAD_INPUT as for tileprop_train(), FAILURE if out of memory or
 * threads; *gradients then holds what was found so far.
 */
TILEPROP_TRY tileprop_status tileprop_check_gradients(const tileprop_options *options, const tileprop_data *data,
                                                      int (*progress)(void *context, double share), void *context,
                                                      tileprop_gradients *gradients, char *message, size_t size);

#ifdef __cplusplus
}
#endif
#endif
