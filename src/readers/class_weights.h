/*
 * Class weights: factors on the loss and gradient of training samples. A step still divides by its number of samples,
 * not by the sum of their weights. The loss of a step is weighted; evaluations and gradient checks are not.
 */
#pragma once

#include "base/status.h"
#include "data/dataset.h"

/*
 * Stores weights[classes], to be freed. "balanced": samples / (classes * samples of the class), so that every
 * class weighs the same and the mean over the samples is 1 (King and Zeng, "Logistic regression in rare
 * events data", Political Analysis 9 (2001); scikit-learn's "balanced"). Anything else is the path of a table
 * of lines CLASS,WEIGHT with weights from 0; a class that it does not name weighs 1. Errors: as
 * tp_gzip_read() and tp_csv_open(); TILEPROP_BAD_INPUT with path and row for classes that are not there or
 * there twice and for what is no weight; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_class_weights_make(const char *source, const struct tp_dataset *dataset, float **weights,
                                      struct tp_error *error);
