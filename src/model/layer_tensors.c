#include "model/layer_tensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/json_text.h"

#define TP_SHAPE_TEXT 128 /* bytes of a shape in a message */

struct name {
    char text[TP_TENSOR_NAME_MAX];
};

static struct name layer_name(const char *prefix, size_t layer, const char *part)
{
    struct name name;
    snprintf(name.text, sizeof name.text, "%slayers.%zu.%s", prefix, layer, part);
    return name;
}

void tp_tensor_list_vector(struct tp_tensor_list *list, const char *name, const char *type, size_t length, size_t width,
                           const void *bytes)
{
    char *own = list->names[list->count];
    snprintf(own, TP_TENSOR_NAME_MAX, "%s", name);
    list->tensors[list->count++] = (struct tp_tensor){
        .name = own, .type = type, .dimensions = 1, .shape = {length}, .bytes = bytes, .size = length * width};
}

void tp_tensor_list_layers(struct tp_tensor_list *list, const char *prefix, const struct tp_weights *weights)
{
    for (size_t l = 0; l < weights->layer_count; l++) {
        const struct tp_weights_layer *layer = &weights->layers[l];
        tp_tensor_list_vector(list, layer_name(prefix, l, "weight").text, "F32", layer->units * layer->inputs,
                              sizeof(float), layer->weight);
        struct tp_tensor *weight = &list->tensors[list->count - 1];
        weight->dimensions = 2;
        weight->shape[0] = layer->units;
        weight->shape[1] = layer->inputs;
        if (layer->has_bias)
            tp_tensor_list_vector(list, layer_name(prefix, l, "bias").text, "F32", layer->units, sizeof(float),
                                  layer->bias);
    }
}

tileprop_status tp_tensor_list_write(struct tp_tensor_list *list, struct tp_safe_file *out, struct tp_error *error)
{
    if (list && list->texts)
        tp_json_text_set(&list->texts, TP_CHECKSUM_KEY,
                         json_sprintf("%016" PRIx64, tp_safetensors_checksum(list->tensors, list->count, list->texts)));
    const tileprop_status status = list && list->texts
                                       ? tp_safetensors_write(out, list->tensors, list->count, list->texts, error)
                                       : tp_fail_memory(error, out->path, "a model");
    if (list)
        json_decref(list->texts);
    free(list);
    return status;
}

static double read_f16(const unsigned char *bytes)
{
    uint16_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return tp_half_value(bits);
}

/* The upper half of an F32. */
static double read_bf16(const unsigned char *bytes)
{
    const unsigned char all[] = {0, 0, bytes[0], bytes[1]};
    float value;
    memcpy(&value, all, sizeof value);
    return value;
}

static double read_f32(const unsigned char *bytes)
{
    float value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static double read_f64(const unsigned char *bytes)
{
    double value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static const struct real {
    const char *type;
    size_t size;
    double (*read)(const unsigned char *bytes); /* exactly */
} reals[] = {{"F32", 4, read_f32}, {"F16", 2, read_f16}, {"BF16", 2, read_bf16}, {"F64", 8, read_f64}};

/* NULL: the tensor has another type. */
static const struct real *find_real(const struct tp_tensor *tensor)
{
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (strcmp(tensor->type, reals[i].type) == 0)
            return &reals[i];
    return NULL;
}

bool tp_tensor_is_real(const struct tp_tensor *tensor)
{
    return find_real(tensor);
}

tileprop_status tp_tensor_fail(const struct tp_safetensors *read, const struct tp_tensor *tensor,
                               struct tp_error *error, const char *expected, ...)
{
    char shape[TP_SHAPE_TEXT], wanted[TP_SHAPE_TEXT];
    va_list arguments;
    va_start(arguments, expected);
    vsnprintf(wanted, sizeof wanted, expected, arguments);
    va_end(arguments);
    tp_tensor_describe(tensor, shape, sizeof shape);
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: expected %s, found %s", read->file.path,
                   tp_show(tensor->name, strlen(tensor->name)).text, wanted, shape);
}

tileprop_status tp_layers_find(const struct tp_safetensors *read, const char *prefix, struct tp_weights *weights,
                               struct tp_layer_tensors *layers, size_t *known, struct tp_error *error)
{
    for (size_t l = 0; l <= TP_LAYERS_MAX; l++) {
        const struct tp_tensor *weight = tp_safetensors_find(read, layer_name(prefix, l, "weight").text);
        const struct tp_tensor *bias = tp_safetensors_find(read, layer_name(prefix, l, "bias").text);
        if (!weight)
            break;
        if (l == TP_LAYERS_MAX)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: expected at most %d layers", read->file.path,
                           weight->name, TP_LAYERS_MAX);
        const size_t inputs = l ? weights->layers[l - 1].units : weight->shape[1];
        if (!tp_tensor_is_real(weight) || weight->dimensions != 2 || weight->shape[0] == 0 || weight->shape[1] == 0 ||
            weight->shape[1] != inputs)
            return tp_tensor_fail(
                read, weight, error,
                l ? "F32 [units, %zu], as many inputs as the layer before has units" : "F32 [units, inputs]", inputs);
        if (bias && (!tp_tensor_is_real(bias) || bias->dimensions != 1 || bias->shape[0] != weight->shape[0]))
            return tp_tensor_fail(read, bias, error, "F32 [%zu], as many as the layer has units", weight->shape[0]);
        layers[l] = (struct tp_layer_tensors){weight, bias};
        tp_weights_add(weights, inputs, weight->shape[0], bias);
        *known += bias ? 2 : 1;
    }
    if (weights->layer_count == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: missing tensor %slayers.0.weight", read->file.path, prefix);
    return TILEPROP_OK;
}

tileprop_status tp_tensor_copy(const struct tp_safetensors *read, const struct tp_tensor *tensor, float *values,
                               struct tp_error *error)
{
    const struct real *real = find_real(tensor);
    const unsigned char *bytes = tensor->bytes;
    for (size_t i = 0; i < tensor->size / real->size; i++) {
        const double value = real->read(bytes + i * real->size);
        values[i] = (float)value;
        if (!isfinite(values[i]))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s: value %zu is not finite%s", read->file.path,
                           tp_show(tensor->name, strlen(tensor->name)).text, i, isfinite(value) ? " as a float" : "");
    }
    return TILEPROP_OK;
}

tileprop_status tp_layers_copy(const struct tp_safetensors *read, const struct tp_layer_tensors *layers,
                               struct tp_weights *weights, struct tp_error *error)
{
    tileprop_status status = tp_weights_allocate(weights, error);
    for (size_t l = 0; l < weights->layer_count && status == TILEPROP_OK; l++) {
        status = tp_tensor_copy(read, layers[l].weight, weights->layers[l].weight, error);
        if (status == TILEPROP_OK && layers[l].bias)
            status = tp_tensor_copy(read, layers[l].bias, weights->layers[l].bias, error);
    }
    return status;
}
