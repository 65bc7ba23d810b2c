#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

static tileprop_status check_layers(const tileprop_model_parts *p, struct tp_error *error)
{
    if (p->features == 0)
        return tp_fail(error, TILEPROP_USAGE, "parts: features: expected at least 1, found 0");
    if (p->layers == 0 || p->layers > TP_LAYERS_MAX)
        return tp_fail(error, TILEPROP_USAGE, "parts: layers: expected 1 to %d, found %zu", TP_LAYERS_MAX, p->layers);
    const tileprop_status there = tp_api_need(p->units, "parts: units", error);
    if (there != TILEPROP_OK)
        return there;
    for (size_t l = 0; l < p->layers; l++)
        if (p->units[l] == 0 || p->units[l] > INT32_MAX)
            return tp_fail(error, TILEPROP_USAGE, "parts: units[%zu]: expected 1 to %d, found %zu", l, INT32_MAX,
                           p->units[l]);
    if (p->units[p->layers - 1] > TP_CLASSES_MAX)
        return tp_fail(error, TILEPROP_USAGE, "parts: units[%zu]: expected at most %d classes, found %zu",
                       p->layers - 1, TP_CLASSES_MAX, p->units[p->layers - 1]);
    const int activation = (int)p->activation;
    if (p->layers > 1 && (activation <= TILEPROP_LINEAR || activation > TILEPROP_RELU))
        return tp_fail(error, TILEPROP_USAGE, "parts: activation: expected an activation for hidden layers, found %d",
                       activation);
    return TILEPROP_OK;
}

static tileprop_status check_values(const tileprop_model_parts *p, struct tp_error *error)
{
    const struct {
        const char *name;
        const float *values;
    } all[] = {{"parts: scale", p->scale}, {"parts: shift", p->shift}, {"parts: imputed", p->imputed}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const tileprop_status status = tp_api_finite(all[i].name, all[i].values, p->features, error);
        if (status != TILEPROP_OK)
            return status;
    }
    const tileprop_status status = tp_api_split("parts: split", p->split, p->features, error);
    if (status != TILEPROP_OK)
        return status;
    for (size_t i = 0; p->offset && i < p->features; i++)
        if (!(fabs(p->offset[i]) <= (double)FLT_MAX))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "parts: offset[%zu]: expected a magnitude of at most %g, found %g", i, (double)FLT_MAX,
                           p->offset[i]);
    for (size_t i = 0; p->feature_names && i < p->features; i++)
        if (!p->feature_names[i])
            return tp_fail(error, TILEPROP_USAGE, "parts: feature_names[%zu]: expected a name, found NULL", i);
    for (size_t k = 0; p->class_names && k < p->units[p->layers - 1]; k++)
        if (!p->class_names[k])
            return tp_fail(error, TILEPROP_USAGE, "parts: class_names[%zu]: expected a name, found NULL", k);
    return TILEPROP_OK;
}

/* Copies a layer; NULL leaves its part unchanged. */
static tileprop_status put_layer(struct tp_weights *weights, size_t l, const float *values, const float *bias,
                                 struct tp_error *error)
{
    struct tp_weights_layer *layer = &weights->layers[l];
    const size_t count = layer->inputs * layer->units;
    char name[48];
    snprintf(name, sizeof name, "layer %zu: weights", l);
    tileprop_status status = tp_api_finite(name, values, count, error);
    snprintf(name, sizeof name, "layer %zu: bias", l);
    if (status == TILEPROP_OK)
        status = tp_api_finite(name, bias, layer->units, error);
    if (status != TILEPROP_OK)
        return status;
    if (values)
        memcpy(layer->weight, values, count * sizeof *values);
    if (bias)
        memcpy(layer->bias, bias, layer->units * sizeof *bias);
    return TILEPROP_OK;
}

static tileprop_status take_layers(const tileprop_model_parts *p, struct tp_weights *weights, struct tp_error *error)
{
    for (size_t l = 0; l < p->layers; l++)
        tp_weights_add(weights, l ? p->units[l - 1] : p->features, p->units[l], p->biases && p->biases[l]);
    tileprop_status status = tp_weights_allocate(weights, error);
    for (size_t l = 0; l < p->layers && status == TILEPROP_OK; l++)
        status = put_layer(weights, l, p->weights ? p->weights[l] : NULL, p->biases ? p->biases[l] : NULL, error);
    return status;
}

