#include "model.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "json_text.h"
#include "safetensors.h"
#include "schema_text.h"

#define TP_CLASSES_MOST 65536 /* what a label can tell apart */
#define TP_SHAPE_TEXT   128   /* bytes of a shape in a message */
#define TP_TENSORS_MOST (2 * TP_LAYERS_MAX + 2)
#define TP_NAME_MOST    40
#define TP_TENSOR_TEXT  256 /* bytes of what a header says of a tensor, at most */
#define TP_FORMAT_NAME  "tileprop"

static const char *const activations[] = {[TP_SIGMOID] = "sigmoid",
                                          [TP_LECUN_TANH] = "lecun-tanh",
                                          [TP_TANH] = "tanh",
                                          [TP_RELU] = "relu",
                                          [TP_ACTIVATION_COUNT] = NULL};

static const char *const normalizations[] = {[TP_NORMALIZE_GLOBAL] = "global",
                                             [TP_NORMALIZE_FEATURE] = "feature",
                                             [TP_NORMALIZE_UNIT] = "unit",
                                             [TP_NORMALIZE_NONE] = "none",
                                             NULL};

static enum tp_status fail_memory(const char *path, struct tp_error *error)
{
    return tp_fail(error, TP_FAILURE, "%s: out of memory for a model", path);
}

static enum tp_status fail_tensor(const struct tp_safetensors *read, const struct tp_tensor *tensor,
                                  const char *expected, struct tp_error *error)
{
    char shape[TP_SHAPE_TEXT];
    tp_tensor_describe(tensor, shape, sizeof shape);
    return tp_fail(error, TP_BAD_INPUT, "%s: %s: found %s, expected %s", read->file.path, tensor->name, shape,
                   expected);
}

/* Layers as they follow each other; *known counts the tensors that belong to them. */
static enum tp_status find_layers(const struct tp_safetensors *read, struct tp_weights *weights,
                                  size_t *known, struct tp_error *error)
{
    for (size_t l = 0; l <= TP_LAYERS_MAX; l++) {
        char name[TP_NAME_MOST], expected[TP_SHAPE_TEXT];
        snprintf(name, sizeof name, "layers.%zu.weight", l);
        const struct tp_tensor *weight = tp_safetensors_find(read, name);
        snprintf(name, sizeof name, "layers.%zu.bias", l);
        const struct tp_tensor *bias = tp_safetensors_find(read, name);
        if (!weight)
            break;
        if (l == TP_LAYERS_MAX)
            return tp_fail(error, TP_BAD_INPUT, "%s: %s: expected at most %d layers", read->file.path,
                           weight->name, TP_LAYERS_MAX);
        const size_t inputs = l ? weights->layers[l - 1].units : weight->shape[1];
        snprintf(expected, sizeof expected,
                 l ? "F32 [units, %zu], as many inputs as the layer before has units" : "F32 [units, inputs]",
                 inputs);
        if (strcmp(weight->type, "F32") != 0 || weight->dimensions != 2 || weight->shape[0] == 0 ||
            weight->shape[1] == 0 || weight->shape[1] != inputs)
            return fail_tensor(read, weight, expected, error);
        snprintf(expected, sizeof expected, "F32 [%zu], as many as the layer has units", weight->shape[0]);
        if (bias &&
            (strcmp(bias->type, "F32") != 0 || bias->dimensions != 1 || bias->shape[0] != weight->shape[0]))
            return fail_tensor(read, bias, expected, error);
        tp_weights_add(weights, inputs, weight->shape[0], bias);
        *known += bias ? 2 : 1;
    }
    if (weights->layer_count == 0)
        return tp_fail(error, TP_BAD_INPUT, "%s: no tensor layers.0.weight found, expected one",
                       read->file.path);
    return TP_OK;
}

/* Copies a tensor of fp32, which may lie on any byte. */
static enum tp_status copy(const struct tp_safetensors *read, const char *name, float *values,
                           struct tp_error *error)
{
    const struct tp_tensor *tensor = tp_safetensors_find(read, name);
    memcpy(values, tensor->bytes, tensor->size);
    for (size_t i = 0; i < tensor->size / sizeof *values; i++)
        if (!isfinite(values[i]))
            return tp_fail(error, TP_BAD_INPUT, "%s: %s: value %zu is not finite, expected finite ones",
                           read->file.path, name, i);
    return TP_OK;
}

