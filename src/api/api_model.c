#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/safe_file.h"
#include "data/choices.h"
#include "data/offsets.h"
#include "data/schema.h"

tileprop_status tp_api_model(tileprop_model **handle, struct tp_model *model, struct tp_error *error)
{
    *handle = calloc(1, sizeof **handle);
    if (!*handle) {
        tp_model_free(model);
        return tp_fail_memory(error, NULL, "a model");
    }
    (*handle)->model = *model;
    *model = (struct tp_model){0};
    const struct tp_schema *schema = &(*handle)->model.schema;
    snprintf((*handle)->mean, sizeof(*handle)->mean, "%.17g", (*handle)->model.normalization.mean);
    tileprop_status status = tp_predictor_create(&(*handle)->predictor, &(*handle)->model, "auto", error);
    if (status == TILEPROP_OK && tp_schema_says(schema) && !((*handle)->schema = tp_schema_text_write(schema)))
        status = tp_fail_memory(error, NULL, "a model");
    if (status == TILEPROP_OK)
        status = tp_network_hash(tp_predictor_network((*handle)->predictor), &(*handle)->hash, error);
    if (status == TILEPROP_OK)
        return TILEPROP_OK;
    tileprop_model_free(*handle);
    *handle = NULL;
    return status;
}

/* Takes the file over. Refuses layers alone, which are not a complete model. */
static tileprop_status parse(tileprop_model **handle, struct tp_file *file, struct tp_error *error)
{
    struct tp_model model;
    const char *path = file->path;
    tileprop_status status = tp_model_parse(&model, file, error);
    if (status == TILEPROP_OK && model.described)
        return tp_api_model(handle, &model, error);
    if (status == TILEPROP_OK)
        status =
            tp_fail(error, TILEPROP_BAD_INPUT,
                    "%s: expected a model from train --save, found layers without activation and normalization, as "
                    "other programs write them; train --init-from reads them and takes the rest from its options",
                    path);
    tp_model_free(&model);
    return status;
}

/* Checks the arguments of a function: a model, or room for one, and another pointer. */
static tileprop_status need(const void *handle, const void *other, const char *name, struct tp_error *error)
{
    const tileprop_status status = tp_api_need(handle, "model", error);
    return status == TILEPROP_OK ? tp_api_need(other, name, error) : status;
}

