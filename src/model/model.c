#include "model/model.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/json_text.h"
#include "data/choices.h"
#include "data/offsets.h"
#include "model/foreign_layers.h"
#include "model/metadata.h"

#define TP_SHAPE_TEXT  128 /* bytes of a shape in a message */
#define TP_TENSOR_TEXT 256 /* most bytes of a tensor's entry in a header */
#define TP_FORMAT_NAME "tileprop"

/* Values of texts that have another form in memory. */
struct said {
    uint64_t format_version, numerics, classes;
    const char *format, *activation, *normalize, *class_names;
    const char *options; /* as in memory, but not owned */
};

/* All texts except the schema, which not every model has. */
struct texts {
    struct tp_metadata all[15];
};

static struct texts list_texts(struct tp_model *model, struct said *said)
{
    return (struct texts){{{"format", TP_METADATA_TEXT, &said->format},
                           {"format_version", TP_METADATA_COUNT, &said->format_version},
                           {"numerics_version", TP_METADATA_COUNT, &said->numerics},
                           {"activation", TP_METADATA_TEXT, &said->activation},
                           {"normalize", TP_METADATA_TEXT, &said->normalize},
                           {"mean", TP_METADATA_REAL, &model->normalization.mean},
                           {"deviation", TP_METADATA_REAL, &model->normalization.deviation},
                           {"classes", TP_METADATA_COUNT, &said->classes},
                           {"class_names", TP_METADATA_TEXT, &said->class_names},
                           {"options", TP_METADATA_TEXT, &said->options},
                           {"data_fingerprint", TP_METADATA_HASH, &model->fingerprint},
                           {"step", TP_METADATA_COUNT, &model->step},
                           {"validation_loss", TP_METADATA_REAL, &model->validation.loss},
                           {"validation_accuracy", TP_METADATA_REAL, &model->validation.accuracy},
                           {"validation_samples", TP_METADATA_COUNT, &model->validation.count}}};
}

static tileprop_status find_offset(const struct tp_safetensors *read, size_t features,
                                   struct tp_normalization *normalization, size_t *known, struct tp_error *error)
{
    const struct tp_tensor *tensor = tp_safetensors_find(read, "input.offset");
    if (!tensor)
        return TILEPROP_OK;
    if (strcmp(tensor->type, "F64") != 0 || tensor->dimensions != 1 || tensor->shape[0] != features)
        return tp_tensor_fail(read, tensor, error, "F64 [%zu], one for each input", features);
    memcpy(normalization->offset, tensor->bytes, tensor->size);
    for (size_t i = 0; i < features; i++)
        if (!(fabs(normalization->offset[i]) <= (double)FLT_MAX))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: input.offset[%zu]: expected a magnitude of at most %g, found %g", read->file.path, i,
                           (double)FLT_MAX, normalization->offset[i]);
    ++*known;
    return TILEPROP_OK;
}

/* Older files have no input.split: no feature is split. */
static tileprop_status find_normalization(const struct tp_safetensors *read, size_t features,
                                          struct tp_normalization *normalization, size_t *known, struct tp_error *error)
{
    const double mean = normalization->mean, deviation = normalization->deviation; /* read before, from texts */
    tileprop_status status = tp_normalization_make(normalization, features, error);
    normalization->mean = mean;
    normalization->deviation = deviation;
    const struct {
        const char *name;
        float *values;
    } all[] = {{"input.scale", normalization->scale},
               {"input.shift", normalization->shift},
               {"input.split", normalization->split}};
    for (int i = 0; i < 3 && status == TILEPROP_OK; i++) {
        const struct tp_tensor *tensor = tp_safetensors_find(read, all[i].name);
        if (!tensor && all[i].values == normalization->split)
            continue;
        if (!tensor)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: missing tensor %s", read->file.path, all[i].name);
        if (strcmp(tensor->type, "F32") != 0 || tensor->dimensions != 1 || tensor->shape[0] != features)
            return tp_tensor_fail(read, tensor, error, "F32 [%zu], one for each input", features);
        status = tp_tensor_copy(read, tensor, all[i].values, error);
        ++*known;
    }
    if (status == TILEPROP_OK)
        status = find_offset(read, features, normalization, known, error);
    for (size_t i = 0; i < features && status == TILEPROP_OK; i++)
        if (normalization->split[i] != 0 && normalization->split[i] != 1)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: input.split[%zu]: expected 0 or 1, found %g",
                           read->file.path, i, (double)normalization->split[i]);
    if (status == TILEPROP_OK)
        tp_normalization_settle(normalization);
    return status;
}

