/* Models: writing, reading, refusing, and whether a run can start with them. */
#include "model/model.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "data/choices.h"
#include "kernels/tiers.h"
#include "model/checkpoint.h"
#include "tests/check.h"
#include "tests/options.h"
#include "tests/scratch.h"

#define INPUTS  5
#define CLASSES 3
#define MEMBERS 3
#define TENSORS 8 /* at most, of any file here */

/* A network with random weights, cut among members. */
struct made {
    tileprop_options options;
    struct tp_network network;
    struct tp_arena arenas[MEMBERS];
    struct tp_weights weights;
};

static tileprop_options options_with(int bias)
{
    tileprop_options options = options_default();
    options.hidden[0] = 40;
    options.hidden[1] = 17;
    options.hidden_count = 2;
    options.bias = bias;
    return options;
}

static void place(struct made *made)
{
    struct tp_error error = {""};
    if (tp_network_shape(&made->network, &made->options, INPUTS, CLASSES, MEMBERS, &error))
        fail_msg("%s", error.text);
    for (size_t m = 0; m < MEMBERS; m++) {
        struct tp_arena size = tp_arena_measure();
        tp_network_layout(&made->network, m, &size);
        if (tp_arena_create(&made->arenas[m], size.used, &error))
            fail_msg("%s", error.text);
        tp_network_layout(&made->network, m, &made->arenas[m]);
    }
}

static void make(struct made *made, int bias)
{
    struct tp_error error = {""};
    *made = (struct made){.options = options_with(bias)};
    place(made);
    for (size_t m = 0; m < MEMBERS; m++)
        tp_network_initialize(&made->network, m, TILEPROP_INIT_UNIFORM, 7);
    /* biases begin at 0, which would tell nothing */
    for (size_t l = 1; l < made->network.layer_count && bias == TILEPROP_BIAS_ALL; l++) {
        const struct tp_layer *layer = &made->network.layers[l];
        for (size_t s = 0; s < layer->slice_count; s++)
            for (size_t u = 0; u < layer->slices[s].w.columns; u++)
                *tp_matrix_at(&layer->slices[s].w, layer->inputs, u) = (float)(100 * s + u + l);
    }
    for (size_t m = 0; m < MEMBERS; m++)
        tp_network_refresh(&made->network, m, tp_tiers[0]);
    tp_weights_shape(&made->weights, &made->network);
    if (tp_weights_allocate(&made->weights, &error))
        fail_msg("%s", error.text);
    tp_network_get(&made->network, 0, &made->weights);
}

static void made_free(struct made *made)
{
    for (size_t m = 0; m < MEMBERS; m++)
        tp_arena_destroy(&made->arenas[m]);
    tp_network_free(&made->network);
    tp_weights_free(&made->weights);
}

static uint64_t hash_of(const struct tp_network *network)
{
    uint64_t hash;
    struct tp_error error = {""};
    if (tp_network_hash(network, &hash, &error))
        fail_msg("%s", error.text);
    return hash;
}

static float scale[INPUTS] = {1, 2, 3, 4, 0.1f}, shift[INPUTS] = {-1, -2, -3, -4, -5e-20f},
             split[INPUTS] = {0, 1, 1, 0, 1};
static double offset[INPUTS] = {1600000000.25, 0, 0, -52.00001};

static tileprop_status read_safetensors(struct tp_safetensors *read, const char *path, struct tp_error *error)
{
    struct tp_file file;
    const tileprop_status status = tp_file_read(&file, path, error);
    return status == TILEPROP_OK ? tp_safetensors_parse(read, &file, error) : status;
}

static char *class_names[CLASSES] = {"setosa", "two \"words\"", ""};

/* Without its weights, which are the maker's. */
static struct tp_model describe(const struct made *made)
{
    return (struct tp_model){.weights = made->weights,
                             .described = true,
                             .activation = TILEPROP_RELU,
                             .normalize = TILEPROP_NORMALIZE_FEATURE,
                             .normalization = {.mean = 33.3,
                                               .deviation = 1.0 / 3,
                                               .features = INPUTS,
                                               .offset = offset,
                                               .scale = scale,
                                               .shift = shift,
                                               .split = split},
                             .schema = {.features = INPUTS, .classes = class_names, .class_count = CLASSES},
                             .options = "lr = 0.1\n",
                             .fingerprint = 0xfedcba9876543210,
                             .step = 1234,
                             .validation = {0.1, 2.0 / 3, 61}};
}