static enum tp_status copy_layers(const struct tp_safetensors *read, struct tp_weights *weights,
                                  struct tp_error *error)
{
    enum tp_status status = tp_weights_allocate(weights, error);
    for (size_t l = 0; l < weights->layer_count && status == TP_OK; l++) {
        char name[TP_NAME_MOST];
        snprintf(name, sizeof name, "layers.%zu.weight", l);
        status = copy(read, name, weights->layers[l].weight, error);
        snprintf(name, sizeof name, "layers.%zu.bias", l);
        if (status == TP_OK && weights->layers[l].has_bias)
            status = copy(read, name, weights->layers[l].bias, error);
    }
    return status;
}

static enum tp_status find_text(const struct tp_safetensors *read, const char *key, const char **text,
                                struct tp_error *error)
{
    *text = tp_safetensors_text(read, key);
    return *text ? TP_OK
                 : tp_fail(error, TP_BAD_INPUT, "%s: __metadata__: no %s found, expected one",
                           read->file.path, key);
}

static enum tp_status find_choice(const struct tp_safetensors *read, const char *key,
                                  const char *const *names, int first, int *choice, struct tp_error *error)
{
    const char *text;
    enum tp_status status = find_text(read, key, &text, error);
    for (int i = first; status == TP_OK && names[i]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *choice = i;
            return TP_OK;
        }
    }
    return status ? status
                  : tp_fail(error, TP_BAD_INPUT, "%s: __metadata__: %s: found none that this version knows",
                            read->file.path, key);
}

/* base 10 or 16, digits alone */
static enum tp_status find_count(const struct tp_safetensors *read, const char *key, int base,
                                 uint64_t *count, struct tp_error *error)
{
    const char *text;
    enum tp_status status = find_text(read, key, &text, error);
    if (status != TP_OK)
        return status;
    errno = 0;
    *count = strtoull(text, NULL, base);
    if (errno || !*text || text[strspn(text, base == 16 ? "0123456789abcdef" : "0123456789")])
        return tp_fail(error, TP_BAD_INPUT, "%s: __metadata__: %s: expected %s number", read->file.path, key,
                       base == 16 ? "a hexadecimal" : "an integer");
    return TP_OK;
}

static enum tp_status find_real(const struct tp_safetensors *read, const char *key, double *value,
                                struct tp_error *error)
{
    const char *text;
    enum tp_status status = find_text(read, key, &text, error);
    if (status != TP_OK)
        return status;
    char *end;
    *value = strtod(text, &end);
    return *text && !*end && isfinite(*value)
               ? TP_OK
               : tp_fail(error, TP_BAD_INPUT, "%s: __metadata__: %s: expected a finite number",
                         read->file.path, key);
}

static enum tp_status find_class_names(const struct tp_safetensors *read, size_t classes, json_t **names,
                                       struct tp_error *error)
{
    const char *text;
    enum tp_status status = find_text(read, "class_names", &text, error);
    if (status != TP_OK)
        return status;
    *names = tp_json_text_read(text, strlen(text), 0, NULL);
    if (!*names && errno == ENOMEM)
        return fail_memory(read->file.path, error);
    bool good = json_is_array(*names) && json_array_size(*names) == classes;
    for (size_t k = 0; good && k < classes; k++)
        good = json_is_string(json_array_get(*names, k));
    return good ? TP_OK
                : tp_fail(error, TP_BAD_INPUT, "%s: __metadata__: class_names: expected a list of %zu texts",
                          read->file.path, classes);
}

/* Of inputs whose columns nobody has described, it says how many there are. */
static enum tp_status find_schema(const struct tp_safetensors *read, const json_t *class_names,
                                  size_t features, struct tp_schema *schema, struct tp_error *error)
{
    const char *path = read->file.path, *text = tp_safetensors_text(read, "schema");
    const size_t classes = json_array_size(class_names);
    *schema = (struct tp_schema){.features = features};
    const enum tp_status status = text ? tp_schema_text_read(schema, text, features, path, error) : TP_OK;
    if (status != TP_OK)
        return status;
    schema->classes = calloc(classes, sizeof *schema->classes);
    if (!schema->classes)
        return fail_memory(path, error);
    for (; schema->class_count < classes; schema->class_count++) {
        char *name = strdup(json_string_value(json_array_get(class_names, schema->class_count)));
        if (!name)
            return fail_memory(path, error);
        schema->classes[schema->class_count] = name;
    }
    return TP_OK;
}