/* What `train` writes besides the layers. */
static tileprop_status find_description(const struct tp_safetensors *read, struct tp_model *model, size_t *known,
                                        struct tp_error *error)
{
    const size_t inputs = model->weights.layers[0].inputs;
    const size_t classes = model->weights.layers[model->weights.layer_count - 1].units;
    const char *path = read->file.path;
    struct said said;
    int activation = 0;
    const struct texts texts = list_texts(model, &said);
    const size_t first = 2; /* texts, read before the others: they show whether this version knows the format */
    tileprop_status status = tp_metadata_read(read, texts.all, first, error);
    if (status == TILEPROP_OK && said.format_version > TP_MODEL_FORMAT)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: __metadata__: format_version: expected at most %d, found %" PRIu64
                       ": a newer tileprop wrote it",
                       path, TP_MODEL_FORMAT, said.format_version);
    if (status == TILEPROP_OK)
        status = tp_metadata_read(read, texts.all + first, sizeof texts / sizeof *texts.all - first, error);
    if (status == TILEPROP_OK)
        status = tp_metadata_choose(read, "activation", tp_activation_choices, &activation, error);
    if (status == TILEPROP_OK)
        status = tp_metadata_choose(read, "normalize", tp_normalize_choices, &model->normalize, error);
    if (status == TILEPROP_OK && (said.classes != classes || classes > TP_CLASSES_MAX))
        return tp_fail(
            error, TILEPROP_BAD_INPUT,
            "%s: __metadata__: classes: expected %zu, the units of the last layer, and at most %d, found %" PRIu64,
            path, classes, TP_CLASSES_MAX, said.classes);
    if (status == TILEPROP_OK)
        status = tp_schema_text_read(&model->schema, tp_safetensors_text(read, "schema"), inputs, path, error);
    if (status == TILEPROP_OK)
        status = tp_schema_text_read_classes(&model->schema, said.class_names, classes, path, error);
    if (status == TILEPROP_OK)
        status = find_normalization(read, inputs, &model->normalization, known, error);
    if (status != TILEPROP_OK)
        return status;
    model->activation = (tileprop_activation)activation;
    model->numerics = said.numerics;
    model->options = strdup(said.options);
    model->described = true;
    return model->options ? TILEPROP_OK : tp_fail_memory(error, path, "a model");
}

tileprop_status tp_model_take(struct tp_model *model, const struct tp_safetensors *read, struct tp_error *error)
{
    const char *format = tp_safetensors_text(read, "format");
    const bool own = format && strcmp(format, TP_FORMAT_NAME) == 0;
    struct tp_layer_tensors layers[TP_LAYERS_MAX];
    size_t known = 0;
    *model = (struct tp_model){.verified = tp_safetensors_text(read, TP_CHECKSUM_KEY)};
    tileprop_status status = own ? tp_layers_find(read, "", &model->weights, layers, &known, error)
                                 : tp_foreign_layers_find(read, &model->weights, layers, error);
    if (status == TILEPROP_OK && own)
        status = find_description(read, model, &known, error);
    for (size_t i = 0; model->described && i < read->count; i++)
        known += strncmp(read->tensors[i].name, TP_RUN_PREFIX, strlen(TP_RUN_PREFIX)) == 0;
    if (status == TILEPROP_OK && own && known != read->count)
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected %zu tensors, found %zu: a weight and optionally a bias for each of the layers 0 "
                         "to %zu, input.scale, input.shift and optionally input.offset and input.split",
                         read->file.path, known, read->count, model->weights.layer_count - 1);
    if (status == TILEPROP_OK)
        status = tp_layers_copy(read, layers, &model->weights, error);
    if (status != TILEPROP_OK)
        tp_model_free(model);
    return status;
}