/* Writes the model to the scratch folder; returns the path, to be freed. */
static char *write_model(const struct made *made, const char *directory)
{
    char *path = scratch_path(directory, "model");
    struct tp_model model = describe(made);
    struct tp_safe_file out;
    struct tp_error error = {""};
    if (tp_safe_file_open(&out, "--save", path, &error) || tp_model_write(&model, &out, &error) ||
        tp_safe_file_commit(&out, &error))
        fail_msg("%s", error.text);
    return path;
}

static void test_reads_what_it_writes(void **state)
{
    static const int biases[] = {TILEPROP_BIAS_INPUT, TILEPROP_BIAS_ALL, TILEPROP_BIAS_NONE};
    for (size_t b = 0; b < 3; b++) {
        struct made made;
        make(&made, biases[b]);
        char *path = write_model(&made, *state);
        struct tp_model model;
        struct tp_error error = {""};
        if (tp_model_read(&model, path, &error))
            fail_msg("%s", error.text);
        assert_true(model.described);
        assert_int_equal(model.activation, TILEPROP_RELU);
        assert_int_equal(model.normalize, TILEPROP_NORMALIZE_FEATURE);
        assert_true(model.normalization.mean == 33.3 && model.normalization.deviation == 1.0 / 3);
        assert_int_equal(model.normalization.features, INPUTS);
        assert_memory_equal(model.normalization.scale, scale, sizeof scale);
        assert_memory_equal(model.normalization.shift, shift, sizeof shift);
        assert_memory_equal(model.normalization.split, split, sizeof split);
        assert_true(model.normalization.added[0] == -1 && model.normalization.apart[0] == 0);
        assert_true(model.normalization.added[1] == 0 && model.normalization.apart[1] == -2);
        assert_memory_equal(model.normalization.offset, offset, sizeof offset);
        assert_int_equal(model.schema.class_count, CLASSES);
        assert_string_equal(model.schema.classes[1], "two \"words\"");
        assert_string_equal(model.options, "lr = 0.1\n");
        assert_true(model.fingerprint == 0xfedcba9876543210 && model.step == 1234);
        assert_true(model.validation.loss == 0.1 && model.validation.accuracy == 2.0 / 3);
        assert_int_equal(model.validation.count, 61);

        struct made again = {.options = made.options};
        place(&again);
        for (size_t m = 0; m < MEMBERS; m++) {
            tp_network_put(&again.network, m, 0, &model.weights);
            tp_network_refresh(&again.network, m, tp_tiers[0]);
        }
        assert_true(hash_of(&again.network) == hash_of(&made.network));
        for (size_t l = 1; l < again.network.layer_count; l++) /* the view that backward reads */
            for (size_t s = 0; s < again.network.layers[l].slice_count; s++)
                assert_memory_equal(again.network.layers[l].slices[s].wt.data, made.network.layers[l].slices[s].wt.data,
                                    again.network.layers[l].slices[s].w.columns * TP_PANEL * sizeof(float));
        tp_model_free(&model);
        made_free(&again);
        made_free(&made);
        free(path);
    }
}

static void test_layout_is_that_of_pytorch(void **state)
{
    struct made made;
    make(&made, TILEPROP_BIAS_INPUT);
    char *path = write_model(&made, *state);
    struct tp_safetensors read;
    struct tp_error error = {""};
    if (read_safetensors(&read, path, &error))
        fail_msg("%s", error.text);
    const struct tp_tensor *weight = tp_safetensors_find(&read, "layers.0.weight");
    const struct tp_tensor *bias = tp_safetensors_find(&read, "layers.0.bias");
    assert_int_equal(weight->shape[0], 40);
    assert_int_equal(weight->shape[1], INPUTS);
    float row[40], found;
    for (size_t i = 0; i <= INPUTS; i++) {
        tp_network_row(&made.network, 0, i, row);
        for (size_t u = 0; u < 40; u++) {
            const float *values = i < INPUTS ? weight->bytes : bias->bytes;
            memcpy(&found, values + (i < INPUTS ? u * INPUTS + i : u), sizeof found);
            assert_true(found == row[u]);
        }
    }
    assert_null(tp_safetensors_find(&read, "layers.1.bias"));
    tp_safetensors_free(&read);
    made_free(&made);
    free(path);
}

