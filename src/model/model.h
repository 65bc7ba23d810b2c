/*
 * A model: a network's weights and what is needed to use them, as a safetensors file:
 *
 *     layers.N.weight    F32 [units, inputs], N from 0
 *     layers.N.bias      F32 [units], if the layer has biases; the first layer's constant input is stored as its bias
 *     input.scale        F32 [inputs]
 *     input.shift        F32 [inputs]: the network's inputs are fma(x, scale, shift)
 *     input.offset       F64 [inputs]: subtracted from values before they become the floats x; absent: all 0
 *     input.split        F32 [inputs]: 1 where the shift is not added to values (kernels.h); absent: all 0
 *
 * with these texts in __metadata__, numbers and lists as in JSON: format ("tileprop"), format_version,
 * numerics_version, activation, normalize, mean, deviation (of the training inputs), classes, class_names, options,
 * data_fingerprint, step, validation_loss, validation_accuracy, validation_samples, for tables schema (schema.h), and,
 * unless the file was edited, tileprop_checksum (safetensors.h). A checkpoint (checkpoint.h) is also a model, with
 * additional tensors and texts whose names begin with "run.". Layers in F16, BF16 and F64, and other programs' files
 * with layers alone (foreign_layers.h), can be read too.
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
 * Raised whenever the same data, options and seed give other weights, or the same weights other outputs. It matters for
 * resuming, since a resumed run must end with the bits of an uninterrupted one. A model of another version can still be
 * used and started from.
 */
#define TP_NUMERICS_VERSION 3

#define TP_RUN_PREFIX "run."

struct tp_model {
    struct tp_weights weights;
    bool verified;  /* read from a file with a checksum */
    bool described; /* everything below is present; otherwise the file has layers alone */
    tileprop_activation activation;
    int normalize;
    struct tp_normalization normalization;
    struct tp_schema schema; /* that samples must fit, with all classes */
    char *options;           /* of the run that trained it, lines `name = value` */
    uint64_t fingerprint;    /* tp_model_fingerprint */
    uint64_t numerics;       /* numerics_version */
    size_t step;             /* the one before these weights, counted from 0 */
    struct tp_metrics validation;
};

/*
 * Reads a model.
 * Errors: those of tp_file_read() and tp_safetensors_parse(); TILEPROP_BAD_INPUT with path, tensor or text, found,
 * expected for an invalid model: layers that do not fit each other, unknown tensors or types, values that are not
 * finite, a newer format. TILEPROP_FAILURE if out of memory. On error *model is empty.
 */
tileprop_status tp_model_read(struct tp_model *model, const char *path, struct tp_error *error);

/*
 * The same for a file's bytes, which it takes over. In addition it allocates as much as the weights take, twice as much
 * for F16 and BF16, and at most 160 bytes for each byte of the header.
 */
tileprop_status tp_model_parse(struct tp_model *model, struct tp_file *file, struct tp_error *error);

/* The same for parsed tensors, which it copies. */
tileprop_status tp_model_take(struct tp_model *model, const struct tp_safetensors *read, struct tp_error *error);

/* Writes a described model. tp_safe_file_commit() reports failed writes. Errors: TILEPROP_FAILURE if out of memory. */
tileprop_status tp_model_write(const struct tp_model *model, struct tp_safe_file *out, struct tp_error *error);

/* What tp_model_write() writes, for tp_tensor_list_write(); the tensors point into the model. */
struct tp_tensor_list *tp_model_list(const struct tp_model *model);

/*
 * Checks that the model's texts fit in a file's header. path: of the data, for messages.
 * Errors: TILEPROP_BAD_INPUT if names and categories are too long or not UTF-8; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_check(const struct tp_model *model, const char *path, struct tp_error *error);

/* The name of the hidden layers' activation in files; for improved-sigmoid it is lecun-tanh, which older versions
 * understand. */
const char *tp_model_activation(const struct tp_model *model);

void tp_model_free(struct tp_model *model);

/*
 * Checks that a network with these options can start from the model's weights. place: the model's, for messages.
 * Errors: TILEPROP_USAGE naming layer and option for different hidden layers, a different activation, and biases that
 * the network cannot hold; TILEPROP_BAD_INPUT for inputs or classes that differ from the data's; TILEPROP_FAILURE if
 * out of memory.
 */
tileprop_status tp_model_check_start(const struct tp_model *model, const char *place, const tileprop_options *options,
                                     size_t features, size_t classes, struct tp_error *error);

/*
 * XXH3-64 over samples, features, labels and sample weights, if any: equal for the same data in the same order, whether
 * f32 or csr.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_fingerprint(const struct tp_dataset *dataset, uint64_t *fingerprint, struct tp_error *error);
