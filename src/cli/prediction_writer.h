/*
 * Predictions as rows for other programs.
 *
 *     csv     sample,[label,]class,p_NAME,...    a header, then a row for each sample
 *     jsonl   {"sample": 0, "label": "7", "class": "7", "probabilities": [0.1, ...]}
 *
 * Samples count from 0, probabilities are in the order of the model's classes, with as many digits as make
 * them read back as the same floats.
 */
#ifndef TP_PREDICTION_WRITER_H
#define TP_PREDICTION_WRITER_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/predict_report.h"

/*
 * Writes the rows of samples [begin, begin + count), whose probabilities are the prediction's, and before the
 * first the header. False when a write failed, with the reason in errno.
 */
bool tp_prediction_writer_write(const struct tp_prediction *prediction, size_t begin, size_t count,
                                FILE *out);

#endif