/* Names of activations in files do not change, whatever the options call them. */
static void test_names_of_activations(void **state)
{
    static const char *const names[] = {[TILEPROP_SIGMOID] = "sigmoid",
                                        [TILEPROP_LECUN_TANH] = "lecun-tanh",
                                        [TILEPROP_TANH] = "tanh",
                                        [TILEPROP_RELU] = "relu"};
    for (int a = TILEPROP_SIGMOID; a < TP_ACTIVATION_COUNT; a++) {
        struct made made;
        make(&made, TILEPROP_BIAS_INPUT);
        struct tp_model model = describe(&made);
        char *path = scratch_path(*state, "model");
        struct tp_safe_file out;
        struct tp_safetensors read;
        struct tp_error error = {""};
        model.activation = (tileprop_activation)a;
        assert_int_equal(tp_safe_file_open(&out, "--save", path, &error), TILEPROP_OK);
        assert_int_equal(tp_model_write(&model, &out, &error), TILEPROP_OK);
        assert_int_equal(tp_safe_file_commit(&out, &error), TILEPROP_OK);
        assert_int_equal(read_safetensors(&read, path, &error), TILEPROP_OK);
        assert_string_equal(tp_safetensors_text(&read, "activation"), names[a]);
        tp_safetensors_free(&read);
        made_free(&made);
        free(path);
    }
}

static float many[1000];

/* Reads tensors written with these texts (NULL: none). */
static tileprop_status read_tensors(const char *directory, const struct tp_tensor *tensors, size_t count, json_t *texts,
                                    struct tp_model *model, struct tp_error *error)
{
    char *path = scratch_path(directory, "tensors");
    struct tp_tensor filled[TENSORS];
    struct tp_safe_file out;
    json_t *none = json_object();
    for (size_t i = 0; i < count; i++) {
        filled[i] = tensors[i];
        filled[i].bytes = many;
        filled[i].size = strcmp(tensors[i].type, "F32") == 0 ? 4 : strstr(tensors[i].type, "F16") ? 2 : 8;
        for (size_t d = 0; d < tensors[i].dimensions; d++)
            filled[i].size *= tensors[i].shape[d];
    }
    if (tp_safe_file_open(&out, "--save", path, error) ||
        tp_safetensors_write(&out, filled, count, texts ? texts : none, error) || tp_safe_file_commit(&out, error))
        fail_msg("%s", error->text);
    json_decref(none);
    const tileprop_status status = tp_model_read(model, path, error);
    free(path);
    return status;
}

static void test_refuses_tensors(void **state)
{
    static const struct {
        struct tp_tensor tensors[3];
        const char *part;
    } cases[] = {
        {{{NULL, NULL, 0, {0}, 0, 0}}, "NAME.weight [units, inputs] ... NAME.bias ... found no tensors"},
        {{{"layers.0.weight", "I64", 2, {3, 5}, 0, 0}},
         "layers.0.weight: expected F32, F16, BF16 or F64, found I64 [3, 5]"},
        {{{"layers.0.weight", "F32", 1, {5}, 0, 0}}, "[units, inputs] ... found layers.0.weight F32 [5]"},
        {{{"layers.0.weight", "F32", 2, {0, 5}, 0, 0}}, "found layers.0.weight F32 [0, 5]"},
        {{{"layers.0.weight", "F32", 2, {3, 5}, 0, 0}, {"layers.0.bias", "F32", 1, {5}, 0, 0}},
         "tensors: ... NAME.bias [units] ... found layers.0.bias F32 [5]"},
        {{{"layers.0.weight", "F32", 2, {3, 5}, 0, 0}, {"layers.1.weight", "F32", 2, {3, 5}, 0, 0}},
         "found layers.0.weight F32 [3, 5], layers.1.weight F32 [3, 5] ... no order"},
        {{{"layers.0.weight", "F32", 2, {3, 5}, 0, 0}, {"extra", "F32", 1, {1}, 0, 0}}, "found extra F32 [1]"},
        {{{"fc.weight", "F32", 2, {3, 5}, 0, 0}, {"fcbias", "F32", 1, {3}, 0, 0}}, "found fcbias F32 [3]"},
        {{{"fc.weight", "F32", 2, {3, 5}, 0, 0}, {"fd.bias", "F32", 1, {3}, 0, 0}}, "found fd.bias F32 [3]"},
        {{{"a\nb", "F32", 1, {1}, 0, 0}}, "tensors: ... found a?b F32 [1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 0;
        while (count < 3 && cases[i].tensors[count].name)
            count++;
        struct tp_model model;
        struct tp_error error = {""};
        check_failure(read_tensors(*state, cases[i].tensors, count, NULL, &model, &error), TILEPROP_BAD_INPUT, &error,
                      cases[i].part);
        assert_null(model.weights.values);
    }
    many[3] = NAN;
    static const struct tp_tensor good = {"layers.0.weight", "F32", 2, {3, 5}, 0, 0};
    struct tp_model model;
    struct tp_error error = {""};
    check_failure(read_tensors(*state, &good, 1, NULL, &model, &error), TILEPROP_BAD_INPUT, &error,
                  "layers.0.weight: value 3 ... not finite");
    many[3] = -INFINITY;
    check_failure(read_tensors(*state, &good, 1, NULL, &model, &error), TILEPROP_BAD_INPUT, &error,
                  "layers.0.weight: value 3 ... not finite");
    many[3] = 0;
    assert_int_equal(read_tensors(*state, &good, 1, NULL, &model, &error), TILEPROP_OK);
    assert_false(model.described);
    tp_model_free(&model);
}

/* Of a model of the first version. */
static json_t *make_texts(void)
{
    json_t *texts =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "format", "tileprop", "format_version", "1",
                  "activation", "relu", "normalize", "none", "mean", "0", "deviation", "1", "classes", "3",
                  "class_names", "[\"a\",\"b\",\"c\"]", "options", "", "data_fingerprint", "00", "step", "1",
                  "validation_loss", "0.5", "validation_accuracy", "0.5");
    json_object_set_new(texts, "validation_samples", json_string("10"));
    json_object_set_new(texts, "numerics_version", json_string("1"));
    return texts;
}