tileprop_status tp_model_parse(struct tp_model *model, struct tp_file *file, struct tp_error *error)
{
    struct tp_safetensors read;
    *model = (struct tp_model){0};
    tileprop_status status = tp_safetensors_parse(&read, file, error);
    if (status == TILEPROP_OK)
        status = tp_model_take(model, &read, error);
    tp_safetensors_free(&read);
    return status;
}

tileprop_status tp_model_read(struct tp_model *model, const char *path, struct tp_error *error)
{
    struct tp_file file;
    *model = (struct tp_model){0};
    const tileprop_status status = tp_file_read(&file, path, error);
    return status == TILEPROP_OK ? tp_model_parse(model, &file, error) : status;
}

const char *tp_model_activation(const struct tp_model *model)
{
    return model->activation == TILEPROP_LECUN_TANH ? "lecun-tanh"
                                                    : tp_choice_name(tp_activation_choices, (int)model->activation);
}

void tp_model_free(struct tp_model *model)
{
    tp_weights_free(&model->weights);
    tp_normalization_free(&model->normalization);
    tp_schema_free(&model->schema);
    free(model->options);
    *model = (struct tp_model){0};
}

/* The texts; NULL if out of memory. */
static json_t *describe(const struct tp_model *model)
{
    struct tp_model copy = *model; /* list_texts() needs a non-const model */
    json_t *all = json_object();
    char *names = tp_schema_text_write_classes(&model->schema);
    struct said said = {.format = TP_FORMAT_NAME,
                        .format_version = TP_MODEL_FORMAT,
                        .numerics = TP_NUMERICS_VERSION,
                        .activation = tp_model_activation(model),
                        .normalize = tp_choice_name(tp_normalize_choices, model->normalize),
                        .classes = model->schema.class_count,
                        .class_names = names,
                        .options = model->options};
    const struct texts texts = list_texts(&copy, &said);
    tp_metadata_write(&all, texts.all, sizeof texts / sizeof *texts.all);
    free(names);
    if (tp_schema_says(&model->schema)) {
        char *schema = tp_schema_text_write(&model->schema);
        tp_json_text_set(&all, "schema", json_string(schema));
        free(schema);
    }
    return all;
}

/* Whether all names are UTF-8; true if out of memory. */
static bool is_utf8(const struct tp_schema *schema)
{
    errno = 0;
    char *classes = tp_schema_text_write_classes(schema), *columns = classes ? tp_schema_text_write(schema) : NULL;
    const bool good = columns || errno == ENOMEM;
    free(classes);
    free(columns);
    return good;
}

tileprop_status tp_model_check(const struct tp_model *model, const char *path, struct tp_error *error)
{
    const size_t most = TP_SAFETENSORS_HEADER_MAX - (size_t)TP_TENSORS_MAX * TP_TENSOR_TEXT;
    json_t *texts = describe(model);
    const size_t size = json_dumpb(texts, NULL, 0, JSON_COMPACT); /* 0 if that fails */
    json_decref(texts);
    if (size == 0 && !is_utf8(&model->schema))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected names in UTF-8, found other bytes", path);
    if (size == 0)
        return tp_fail_memory(error, path, "a model");
    return size <= most
               ? TILEPROP_OK
               : tp_fail(
                     error, TILEPROP_BAD_INPUT,
                     "%s: expected names and categories of at most %zu bytes, which a model's file can hold, found %zu",
                     path, most, size);
}

struct tp_tensor_list *tp_model_list(const struct tp_model *model)
{
    const struct tp_normalization *inputs = &model->normalization;
    struct tp_tensor_list *list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->texts = describe(model);
    if (tp_offsets_any(inputs->offset, inputs->features)) /* first, where doubles are aligned */
        tp_tensor_list_vector(list, "input.offset", "F64", inputs->features, sizeof(double), inputs->offset);
    tp_tensor_list_layers(list, "", &model->weights);
    tp_tensor_list_vector(list, "input.scale", "F32", inputs->features, sizeof(float), inputs->scale);
    tp_tensor_list_vector(list, "input.shift", "F32", inputs->features, sizeof(float), inputs->shift);
    tp_tensor_list_vector(list, "input.split", "F32", inputs->features, sizeof(float), inputs->split);
    return list;
}

tileprop_status tp_model_write(const struct tp_model *model, struct tp_safe_file *out, struct tp_error *error)
{
    return tp_tensor_list_write(tp_model_list(model), out, error);
}

