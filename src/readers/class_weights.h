/*
 * Class weights: factors on the loss and gradient of training samples. A step still divides by its number of samples,
 * not by the sum of their weights. The loss of a step is weighted; evaluations and gradient checks are not.
 */
#pragma once

#include "base/status.h"
#include "data/dataset.h"

/*
 * Stores weights[classes], which the caller frees. "balanced": samples / (classes * samples of the class), so that
 * every class weighs the same and the mean over the samples is 1 (King and Zeng, "Logistic regression in rare
 * events data", Political Analysis 9 (2001); scikit-learn's "balanced"). Anything else is the path of a table
 * of lines CLASS,WEIGHT with weights >= 0; a class that it does not name has weight 1. Errors: those of
 * tp_gzip_read() and tp_csv_open(); TILEPROP_BAD_INPUT with path and row for unknown or repeated classes and for
 * invalid weights; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_class_weights_make(const char *source, const struct tp_dataset *dataset, float **weights,
                                      struct tp_error *error);