/* The schema of an array, or of a table whose columns have names; its labels come last. */
static bool take_schema(const tileprop_model_parts *p, struct tp_schema *schema)
{
    const size_t bytes = p->features * sizeof(float);
    bool good = tp_schema_name_classes(schema, p->class_names, p->units[p->layers - 1]);
    schema->features = p->features;
    if (p->imputed && (schema->means = malloc(bytes)))
        memcpy(schema->means, p->imputed, bytes);
    good &= !p->imputed || schema->means;
    if (p->feature_names && (good &= (schema->columns = calloc(p->features, sizeof *schema->columns)) != NULL))
        schema->column_count = p->features;
    for (size_t i = 0; i < schema->column_count; i++)
        good &= (schema->columns[i].name = strdup(p->feature_names[i])) != NULL;
    if (p->feature_names) /* a schema names all of its columns or none */
        good &= (schema->label = strdup("label")) != NULL;
    schema->label_place = schema->column_count;
    return good;
}

static tileprop_status create(tileprop_model **handle, const tileprop_model_parts *given, struct tp_error *error)
{
    struct tp_model model = {.described = true, .normalize = TILEPROP_NORMALIZE_NONE, .numerics = TP_NUMERICS_VERSION};
    tileprop_model_parts parts = {0};
    tileprop_status status = tp_api_take(&parts, sizeof parts, sizeof parts, given, "parts", error);
    if (status == TILEPROP_OK)
        status = check_layers(&parts, error);
    if (status == TILEPROP_OK)
        status = check_values(&parts, error);
    if (status == TILEPROP_OK)
        status = take_layers(&parts, &model.weights, error);
    if (status == TILEPROP_OK)
        status = tp_normalization_of(&model.normalization, parts.features, parts.scale, parts.shift, parts.split,
                                     parts.offset, error);
    if (status == TILEPROP_OK && !((model.options = strdup("")) && take_schema(&parts, &model.schema)))
        status = tp_fail_memory(error, NULL, "a model");
    model.activation = parts.layers > 1 ? parts.activation : TILEPROP_LECUN_TANH;
    if (status == TILEPROP_OK)
        status = tp_model_check(&model, "parts", error);
    if (status == TILEPROP_OK)
        return tp_api_model(handle, &model, error);
    tp_model_free(&model);
    return status;
}

tileprop_status tileprop_model_create(tileprop_model **handle, const tileprop_model_parts *parts, char *message,
                                      size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    if (handle)
        *handle = NULL;
    tileprop_status status = tp_api_need(handle, "model", &call.error);
    if (status == TILEPROP_OK)
        status = create(handle, parts, &call.error);
    return tp_call_end(&call, status, message, size);
}

static tileprop_status set_weights(tileprop_model *handle, size_t l, const float *weights, const float *bias,
                                   struct tp_error *error)
{
    tileprop_status status = tp_api_need(handle, "model", error);
    if (status != TILEPROP_OK)
        return status;
    struct tp_weights *own = &handle->model.weights;
    if (l >= own->layer_count)
        return tp_fail(error, TILEPROP_USAGE, "layer: expected less than %zu, found %zu", own->layer_count, l);
    if (bias && !own->layers[l].has_bias)
        return tp_fail(error, TILEPROP_USAGE, "bias: expected NULL for layer %zu, which has no biases", l);
    status = put_layer(own, l, weights, bias, error);
    if (status == TILEPROP_OK) {
        tp_predictor_reload(handle->predictor);
        status = tp_network_hash(tp_predictor_network(handle->predictor), &handle->hash, error);
    }
    return status;
}

tileprop_status tileprop_model_set_weights(tileprop_model *handle, size_t layer, const float *weights,
                                           const float *bias, char *message, size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    return tp_call_end(&call, set_weights(handle, layer, weights, bias, &call.error), message, size);
}