static void hash_zeros(XXH3_state_t *state, size_t floats)
{
    static const float zeros[1024];
    const size_t most = sizeof zeros / sizeof *zeros;
    for (; floats > most; floats -= most)
        XXH3_64bits_update(state, zeros, sizeof zeros);
    XXH3_64bits_update(state, zeros, floats * sizeof *zeros);
}

/* Hashes sparse samples as if they were dense. */
static void hash_sparse(XXH3_state_t *state, const struct tp_dataset *dataset)
{
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        size_t next = 0;
        for (size_t k = 0; k < row.count; k++) {
            hash_zeros(state, tp_row_feature(&row, k) - next);
            XXH3_64bits_update(state, &row.values[k], sizeof *row.values);
            next = tp_row_feature(&row, k) + 1;
        }
        hash_zeros(state, dataset->features - next);
    }
}

tileprop_status tp_model_fingerprint(const struct tp_dataset *dataset, uint64_t *fingerprint, struct tp_error *error)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return tp_fail_memory(error, NULL, "hashing the data");
    XXH3_64bits_reset_withSeed(state, dataset->features);
    if (dataset->type == TILEPROP_CSR)
        hash_sparse(state, dataset);
    else
        XXH3_64bits_update(state, dataset->samples, tp_dataset_bytes(dataset));
    *fingerprint =
        XXH3_64bits_withSeed(dataset->labels, dataset->count * sizeof *dataset->labels, XXH3_64bits_digest(state));
    XXH3_freeState(state);
    if (dataset->sample_weights)
        *fingerprint = XXH3_64bits_withSeed(dataset->sample_weights, dataset->count * sizeof *dataset->sample_weights,
                                            *fingerprint);
    return TILEPROP_OK;
}

/* "784-64-10" */
static void describe_layers(const struct tp_weights *weights, char text[TP_SHAPE_TEXT])
{
    int length = snprintf(text, TP_SHAPE_TEXT, "%zu", weights->layers[0].inputs);
    for (size_t l = 0; l < weights->layer_count && length < TP_SHAPE_TEXT; l++)
        length += snprintf(text + length, TP_SHAPE_TEXT - (size_t)length, "-%zu", weights->layers[l].units);
}

tileprop_status tp_model_check_start(const struct tp_model *model, const char *place, const tileprop_options *options,
                                     size_t features, size_t classes, struct tp_error *error)
{
    const struct tp_weights *has = &model->weights;
    struct tp_network network;
    struct tp_weights wanted;
    tileprop_status status = tp_network_shape(&network, options, features, classes, 1, error);
    if (status == TILEPROP_OK)
        tp_weights_shape(&wanted, &network);
    tp_network_free(&network);
    if (status != TILEPROP_OK)
        return status;

    char found[TP_SHAPE_TEXT], expected[TP_SHAPE_TEXT];
    describe_layers(has, found);
    describe_layers(&wanted, expected);
    if (has->layers[0].inputs != features || has->layers[has->layer_count - 1].units != classes)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected %zu inputs and %zu classes as in the data, found layers %s", place, features,
                       classes, found);
    bool same = has->layer_count == wanted.layer_count;
    for (size_t l = 0; same && l < has->layer_count; l++)
        same = has->layers[l].units == wanted.layers[l].units;
    if (!same)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected layers %s, found %s; --hidden must match", place, expected,
                       found);
    const char *activation = tp_choice_name(tp_activation_choices, (int)model->activation);
    if (model->described && has->layer_count > 1 && model->activation != options->activation)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected activation %s, found %s; use --activation %s", place,
                       tp_choice_name(tp_activation_choices, (int)options->activation), activation, activation);
    size_t biased = 0; /* layers up to the last one with biases */
    for (size_t l = 0; l < has->layer_count; l++)
        biased = has->layers[l].has_bias ? l + 1 : biased;
    if (biased && !wanted.layers[biased - 1].has_bias)
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: layer %zu (from 0): expected no biases with --bias %s, found some; use --bias %s", place,
                       biased - 1, options->bias == TILEPROP_BIAS_NONE ? "none" : "input",
                       biased > 1 ? "all" : "input");
    return TILEPROP_OK;
}