static enum tp_status find_normalization(const struct tp_safetensors *read, size_t features,
                                         struct tp_normalization *normalization, size_t *known,
                                         struct tp_error *error)
{
    static const char *const names[] = {"input.scale", "input.shift"};
    float **const values[] = {&normalization->scale, &normalization->shift};
    enum tp_status status = TP_OK;
    normalization->features = features;
    for (int i = 0; i < 2 && status == TP_OK; i++) {
        const struct tp_tensor *tensor = tp_safetensors_find(read, names[i]);
        char expected[TP_SHAPE_TEXT];
        snprintf(expected, sizeof expected, "F32 [%zu], one for each input", features);
        if (!tensor)
            return tp_fail(error, TP_BAD_INPUT, "%s: no tensor %s found, expected one", read->file.path,
                           names[i]);
        if (strcmp(tensor->type, "F32") != 0 || tensor->dimensions != 1 || tensor->shape[0] != features)
            return fail_tensor(read, tensor, expected, error);
        *values[i] = malloc(tensor->size);
        if (!*values[i])
            return fail_memory(read->file.path, error);
        status = copy(read, names[i], *values[i], error);
        ++*known;
    }
    if (status == TP_OK)
        status = find_real(read, "mean", &normalization->mean, error);
    if (status == TP_OK)
        status = find_real(read, "deviation", &normalization->deviation, error);
    return status;
}

/* What `train` writes besides the layers. */
static enum tp_status find_description(const struct tp_safetensors *read, struct tp_model *model,
                                       size_t *known, struct tp_error *error)
{
    const size_t classes = model->weights.layers[model->weights.layer_count - 1].units;
    const char *options = NULL;
    uint64_t format = 0, said = 0, step = 0, samples = 0;
    int activation = 0, normalize = 0;
    enum tp_status status = find_count(read, "format_version", 10, &format, error);
    if (status == TP_OK && format > TP_MODEL_FORMAT)
        return tp_fail(error, TP_BAD_INPUT,
                       "%s: __metadata__: format_version: found %" PRIu64
                       ", expected at most %d: a newer tileprop wrote it",
                       read->file.path, format, TP_MODEL_FORMAT);
    if (status == TP_OK)
        status = find_choice(read, "activation", activations, TP_SIGMOID, &activation, error);
    if (status == TP_OK)
        status = find_choice(read, "normalize", normalizations, 0, &normalize, error);
    if (status == TP_OK)
        status = find_count(read, "classes", 10, &said, error);
    if (status == TP_OK && (said != classes || classes > TP_CLASSES_MOST))
        return tp_fail(error, TP_BAD_INPUT,
                       "%s: __metadata__: classes: found %" PRIu64
                       ", expected %zu, as the last layer has units, and at most %d",
                       read->file.path, said, classes, TP_CLASSES_MOST);
    if (status == TP_OK)
        status = find_class_names(read, classes, &model->class_names, error);
    if (status == TP_OK)
        status =
            find_schema(read, model->class_names, model->weights.layers[0].inputs, &model->schema, error);
    if (status == TP_OK)
        status = find_text(read, "options", &options, error);
    if (status == TP_OK)
        status = find_count(read, "data_fingerprint", 16, &model->fingerprint, error);
    if (status == TP_OK)
        status = find_count(read, "step", 10, &step, error);
    if (status == TP_OK)
        status = find_count(read, "validation_samples", 10, &samples, error);
    if (status == TP_OK)
        status = find_real(read, "validation_loss", &model->validation.loss, error);
    if (status == TP_OK)
        status = find_real(read, "validation_accuracy", &model->validation.accuracy, error);
    if (status == TP_OK)
        status =
            find_normalization(read, model->weights.layers[0].inputs, &model->normalization, known, error);
    if (status != TP_OK)
        return status;
    model->activation = (enum tp_activation)activation;
    model->normalize = (enum tp_normalize)normalize;
    model->step = (size_t)step;
    model->validation.count = (size_t)samples;
    model->options = strdup(options);
    model->described = true;
    return model->options ? TP_OK : fail_memory(read->file.path, error);
}

static enum tp_status parse(const struct tp_safetensors *read, struct tp_model *model, struct tp_error *error)
{
    const char *format = tp_safetensors_text(read, "format");
    size_t known = 0;
    enum tp_status status = find_layers(read, &model->weights, &known, error);
    if (status == TP_OK && format && strcmp(format, TP_FORMAT_NAME) == 0)
        status = find_description(read, model, &known, error);
    if (status == TP_OK && known != read->count)
        status = tp_fail(error, TP_BAD_INPUT,
                         "%s: %zu tensors found, expected %zu: a weight and perhaps a bias for each of the "
                         "layers 0 to %zu%s",
                         read->file.path, read->count, known, model->weights.layer_count - 1,
                         model->described ? ", input.scale and input.shift" : "");
    return status == TP_OK ? copy_layers(read, &model->weights, error) : status;
}