static void test_refuses_texts(void **state)
{
    static const struct tp_tensor tensors[] = {{"layers.0.weight", "F32", 2, {3, 5}, 0, 0},
                                               {"input.scale", "F32", 1, {5}, 0, 0},
                                               {"input.shift", "F32", 1, {5}, 0, 0}};
    static const struct {
        const char *key, *value, *part;
    } cases[] = {{"format", "tileprop", NULL},
                 {"format", "other", "found ... input.scale F32 [5], input.shift F32 [5]"},
                 {"format_version", "1", NULL},
                 {"format_version", "2", NULL},
                 {"format_version", NULL, "missing format_version"},
                 {"format_version", "3", "format_version: ... 2 ... 3 ... newer tileprop"},
                 {"format_version", "-1", "format_version: ... integer"},
                 {"format_version", "", "format_version: ... integer"},
                 {"format_version", "99999999999999999999", "format_version: ... integer"},
                 {"numerics_version", "3", NULL},
                 {"numerics_version", "x", "numerics_version: ... integer"},
                 {"activation", "softplus", "activation: ... lecun-tanh, tanh, relu, found softplus"},
                 {"activation", "improved-sigmoid", NULL},
                 {"normalize", NULL, "missing normalize"},
                 {"classes", "4", "classes: ... 3 ... 4"},
                 {"class_names", "[\"a\", \"b\"]", "class_names: ... list ... 3 texts"},
                 {"class_names", "[1, 2, 3]", "class_names: ... list ... 3 texts"},
                 {"class_names", "[", "class_names: ... list ... 3 texts"},
                 {"schema", "{\"columns\":[{},{},{},{},{}],\"label_place\":5}", NULL},
                 {"schema", "{\"columns\":[{}],\"label_place\":0}", "schema: ... columns ... 5 inputs, found 1"},
                 {"data_fingerprint", "xyz", "data_fingerprint: ... hexadecimal number"},
                 {"mean", "nan", "mean: ... finite number"},
                 {"deviation", "1x", "deviation: ... finite number"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *texts = make_texts();
        if (cases[i].value)
            json_object_set_new(texts, cases[i].key, json_string(cases[i].value));
        else
            json_object_del(texts, cases[i].key);
        struct tp_model model;
        struct tp_error error = {""};
        const tileprop_status status = read_tensors(*state, tensors, 3, texts, &model, &error);
        if (cases[i].part)
            check_failure(status, TILEPROP_BAD_INPUT, &error, cases[i].part);
        else if (status != TILEPROP_OK)
            fail_msg("%s", error.text);
        assert_true(model.described == !cases[i].part);
        if (status == TILEPROP_OK) {
            assert_int_equal(model.schema.features, 5);
            assert_int_equal(model.schema.class_count, 3);
            assert_string_equal(model.schema.classes[2], "c");
        }
        tp_model_free(&model);
        json_decref(texts);
    }
}

/* Files of older versions do not say which features are split: none are. */
static void test_split_features(void **state)
{
    static const struct {
        struct tp_tensor split;
        float value;
        const char *part;
    } cases[] = {{{NULL, NULL, 0, {0}, 0, 0}, 0, NULL},
                 {{"input.split", "F32", 1, {5}, 0, 0}, 1, NULL},
                 {{"input.split", "F32", 1, {5}, 0, 0}, 0.5f, "tensors: input.split[2]: ... 0 or 1 ... 0.5"},
                 {{"input.split", "F32", 1, {5}, 0, 0}, -1, "tensors: input.split[2]: ... 0 or 1 ... -1"},
                 {{"input.split", "F32", 1, {4}, 0, 0}, 1, "input.split: ... F32 [5] ... F32 [4]"},
                 {{"input.split", "F64", 1, {5}, 0, 0}, 0, "input.split: ... F32 [5] ... F64 [5]"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tp_tensor tensors[] = {{"layers.0.weight", "F32", 2, {3, 5}, 0, 0},
                                            {"input.scale", "F32", 1, {5}, 0, 0},
                                            {"input.shift", "F32", 1, {5}, 0, 0},
                                            cases[i].split};
        json_t *texts = make_texts();
        struct tp_model model;
        struct tp_error error = {""};
        many[2] = cases[i].value; /* of every tensor */
        const tileprop_status status =
            read_tensors(*state, tensors, cases[i].split.name ? 4 : 3, texts, &model, &error);
        if (cases[i].part)
            check_failure(status, TILEPROP_BAD_INPUT, &error, cases[i].part);
        else if (status != TILEPROP_OK)
            fail_msg("%s", error.text);
        else
            assert_true(model.normalization.split[2] == cases[i].value && model.normalization.split[3] == 0);
        tp_model_free(&model);
        json_decref(texts);
    }
    many[2] = 0;
}

/* Names as long as this one, for as many classes and columns as a real model can have. */
static char **name_many(size_t count)
{
    char **names = malloc(count * sizeof *names);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(asprintf(&names[i], "%064zu", i), 64);
    return names;
}

static void test_holds_many_names(void **state)
{
    enum { MANY_COLUMNS = 100000, MANY_CLASSES = 65535 };
    struct made made;
    make(&made, TILEPROP_BIAS_ALL);
    struct tp_model model = describe(&made);
    struct tp_error error = {""};
    struct tp_schema *schema = &model.schema;
    char **names = name_many(MANY_COLUMNS);
    (void)state;
    *schema = (struct tp_schema){.features = MANY_COLUMNS,
                                 .columns = calloc(MANY_COLUMNS, sizeof *schema->columns),
                                 .column_count = MANY_COLUMNS,
                                 .label = strdup("label"),
                                 .classes = name_many(MANY_CLASSES),
                                 .class_count = MANY_CLASSES,
                                 .means = malloc(MANY_COLUMNS * sizeof *schema->means)};
    for (size_t i = 0; i < MANY_COLUMNS; i++) {
        schema->columns[i].name = names[i];
        schema->means[i] = -1.1e-38F;
    }
    free(names);
    if (tp_model_check(&model, "t.csv", &error))
        fail_msg("%s", error.text);
    tp_schema_free(schema);
    made_free(&made);
}

/* Names that no file can hold are refused while there is time to say so. */
static void test_limits_names(void **state)
{
    (void)state;
    struct made made;
    make(&made, TILEPROP_BIAS_ALL);
    struct tp_model model = describe(&made);
    struct tp_error error = {""};
    const size_t size = TP_SAFETENSORS_HEADER_MAX;
    assert_int_equal(tp_model_check(&model, "t.csv", &error), TILEPROP_OK);
    char *name = malloc(size + 1);
    memset(name, 'x', size);
    name[size] = '\0';
    model.schema.classes = (char *[CLASSES]){name, "b", "c"};
    check_failure(tp_model_check(&model, "t.csv", &error), TILEPROP_BAD_INPUT, &error,
                  "t.csv: ... names ... categories ... 19865600 bytes");
    free(name);
    made_free(&made);
}

static void test_starts(void **state)
{
    (void)state;
    struct made made;
    make(&made, TILEPROP_BIAS_ALL);
    struct tp_model model = describe(&made);
    struct tp_error error = {""};
    tileprop_options options = options_with(TILEPROP_BIAS_ALL);
    options.activation = TILEPROP_RELU;
    assert_int_equal(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_OK);
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS + 1, CLASSES, &error),
                  TILEPROP_BAD_INPUT, &error, "--init-from: m: ... 6 inputs ... 3 classes ... found layers 5-40-17-3");
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES + 1, &error),
                  TILEPROP_BAD_INPUT, &error, "5 inputs ... 4 classes");
    options.hidden_count = 1;
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_USAGE,
                  &error, "5-40-3 ... found 5-40-17-3 ... --hidden");
    options.hidden_count = 2;
    options.activation = TILEPROP_TANH;
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_USAGE,
                  &error, "--activation relu");
    model.described = false; /* other programs' files do not say */
    assert_int_equal(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_OK);
    options.bias = TILEPROP_BIAS_INPUT;
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_USAGE,
                  &error, "layer 2 ... --bias input ... --bias all");
    for (size_t l = 1; l < 3; l++)
        model.weights.layers[l].has_bias = false;
    assert_int_equal(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_OK);
    options.bias = TILEPROP_BIAS_NONE;
    check_failure(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_USAGE,
                  &error, "layer 0 ... --bias none ... --bias input");
    /* Without hidden layers there is no activation. */
    model.described = true;
    model.weights.layer_count = 1;
    model.weights.layers[0].units = CLASSES;
    options.bias = TILEPROP_BIAS_INPUT;
    options.hidden_count = 0;
    assert_int_equal(tp_model_check_start(&model, "--init-from: m", &options, INPUTS, CLASSES, &error), TILEPROP_OK);
    made_free(&made);
}

