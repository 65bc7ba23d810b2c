/*
 * A model: a network's weights and what is needed to use them, as a safetensors file:
 *
 *     layers.N.weight    F32 [units, inputs], N from 0 on
 *     layers.N.bias      F32 [units], where the layer has biases; the first layer's constant input is one
 *     input.scale        F32 [inputs]
 *     input.shift        F32 [inputs]: the network's inputs are fma(x, scale, shift)
 *     input.offset       F64 [inputs]: subtracted from values before they become the floats x; absent: all 0
 *     input.split        F32 [inputs]: 1 where the shift is not added to values (kernels.h); absent: all 0
 *
 * with these texts in __metadata__, numbers and lists as in JSON: format ("tileprop"), format_version,
 * numerics_version, activation, normalize, mean, deviation (of the training inputs), classes, class_names,
 * options, data_fingerprint, step, validation_loss, validation_accuracy, validation_samples, and of tables
 * schema (schema.h), and of all files that are not edited tileprop_checksum (safetensors.h). A checkpoint
 * (checkpoint.h) is a model too, with tensors and texts besides whose names begin with "run.". Layers of F16,
 * BF16 and F64, and files that hold the layers alone, as other programs write them (foreign_layers.h), can be read too.
 */
#pragma once

#include <jansson.h>

#include "base/file.h"
#include "base/safe_file.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "model/layer_tensors.h"
#include "network/weights.h"
#include "tileprop/tileprop.h"

/* Raised when an older reader would misread new files. */
#define TP_MODEL_FORMAT 2

/*
 * Raised whenever the same data, options and seed give other weights, or the same weights other outputs. It
 * matters to a run that is resumed, which is to end with the bits of one that was not; weights are as good in
 * any version, so a model of another one can be used and started from.
 */
#define TP_NUMERICS_VERSION 3

#define TP_RUN_PREFIX "run."

struct tp_model {
    struct tp_weights weights;
    bool verified;  /* read from a file with a checksum */
    bool described; /* everything below is there; else these are layers alone */
    tileprop_activation activation;
    int normalize;
    struct tp_normalization normalization;
    struct tp_schema schema; /* what samples have to fit, with all classes */
    char *options;           /* of the run that trained it, lines `name = value` */
    uint64_t fingerprint;    /* tp_model_fingerprint */
    uint64_t numerics;       /* numerics_version */
    size_t step;             /* the one before these weights, counted from 0 */
    struct tp_metrics validation;
};

/*
 * Reads a model.
 * Errors: as tp_file_read and tp_safetensors_parse; TILEPROP_BAD_INPUT with path, tensor or text, found,
 * expected for what is no model: layers that do not fit each other, tensors of other names or types, values
 * that are not finite, a newer format. TILEPROP_FAILURE if out of memory. On error *model is empty.
 */
tileprop_status tp_model_read(struct tp_model *model, const char *path, struct tp_error *error);

/*
 * The same for a file's bytes, which it takes over. Besides them it allocates as much again for the weights, twice
 * as much for those of F16 and BF16, and at most 160 bytes for each byte of the header.
 */
tileprop_status tp_model_parse(struct tp_model *model, struct tp_file *file, struct tp_error *error);

/* The same for tensors that were found, which it takes copies of. */
tileprop_status tp_model_take(struct tp_model *model, const struct tp_safetensors *read, struct tp_error *error);

/*
 * Writes a described model. What cannot be written is left to tp_safe_file_commit().
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_write(const struct tp_model *model, struct tp_safe_file *out, struct tp_error *error);

/* What that writes, for tp_tensor_list_write(); the tensors point into the model. */
struct tp_tensor_list *tp_model_list(const struct tp_model *model);

/*
 * Whether a file can hold what the model says of itself besides tensors. path: of the data, for messages.
 * Errors: TILEPROP_BAD_INPUT if names and categories are too long for it; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_check(const struct tp_model *model, const char *path, struct tp_error *error);

/* The name of the hidden layers' activation in files; of improved-sigmoid that is lecun-tanh, which older
 * versions read. */
const char *tp_model_activation(const struct tp_model *model);

void tp_model_free(struct tp_model *model);

/*
 * Whether a network of these options can start with the model's weights. place: the model's, for messages.
 * Errors: TILEPROP_USAGE naming layer and option for other hidden layers, another activation, and biases that
 * the network cannot hold; TILEPROP_BAD_INPUT for inputs or classes that are not the data's; TILEPROP_FAILURE
 * without memory.
 */
tileprop_status tp_model_starts(const struct tp_model *model, const char *place, const tileprop_options *options,
                                size_t features, size_t classes, struct tp_error *error);

/*
 * XXH3-64 over samples, features, labels and sample weights, if any: the same for the same data in the same order, as
 * f32 and as csr.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_fingerprint(const struct tp_dataset *dataset, uint64_t *fingerprint, struct tp_error *error);
