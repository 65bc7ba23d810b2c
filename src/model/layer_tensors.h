/*
 * Weights as tensors of a safetensors file: PREFIXlayers.N.weight, F32 [units, inputs], N from 0, and, if the layer has
 * biases, PREFIXlayers.N.bias, F32 [units]. F16, BF16 and F64 can be read too.
 */
#pragma once

#include "model/safetensors.h"
#include "network/weights.h"

#define TP_TENSOR_NAME_MAX 64
#define TP_TENSOR_SETS_MAX 4 /* of layers in a file: weights, two of optimizer state, the best weights */
#define TP_TENSORS_MAX     (2 * TP_LAYERS_MAX * TP_TENSOR_SETS_MAX + 5)

/* The tensors of a layer. */
struct tp_layer_tensors {
    const struct tp_tensor *weight, *bias; /* bias: NULL if there are none */
};

/* Tensors to be written, with texts. */
struct tp_tensor_list {
    json_t *texts; /* of __metadata__, owned; NULL: out of memory */
    size_t count;
    struct tp_tensor tensors[TP_TENSORS_MAX];
    char names[TP_TENSORS_MAX][TP_TENSOR_NAME_MAX];
};

/* Adds a vector of `length` values, whose type has `width` bytes. */
void tp_tensor_list_vector(struct tp_tensor_list *list, const char *name, const char *type, size_t length, size_t width,
                           const void *bytes);

/* Adds the tensors of all layers. */
void tp_tensor_list_layers(struct tp_tensor_list *list, const char *prefix, const struct tp_weights *weights);

/* Writes a list as tp_safetensors_write() does, with its checksum, and frees it; list NULL: fails as out of memory. */
tileprop_status tp_tensor_list_write(struct tp_tensor_list *list, struct tp_safe_file *out, struct tp_error *error);

/* Whether tp_tensor_copy() supports its type: F32, F16, BF16 or F64. */
bool tp_tensor_is_real(const struct tp_tensor *tensor);

/*
 * Finds layers in order, without allocating memory for them; layers[TP_LAYERS_MAX] receives their tensors, and *known
 * counts these.
 * Errors: TILEPROP_BAD_INPUT with path, tensor, found, expected.
 */
tileprop_status tp_layers_find(const struct tp_safetensors *read, const char *prefix, struct tp_weights *weights,
                               struct tp_layer_tensors *layers, size_t *known, struct tp_error *error);

/*
 * Allocates memory for the layers found and copies their values.
 * Errors: TILEPROP_BAD_INPUT for values that are not finite floats, TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_layers_copy(const struct tp_safetensors *read, const struct tp_layer_tensors *layers,
                               struct tp_weights *weights, struct tp_error *error);

/*
 * Copies a tensor of real numbers, at any alignment, to floats: F16 and BF16 exactly, F64 rounded to nearest.
 * Errors: those of tp_layers_copy().
 */
tileprop_status tp_tensor_copy(const struct tp_safetensors *read, const struct tp_tensor *tensor, float *values,
                               struct tp_error *error);

/* Returns TILEPROP_BAD_INPUT, with a message of path, tensor, found, expected. */
tileprop_status tp_tensor_fail(const struct tp_safetensors *read, const struct tp_tensor *tensor,
                               struct tp_error *error, const char *expected, ...) __attribute__((format(printf, 4, 5)));
