/*
 * tileprop: whether the gradients that a network is trained with are the derivatives of its loss.
 *
 *     tileprop_gradients found = {.size = sizeof found};
 *     tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message);
 *     ... found.layers_right ...
 *
 * In double, every weight's gradient by backpropagation is compared with difference quotients of the loss.
 */
#ifndef TILEPROP_GRADIENTS_H
#define TILEPROP_GRADIENTS_H

#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TILEPROP_CHECK_SAMPLES     100  /* of the data, the first ones, at most */
#define TILEPROP_CHECK_COURSE_STEP 1e-3 /* the course's: |difference| <= step^2, which is not judged */
#define TILEPROP_CHECK_STEP        1e-4 /* the own one; a layer shortens it where truncation is too coarse */
#define TILEPROP_CHECK_COARSEST    1e-3 /* of a layer's largest gradient: a wider bound decides nothing */

/* A weight of a layer: its input, or as many as there are inputs for the bias, and its unit, from 0. */
typedef struct tileprop_weight_place {
    size_t input, unit;
} tileprop_weight_place;

/* Of one layer, over the weights that no step carried through a kink of relu. */
typedef struct tileprop_layer_gradients {
    size_t inputs, units;
    size_t weights; /* biases among them */
    double largest; /* |gradient| */

    size_t course_skipped;
    double course; /* largest |difference quotient - gradient| for TILEPROP_CHECK_COURSE_STEP */
    tileprop_weight_place course_at;

    double step; /* h, of the quotients Q(h) that are judged */
    size_t skipped;
    double difference; /* largest |Q(h) - gradient| */
    tileprop_weight_place at;
    double truncation; /* the largest |Q(2h) - Q(h)|, which is three times the truncation error of Q(h) */
    double rounding;   /* a bound to first order of what rounding makes of Q(h) */
    int right; /* difference <= truncation + rounding <= TILEPROP_CHECK_COARSEST * largest, not all skipped */
} tileprop_layer_gradients;

/* Means over the samples that were taken. */
typedef struct tileprop_gradients {
    size_t size;         /* sizeof(tileprop_gradients), filled by the caller */
    size_t samples;      /* taken */
    int stopped;         /* progress ended the check; then nothing that follows is there */
    int layers_right;    /* all of them */
    size_t course_layer; /* with the largest course, the first of equal ones */
    size_t layer_count;
    tileprop_layer_gradients layers[TILEPROP_HIDDEN_MAX + 1];
} tileprop_gradients;

/*
 * Checks the network that the options describe, as it begins, on the first of the data. Of the options
 * hidden, activation, init (where auto means uniform), bias, normalize (which all of the data decide), seed,
 * threads and threads_exact say something, of the data all but class_weights. The results do not depend on
 * the number of threads.
 *
 * progress (NULL: none) is called from one thread, the caller's but for the child of a fork(), with the share
 * that is done; what is not 0 ends the check, which is no error.
 *
 * A gradient that is wrong is no error either. Errors: USAGE for options that do not fit each other,
 * BAD_INPUT as tileprop_train(), FAILURE without memory or threads. *gradients has then what was found
 * before.
 */
TILEPROP_API tileprop_status tileprop_check_gradients(const tileprop_options *options,
                                                      const tileprop_data *data,
                                                      int (*progress)(void *context, double share),
                                                      void *context, tileprop_gradients *gradients,
                                                      char *message, size_t size);

#ifdef __cplusplus
}
#endif
#endif