tileprop_status tileprop_model_load(tileprop_model **handle, const char *path, char *message, size_t size)
{
    struct tp_call call;
    struct tp_file file;
    tp_call_begin(&call);
    if (handle)
        *handle = NULL;
    tileprop_status status = need(handle, path, "path", &call.error);
    if (status == TILEPROP_OK)
        status = tp_file_read(&file, path, &call.error);
    if (status == TILEPROP_OK)
        status = parse(handle, &file, &call.error);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_model_load_memory(tileprop_model **handle, const void *bytes, size_t count, char *message,
                                           size_t size)
{
    struct tp_call call;
    struct tp_file file = {.path = "memory", .size = count};
    tp_call_begin(&call);
    if (handle)
        *handle = NULL;
    tileprop_status status = need(handle, count ? bytes : "", "bytes", &call.error);
    if (status == TILEPROP_OK && !(file.bytes = malloc(count ? count : 1)))
        status = tp_fail_memory(&call.error, NULL, "a model");
    if (status == TILEPROP_OK) {
        if (count)
            memcpy(file.bytes, bytes, count);
        status = parse(handle, &file, &call.error);
    }
    return tp_call_end(&call, status, message, size);
}

void tileprop_model_free(tileprop_model *handle)
{
    if (!handle)
        return;
    tp_predictor_free(handle->predictor);
    tp_model_free(&handle->model);
    free(handle->schema);
    free(handle);
}

tileprop_status tileprop_model_save(const tileprop_model *handle, const char *path, char *message, size_t size)
{
    struct tp_call call;
    struct tp_safe_file file = {0};
    tp_call_begin(&call);
    tileprop_status status = need(handle, path, "path", &call.error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&file, "tileprop_model_save", path, &call.error);
    if (status == TILEPROP_OK)
        status = tp_model_write(&handle->model, &file, &call.error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&file, &call.error);
    tp_safe_file_discard(&file);
    return tp_call_end(&call, status, message, size);
}

static tileprop_status write_memory(const struct tp_model *model, void **bytes, size_t *count, struct tp_error *error)
{
    char *text = NULL;
    struct tp_safe_file file = {
        .file = open_memstream(&text, count), .option = "tileprop_model_save_memory", .path = (char[]){"memory"}};
    tileprop_status status = file.file ? tp_model_write(model, &file, error) : TILEPROP_FAILURE;
    if (!file.file || fclose(file.file) != 0 || file.error)
        status = tp_fail_memory(error, NULL, "a model's file");
    if (status == TILEPROP_OK)
        *bytes = text;
    else
        free(text);
    return status;
}

tileprop_status tp_api_copy(tileprop_model **handle, const struct tp_model *model, struct tp_error *error)
{
    struct tp_file file = {.path = "memory"};
    void *bytes;
    const tileprop_status status = write_memory(model, &bytes, &file.size, error);
    file.bytes = bytes;
    const tileprop_status parsed = status == TILEPROP_OK ? parse(handle, &file, error) : status;
    if (parsed == TILEPROP_OK)
        (*handle)->model.verified = false; /* it does not come from a file */
    return parsed;
}

tileprop_status tileprop_model_save_memory(const tileprop_model *handle, void **bytes, size_t *count, char *message,
                                           size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    if (bytes)
        *bytes = NULL;
    tileprop_status status = need(handle, bytes, "bytes", &call.error);
    if (status == TILEPROP_OK)
        status = tp_api_need(count, "count", &call.error);
    if (status == TILEPROP_OK)
        status = write_memory(&handle->model, bytes, count, &call.error);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_model_write(const tileprop_model *handle, FILE *out, char *message, size_t size)
{
    struct tp_call call;
    struct tp_safe_file file = {.file = out, .option = "tileprop_model_write", .path = (char[]){"model"}};
    tp_call_begin(&call);
    tileprop_status status = need(handle, out, "out", &call.error);
    if (status == TILEPROP_OK)
        status = tp_model_write(&handle->model, &file, &call.error);
    const tileprop_status ended = tp_call_end(&call, status, message, size);
    errno = file.error;
    return ended;
}

size_t tileprop_model_features(const tileprop_model *handle)
{
    return handle->model.weights.layers[0].inputs;
}

size_t tileprop_model_classes(const tileprop_model *handle)
{
    return handle->model.schema.class_count;
}

size_t tileprop_model_parameters(const tileprop_model *handle)
{
    return tp_network_parameters(tp_predictor_network(handle->predictor));
}

size_t tileprop_model_layers(const tileprop_model *handle)
{
    return handle->model.weights.layer_count;
}

size_t tileprop_model_units(const tileprop_model *handle, size_t layer)
{
    return layer < handle->model.weights.layer_count ? handle->model.weights.layers[layer].units : 0;
}

const float *tileprop_model_weights(const tileprop_model *handle, size_t layer, const float **bias)
{
    const struct tp_weights *weights = &handle->model.weights;
    const bool there = layer < weights->layer_count;
    *bias = there ? weights->layers[layer].bias : NULL;
    return there ? weights->layers[layer].weight : NULL;
}

const float *tileprop_model_normalization(const tileprop_model *handle, const float **shift)
{
    *shift = handle->model.normalization.shift;
    return handle->model.normalization.scale;
}

const float *tileprop_model_split(const tileprop_model *handle)
{
    return handle->model.normalization.split;
}

const double *tileprop_model_offsets(const tileprop_model *handle)
{
    const struct tp_normalization *normalization = &handle->model.normalization;
    return tp_offsets_any(normalization->offset, normalization->features) ? normalization->offset : NULL;
}

const char *tileprop_model_text(const tileprop_model *handle, const char *key)
{
    return strcmp(key, "activation") == 0  ? tp_model_activation(&handle->model)
           : strcmp(key, "normalize") == 0 ? tp_choice_name(tp_normalize_choices, handle->model.normalize)
           : strcmp(key, "options") == 0   ? handle->model.options
           : strcmp(key, "schema") == 0    ? handle->schema
           : strcmp(key, "mean") == 0      ? handle->mean
                                           : NULL;
}

const char *tileprop_model_class_name(const tileprop_model *handle, size_t class_index)
{
    const struct tp_schema *schema = &handle->model.schema;
    return class_index < schema->class_count ? schema->classes[class_index] : NULL;
}

const char *tileprop_model_feature_name(const tileprop_model *handle, size_t feature)
{
    const struct tp_schema *schema = &handle->model.schema;
    for (size_t c = 0, end = 0; c < schema->column_count; c++) {
        end += schema->columns[c].category_count ? schema->columns[c].category_count : 1;
        if (feature < end)
            return schema->columns[c].name;
    }
    return NULL;
}

const float *tileprop_model_imputed(const tileprop_model *handle)
{
    return handle->model.schema.means;
}

tileprop_status tileprop_model_use_isa(tileprop_model *handle, const char *isa, char *message, size_t size)
{
    struct tp_call call;
    struct tp_predictor *predictor;
    tp_call_begin(&call);
    tileprop_status status = need(handle, isa, "isa", &call.error);
    if (status == TILEPROP_OK)
        status = tp_predictor_create(&predictor, &handle->model, isa, &call.error);
    if (status == TILEPROP_OK) {
        tp_predictor_free(handle->predictor);
        handle->predictor = predictor;
    }
    return tp_call_end(&call, status, message, size);
}

int tileprop_model_verified(const tileprop_model *handle)
{
    return handle->model.verified;
}

uint64_t tileprop_model_hash(const tileprop_model *handle)
{
    return handle->hash;
}

static void predict(const tileprop_model *handle, tileprop_type type, const void *samples, size_t rows,
                    float *probabilities, uint16_t *classes)
{
    const struct tp_dataset set = {.type = type,
                                   .samples = (void *)(uintptr_t)samples, /* never written to */
                                   .count = rows,
                                   .features = tileprop_model_features(handle)};
    const struct tp_predictions to = {.predicted = classes, .probabilities = probabilities};
    tp_predictor_run(handle->predictor, 1, &set, &to, NULL);
}

void tileprop_predict_f32(const tileprop_model *handle, const float *samples, size_t rows, float *probabilities,
                          uint16_t *classes)
{
    predict(handle, TILEPROP_F32, samples, rows, probabilities, classes);
}

void tileprop_predict_u8(const tileprop_model *handle, const uint8_t *samples, size_t rows, float *probabilities,
                         uint16_t *classes)
{
    predict(handle, TILEPROP_U8, samples, rows, probabilities, classes);
}

void tileprop_predict_f64(const tileprop_model *handle, const double *samples, size_t rows, float *probabilities,
                          uint16_t *classes)
{
    predict(handle, TILEPROP_F64, samples, rows, probabilities, classes);
}