static void test_lacking_biases_are_zero(void **state)
{
    (void)state;
    struct made made, more;
    make(&made, TILEPROP_BIAS_INPUT);
    make(&more, TILEPROP_BIAS_ALL);
    for (size_t m = 0; m < MEMBERS; m++)
        tp_network_put(&more.network, m, 0, &made.weights);
    float row[17];
    tp_network_row(&more.network, 1, 40, row);
    for (size_t u = 0; u < 17; u++)
        assert_true(row[u] == 0);
    made_free(&made);
    made_free(&more);
}

/* Whatever ended a run for good, its checkpoint can be read again. */
static void test_final_reasons(void **state)
{
    (void)state;
    struct made made;
    struct tp_error error = {""};
    make(&made, TILEPROP_BIAS_ALL);
    for (const tileprop_choice *reason = tp_final_stop_choices; reason->name; reason++) {
        struct tp_checkpoint checkpoint = {.model = describe(&made)}, again;
        checkpoint.state = tp_training_state_begin();
        checkpoint.state.steps = 1;
        checkpoint.state.best.loss = 1;
        checkpoint.state.ended = (tileprop_stop)reason->value;
        char *bytes;
        size_t size;
        struct tp_safe_file out = {.file = open_memstream(&bytes, &size)};
        assert_int_equal(tp_checkpoint_write(&checkpoint, &out, &error), TILEPROP_OK);
        assert_int_equal(fclose(out.file), 0);
        struct tp_file file = {.path = "c", .bytes = (unsigned char *)bytes, .size = size};
        assert_int_equal(tp_checkpoint_parse(&again, &file, &error), TILEPROP_OK);
        assert_int_equal(again.state.ended, reason->value);
        tp_checkpoint_free(&again);
    }
    made_free(&made);
}