static enum tp_status finish(struct tp_model *model, struct tp_safetensors *read, struct tp_error *error)
{
    const enum tp_status status = parse(read, model, error);
    tp_safetensors_free(read);
    if (status != TP_OK)
        tp_model_free(model);
    return status;
}

enum tp_status tp_model_parse(struct tp_model *model, struct tp_file *file, struct tp_error *error)
{
    struct tp_safetensors read;
    *model = (struct tp_model){0};
    const enum tp_status status = tp_safetensors_parse(&read, file, error);
    return status == TP_OK ? finish(model, &read, error) : status;
}

enum tp_status tp_model_read(struct tp_model *model, const char *path, struct tp_error *error)
{
    struct tp_safetensors read;
    *model = (struct tp_model){0};
    const enum tp_status status = tp_safetensors_read(&read, path, error);
    return status == TP_OK ? finish(model, &read, error) : status;
}

void tp_model_free(struct tp_model *model)
{
    tp_weights_free(&model->weights);
    tp_normalization_free(&model->normalization);
    json_decref(model->class_names);
    tp_schema_free(&model->schema);
    free(model->options);
    *model = (struct tp_model){0};
}

json_t *tp_model_number_classes(size_t classes)
{
    json_t *names = json_array();
    for (size_t k = 0; k < classes; k++)
        if (json_array_append_new(names, json_sprintf("%zu", k)) != 0) {
            json_decref(names);
            return NULL;
        }
    return names;
}

static json_t *describe(const struct tp_model *model)
{
    json_t *texts = json_object();
    char *names = tp_json_text_write(model->class_names, JSON_COMPACT);
    const struct {
        const char *key;
        json_t *text;
    } all[] = {
        {"format", json_string(TP_FORMAT_NAME)},
        {"format_version", json_sprintf("%d", TP_MODEL_FORMAT)},
        {"numerics_version", json_sprintf("%d", TP_NUMERICS_VERSION)},
        {"activation", json_string(activations[model->activation])},
        {"normalize", json_string(normalizations[model->normalize])},
        {"mean", json_sprintf("%.17g", model->normalization.mean)},
        {"deviation", json_sprintf("%.17g", model->normalization.deviation)},
        {"classes", json_sprintf("%zu", json_array_size(model->class_names))},
        {"class_names", json_string(names)},
        {"options", json_string(model->options)},
        {"data_fingerprint", json_sprintf("%016" PRIx64, model->fingerprint)},
        {"step", json_sprintf("%zu", model->step)},
        {"validation_loss", json_sprintf("%.17g", model->validation.loss)},
        {"validation_accuracy", json_sprintf("%.17g", model->validation.accuracy)},
        {"validation_samples", json_sprintf("%zu", model->validation.count)},
    };
    bool failed = false;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        failed |= json_object_set_new(texts, all[i].key, all[i].text) != 0;
    free(names);
    if (model->schema.column_count || model->schema.means) {
        char *schema = tp_schema_text_write(&model->schema);
        failed |= json_object_set_new(texts, "schema", json_string(schema)) != 0;
        free(schema);
    }
    if (!failed)
        return texts;
    json_decref(texts);
    return NULL;
}

enum tp_status tp_model_check(const struct tp_model *model, const char *path, struct tp_error *error)
{
    const size_t most = TP_SAFETENSORS_HEADER_MOST - (size_t)TP_TENSORS_MOST * TP_TENSOR_TEXT;
    json_t *texts = describe(model);
    char *text = texts ? tp_json_text_write(texts, JSON_COMPACT) : NULL;
    const size_t size = text ? strlen(text) : 0;
    json_decref(texts);
    free(text);
    if (size == 0)
        return fail_memory(path, error);
    return size <= most
               ? TP_OK
               : tp_fail(error, TP_BAD_INPUT,
                         "%s: names and categories of %zu bytes found, expected at most %zu, which a "
                         "model's file can hold",
                         path, size, most);
}

