/* The output of `predict`. */
#pragma once

#include "cli/predict_command.h"
#include "cli/predict_data.h"
#include "cli/top_losses.h"
#include "data/dataset.h"
#include "tileprop/tileprop.h"

/* The most classes with a matrix: its size grows with the square of a number in the model file. */
#define TP_CONFUSION_MATRIX_MAX 256

/* The confusion matrix. */
struct tp_confusion {
    size_t classes;
    size_t *samples; /* [classes]: of this class; owned, from malloc, with the next three after it */
    size_t *chosen;  /* [classes]: predicted as this class */
    size_t *right;   /* [classes]: both */
    size_t *matrix;  /* [class][predicted], or NULL for more classes than TP_CONFUSION_MATRIX_MAX */
};

/* The results; counts of errors and classes for labelled samples only. */
struct tp_prediction {
    const struct tp_predict_command *command;
    const tileprop_model *model;
    const struct tp_predict_data *data;
    float *losses;        /* [samples] */
    uint16_t *predicted;  /* [samples] */
    float *probabilities; /* of the samples that were predicted last */
    struct tp_metrics metrics;
    struct tp_confusion confusion;
    struct tp_top_losses worst;
    struct tp_safe_file rows, sheet; /* closed where they are not wanted */
    size_t threads;
    double seconds_loading, seconds_prediction;
};

/* Counts samples by their class and the predicted one, all below classes. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error);

/*
 * Writes lines to standard output or, with --json, to standard error and the JSON object to standard output: for an
 * evaluation, for samples without labels (whose rows are written elsewhere), or for one image. Errors: TILEPROP_FAILURE
 * if out of memory. Write errors of standard output are left to the stream.
 */
tileprop_status tp_predict_report(const struct tp_prediction *prediction, struct tp_error *error);

/*
 * Writes predictions as rows for other programs, of samples [begin, begin + count), whose probabilities are
 * those that the prediction has, and before the first the header:
 *
 *     csv     sample,[label,]class,p_NAME,...    a header, then a row for each sample
 *     jsonl   {"sample": 0, "label": "7", "class": "7", "probabilities": [0.1, ...]}
 *
 * Samples count from 0, probabilities are in the order of the model's classes, with as many digits as make
 * them read back as the same floats. False when a write failed, with the reason in errno.
 */
bool tp_predict_report_rows(const struct tp_prediction *prediction, size_t begin, size_t count, FILE *out);