static uint64_t fingerprint_of(const struct tp_dataset *data)
{
    struct tp_error error;
    uint64_t found;
    assert_int_equal(tp_model_fingerprint(data, &found, &error), TILEPROP_OK);
    return found;
}

static void test_fingerprint(void **state)
{
    (void)state;
    uint8_t samples[] = {1, 2, 3, 4, 5, 6};
    uint16_t labels[] = {0, 1, 0, 1, 0, 1};
    struct tp_dataset data = {
        .type = TILEPROP_U8, .samples = samples, .labels = labels, .count = 3, .features = 2, .classes = 2};
    const uint64_t fingerprint = fingerprint_of(&data);
    assert_true(fingerprint_of(&data) == fingerprint);
    labels[2] = 1;
    assert_true(fingerprint_of(&data) != fingerprint);
    labels[2] = 0;
    samples[5] = 0;
    assert_true(fingerprint_of(&data) != fingerprint);
    samples[5] = 6;
    data.count = 2;
    assert_true(fingerprint_of(&data) != fingerprint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_what_it_writes, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_layout_is_that_of_pytorch, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_names_of_activations, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_refuses_tensors, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_refuses_texts, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_split_features, scratch_make, scratch_remove),
        cmocka_unit_test(test_holds_many_names),
        cmocka_unit_test(test_limits_names),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_lacking_biases_are_zero),
        cmocka_unit_test(test_final_reasons),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