enum tp_status tp_model_write(const struct tp_model *model, struct tp_safe_file *out, struct tp_error *error)
{
    struct tp_tensor tensors[TP_TENSORS_MOST];
    char names[TP_TENSORS_MOST][TP_NAME_MOST];
    const size_t features = model->normalization.features;
    size_t count = 0;
    for (size_t l = 0; l < model->weights.layer_count; l++) {
        const struct tp_weights_layer *layer = &model->weights.layers[l];
        snprintf(names[count], sizeof names[count], "layers.%zu.weight", l);
        tensors[count++] = (struct tp_tensor){.type = "F32",
                                              .dimensions = 2,
                                              .shape = {layer->units, layer->inputs},
                                              .bytes = layer->weight,
                                              .size = layer->units * layer->inputs * sizeof(float)};
        if (!layer->has_bias)
            continue;
        snprintf(names[count], sizeof names[count], "layers.%zu.bias", l);
        tensors[count++] = (struct tp_tensor){.type = "F32",
                                              .dimensions = 1,
                                              .shape = {layer->units},
                                              .bytes = layer->bias,
                                              .size = layer->units * sizeof(float)};
    }
    for (int i = 0; i < 2; i++) {
        snprintf(names[count], sizeof names[count], i ? "input.shift" : "input.scale");
        tensors[count++] =
            (struct tp_tensor){.type = "F32",
                               .dimensions = 1,
                               .shape = {features},
                               .bytes = i ? model->normalization.shift : model->normalization.scale,
                               .size = features * sizeof(float)};
    }
    for (size_t i = 0; i < count; i++)
        tensors[i].name = names[i];
    json_t *texts = describe(model);
    if (!texts)
        return fail_memory(out->path, error);
    enum tp_status status = tp_safetensors_write(out, tensors, count, texts, error);
    json_decref(texts);
    return status;
}

uint64_t tp_model_fingerprint(const struct tp_dataset *dataset)
{
    const uint64_t samples = XXH3_64bits_withSeed(
        dataset->samples, dataset->count * tp_dataset_sample_size(dataset), dataset->features);
    return XXH3_64bits_withSeed(dataset->labels, dataset->count * sizeof *dataset->labels, samples);
}

/* "784-64-10" */
static void describe_layers(const struct tp_weights *weights, char text[TP_SHAPE_TEXT])
{
    int length = snprintf(text, TP_SHAPE_TEXT, "%zu", weights->layers[0].inputs);
    for (size_t l = 0; l < weights->layer_count && length < TP_SHAPE_TEXT; l++)
        length += snprintf(text + length, TP_SHAPE_TEXT - (size_t)length, "-%zu", weights->layers[l].units);
}

enum tp_status tp_model_starts(const struct tp_model *model, const char *path,
                               const struct tp_train_options *options, size_t features, size_t classes,
                               struct tp_error *error)
{
    const struct tp_weights *has = &model->weights;
    struct tp_network network;
    struct tp_weights wanted;
    enum tp_status status = tp_network_shape(&network, options, features, classes, 1, error);
    if (status == TP_OK)
        tp_weights_shape(&wanted, &network);
    tp_network_free(&network);
    if (status != TP_OK)
        return status;

    char found[TP_SHAPE_TEXT], expected[TP_SHAPE_TEXT];
    describe_layers(has, found);
    describe_layers(&wanted, expected);
    if (has->layers[0].inputs != features || has->layers[has->layer_count - 1].units != classes)
        return tp_fail(
            error, TP_BAD_INPUT,
            "--init-from: %s: layers %s found, expected %zu inputs and %zu classes, as the data have", path,
            found, features, classes);
    bool same = has->layer_count == wanted.layer_count;
    for (size_t l = 0; same && l < has->layer_count; l++)
        same = has->layers[l].units == wanted.layers[l].units;
    if (!same)
        return tp_fail(error, TP_USAGE,
                       "--init-from: %s: layers %s found, expected %s; --hidden is to say the same", path,
                       found, expected);
    if (model->described && has->layer_count > 1 && model->activation != options->activation)
        return tp_fail(
            error, TP_USAGE, "--init-from: %s: activation %s found, expected %s; use --activation %s", path,
            activations[model->activation], activations[options->activation], activations[model->activation]);
    size_t biased = 0; /* layers up to the last one with biases */
    for (size_t l = 0; l < has->layer_count; l++)
        biased = has->layers[l].has_bias ? l + 1 : biased;
    if (biased && !wanted.layers[biased - 1].has_bias)
        return tp_fail(error, TP_USAGE,
                       "--init-from: %s: layers.%zu.bias found, which --bias %s cannot hold; use --bias %s",
                       path, biased - 1, options->bias == TP_BIAS_NONE ? "none" : "input",
                       biased > 1 ? "all" : "input");
    return TP_OK;
}
