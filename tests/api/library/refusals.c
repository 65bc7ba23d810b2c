/*
 * Calls that the library refuses, in the common subset of C11 and C++17: each case is a valid call with one error, and
 * has the expected status and message. Memory after the samples is unreadable.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tileprop/gradients.h>
#include <unistd.h>

#include "../../parts.h"

#define ROWS     60
#define FEATURES 4
#define CLASSES  3

static unsigned char *bytes;
static float *numbers;
static unsigned char labels[ROWS], large_labels[ROWS];
static float weights[CLASSES] = {1, 2, 0};
static const char *names[CLASSES] = {"a", "b", "c"};
static char message[256];

/* A call of tileprop_train, into which the checks put one fault. */
static struct call {
    tileprop_options options;
    tileprop_run_options run;
    tileprop_data train, validation, test;
    tileprop_result result;
    const tileprop_options *given_options;
    const tileprop_data *given_train, *given_validation;
} c;

static void expect(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "refusals: %s: %s\n", what, message);
    exit(1);
}

/* Memory that ends right before an inaccessible page. */
static void *at_the_end(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = (char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(pages != MAP_FAILED && size <= page && mprotect(pages + page, page, PROT_NONE) == 0, "pages");
    return pages + page - size;
}

static tileprop_data data_of(tileprop_type type)
{
    tileprop_data data;
    memset(&data, 0, sizeof data);
    data.size = sizeof data;
    data.samples = type == TILEPROP_U8 ? (const void *)bytes : (const void *)numbers;
    data.type = type;
    data.labels = labels;
    data.label_type = TILEPROP_U8;
    data.rows = ROWS;
    data.features = FEATURES;
    return data;
}

static void begin(void)
{
    memset(&c, 0, sizeof c);
    tileprop_options_init(&c.options, sizeof c.options);
    c.options.threads = 1;
    c.options.epochs = 1;
    c.run.size = sizeof c.run;
    c.run.test = &c.test;
    c.options.run = &c.run;
    c.train = c.validation = c.test = data_of(TILEPROP_U8);
    c.train.class_weights = weights;
    c.train.class_names = names;
    c.result.size = sizeof c.result;
    c.given_options = &c.options;
    c.given_train = &c.train;
    c.given_validation = &c.validation;
}

/* Makes the call, and a good one for the next check; the message has these parts, begins with the first word and,
 * unless it was asked to, names no option of the command line. */
static void train(tileprop_status status, const char *parts)
{
    tileprop_model *last = NULL, *best = NULL;
    tileprop_result result = c.result;
    message[0] = '\0';
    const tileprop_status found = tileprop_train(c.given_options, c.given_train, c.given_validation, &last, &best,
                                                 &result, message, sizeof message);
    expect(found == status && has_parts(message, parts), parts);
    expect(strncmp(message, parts, strcspn(parts, " ")) == 0 && !message[0] == !parts[0], parts);
    expect(c.options.option_names || !strstr(message, "--"), "an option of the command line");
    expect((last != NULL) == (found == TILEPROP_OK) && (best != NULL) == (found == TILEPROP_OK), "models");
    tileprop_model_free(last);
    tileprop_model_free(best);
    begin();
}

static void check_sets(void)
{
    train(TILEPROP_OK, "");
    c.validation.classes = 2;
    train(TILEPROP_BAD_INPUT, "validation: row 2: ... label ... 0 ... 1, found 2");
    c.validation.features = 400;
    train(TILEPROP_BAD_INPUT, "validation: ... samples ... 4 values ... train, found 400");
    c.validation.features = 3;
    train(TILEPROP_BAD_INPUT, "validation: ... samples ... 4 values ... train, found 3");
    c.validation.type = TILEPROP_F32;
    train(TILEPROP_BAD_INPUT, "validation: ... samples ... type u8 ... train, found f32");
    c.validation.classes = 4;
    train(TILEPROP_BAD_INPUT, "validation: ... 3 classes ... train, found 4");
    c.validation.labels = large_labels;
    train(TILEPROP_BAD_INPUT, "validation: row 7: ... label ... 0 ... 2, found 3");
    c.test.features = 400;
    c.test.name = "t";
    c.train.name = "digits";
    train(TILEPROP_BAD_INPUT, "t: ... samples ... 4 values ... digits, found 400");
    c.test.type = TILEPROP_F32;
    train(TILEPROP_BAD_INPUT, "test: ... samples ... type u8 ... train, found f32");
    c.test.classes = 4;
    train(TILEPROP_BAD_INPUT, "test: ... 3 classes ... train, found 4");
    c.train = c.validation = data_of(TILEPROP_F32);
    c.validation.features = 400; /* floats are looked at, each of them */
    train(TILEPROP_BAD_INPUT, "validation: ... samples ... 4 values ... train, found 400");
    c.train = data_of(TILEPROP_F32);
    train(TILEPROP_BAD_INPUT, "validation: ... samples ... type f32 ... train, found u8");
}

static void check_sizes(void)
{
    char text[256];
    c.train.rows = c.train.features = (size_t)1 << 32;
    train(TILEPROP_BAD_INPUT, "train: 4294967296 rows ... 4294967296 values ... memory");
    c.validation.rows = SIZE_MAX / 2;
    c.validation.name = "v";
    train(TILEPROP_BAD_INPUT, "v: 9223372036854775807 rows ... 4 values ... memory");
    snprintf(text, sizeof text, "result: ... size %zu, found 0", sizeof(tileprop_result));
    c.result.size = 0;
    train(TILEPROP_USAGE, text);
    snprintf(text, sizeof text, "result: ... size %zu, found %zu", sizeof(tileprop_result),
             sizeof(tileprop_result) + 1);
    c.result.size++;
    train(TILEPROP_USAGE, text);
    snprintf(text, sizeof text, "validation: ... size %zu, found 0", sizeof(tileprop_data));
    c.validation.size = 0;
    train(TILEPROP_USAGE, text);
    snprintf(text, sizeof text, "run: ... size %zu, found %zu", sizeof c.run, sizeof c.run - 1);
    c.run.size--;
    train(TILEPROP_USAGE, text);
    c.train.stride = 3;
    train(TILEPROP_USAGE, "train: stride: ... 4 ... found 3");
    c.train.stride = (size_t)1 << 60;
    train(TILEPROP_BAD_INPUT, "train: 60 rows ... 1152921504606846976 values ... memory");
}

static void check_numbers(void)
{
    static const float wrong[] = {-1, NAN, INFINITY};
    static const char *const shown[] = {"-1", "nan", "inf"};
    char text[256];
    for (int i = 0; i < 3; i++) {
        const float bad[CLASSES] = {1, 1, wrong[i]};
        snprintf(text, sizeof text, "train: class_weights[2]: ... number >= 0, found %s", shown[i]);
        c.train.class_weights = bad;
        train(TILEPROP_BAD_INPUT, text);
    }
    for (int i = 0; i < 3; i++) {
        const float bad[] = {1, 0, wrong[i]};
        snprintf(text, sizeof text, "train: sample_weights[2]: ... number >= 0, found %s", shown[i]);
        c.train.sample_weights = bad;
        train(TILEPROP_BAD_INPUT, text);
    }
    static const float zeros[ROWS] = {0};
    c.train.sample_weights = zeros;
    train(TILEPROP_BAD_INPUT, "train: ... 60 samples ... 0");
    c.validation.sample_weights = zeros;
    train(TILEPROP_BAD_INPUT, "validation: ... 60 samples ... 0");
    c.test.sample_weights = zeros;
    train(TILEPROP_BAD_INPUT, "test: ... 60 samples ... 0");
    c.options.stop_at_accuracy = 1;
    c.options.stop_at_loss = 1000;
    c.options.max_seconds = 1e9;
    train(TILEPROP_OK, "");
}

/* Writes the name of an option's member and what follows. */
static void name_member(const tileprop_option *option, const char *behind, char *text, size_t size)
{
    snprintf(text, size, "%s", strcmp(option->name, "lr") == 0 ? "learning_rate" : option->name);
    for (char *dash = text; (dash = strchr(dash, '-')) != NULL;)
        *dash = '_';
    strncat(text, behind, size - strlen(text) - 1);
}

/* The call with an option that has this value is refused by its member's name, or by its own if that is asked for. */
static void refused_value(const tileprop_option *option, size_t offset, const void *value, size_t size)
{
    char text[64];
    name_member(option, ":", text, sizeof text);
    memcpy((char *)&c.options + offset, value, size);
    train(TILEPROP_USAGE, text);
    snprintf(text, sizeof text, "--%s:", option->name);
    memcpy((char *)&c.options + offset, value, size);
    c.options.option_names = 1;
    train(TILEPROP_USAGE, text);
}

static void check_range(const tileprop_option *option)
{
    const double reals[] = {option->low - 1, 2 * option->high, NAN, INFINITY, -INFINITY};
    const size_t counts[] = {(size_t)option->most + 1, SIZE_MAX, (size_t)option->least - 1};
    const size_t many[] = {option->items + 1, SIZE_MAX / sizeof(size_t) + 2, SIZE_MAX};
    const char *const texts[] = {NULL, "blue"};
    const int choices[] = {77, -2, INT_MIN, INT_MAX};
    switch (option->kind) {
    case TILEPROP_OPTION_REAL:
        for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
            refused_value(option, option->offset, &reals[i], sizeof reals[i]);
        break;
    case TILEPROP_OPTION_COUNT: /* 0 may be the value without one, and behind 0 comes what is too much */
        for (size_t i = 0; i < (option->keyword ? 2u : 3u); i++)
            refused_value(option, option->offset, &counts[i], sizeof counts[i]);
        break;
    case TILEPROP_OPTION_CHOICE:
        for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
            refused_value(option, option->offset, &choices[i], sizeof choices[i]);
        break;
    case TILEPROP_OPTION_NAME:
        for (size_t i = 0; i < 2; i++)
            refused_value(option, option->offset, &texts[i], sizeof texts[i]);
        break;
    case TILEPROP_OPTION_SIZES:
        for (size_t i = 0; i < 3; i++) {
            refused_value(option, option->offset, &counts[i], sizeof counts[i]);
            refused_value(option, option->count_offset, &many[i], sizeof many[i]);
        }
        break;
    default: /* any value is one */
        break;
    }
}

static tileprop_status set(tileprop_options *options, const char *name, const char *value)
{
    return tileprop_options_set(options, name, value, message, sizeof message);
}

/* Texts that each kind of option refuses. */
static const char *bad_text(tileprop_option_kind kind)
{
    switch (kind) {
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        return "-1";
    case TILEPROP_OPTION_REAL:
        return "nan";
    case TILEPROP_OPTION_SIZES:
        return "64,,64";
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        return "";
    default:
        return "maybe";
    }
}

static void check_options(void)
{
    const tileprop_option *option;
    tileprop_options defaults, options;
    char text[64];
    size_t count = 0;
    tileprop_options_init(&defaults, sizeof defaults);
    memcpy(&options, &defaults, sizeof options);
    for (; (option = tileprop_option_at(count)); count++) {
        expect(!set(&options, option->name, option->initial) && memcmp(&options, &defaults, sizeof options) == 0,
               option->name);
        snprintf(text, sizeof text, "%s: ", option->name);
        expect(set(&options, option->name, bad_text(option->kind)) == TILEPROP_USAGE &&
                   strncmp(message, text, strlen(text)) == 0 && memcmp(&options, &defaults, sizeof options) == 0,
               option->name);
        expect(option->offset < sizeof options && *option->group && *option->help, option->name);
        check_range(option);
    }
    expect(count > 25 && !tileprop_option_at((size_t)-1), "the end of the options");
    expect(!set(&options, "hidden", "5,60") && options.hidden_count == 2 && options.hidden[1] == 60 &&
               !set(&options, "lr", "0.25") && options.learning_rate == 0.25 &&
               !set(&options, "activation", "improved-sigmoid") && options.activation == TILEPROP_LECUN_TANH &&
               !set(&options, "shuffle", "off") && !options.shuffle && !set(&options, "isa", "reference") &&
               strcmp(options.isa, "reference") == 0 && !set(&options, "init-from", "m") &&
               strcmp(options.init_from, "m") == 0 && !set(&options, "init-from", "none") && !options.init_from,
           "values of each kind");
    expect(set(&options, "learning_rate", "1") == TILEPROP_USAGE && strncmp(message, "learning_rate: ", 15) == 0,
           "an option that there is not");
    options.size = offsetof(tileprop_options, log_gradients); /* of a caller that knows less */
    expect(set(&options, "log-gradients", "on") == TILEPROP_USAGE && !options.log_gradients &&
               !set(&options, "lr", "0.5") && options.learning_rate == 0.5,
           "an option that the caller's struct lacks");
    options.size = 8;
    expect(set(&options, "lr", "0.5") == TILEPROP_USAGE, "options of no size");
}

static void check_missing(void)
{
    const char *const unnamed[CLASSES] = {"a", NULL, "c"};
    c.given_options = NULL;
    train(TILEPROP_USAGE, "options: ... pointer, found NULL");
    c.given_train = NULL;
    train(TILEPROP_USAGE, "train: ... pointer, found NULL");
    c.given_validation = NULL;
    train(TILEPROP_USAGE, "validation: ... pointer, found NULL");
    c.train.samples = NULL;
    train(TILEPROP_USAGE, "train: samples: ... rows ... found NULL");
    c.train.labels = NULL;
    train(TILEPROP_USAGE, "train: labels: ... row, found NULL");
    c.validation.samples = NULL;
    train(TILEPROP_USAGE, "validation: samples: ... rows ... found NULL");
    c.test.labels = NULL;
    train(TILEPROP_USAGE, "test: labels: ... row, found NULL");
    c.train.class_names = unnamed;
    train(TILEPROP_USAGE, "train: class_names[1]: ... name, found NULL");
    c.train.type = (tileprop_type)2;
    train(TILEPROP_USAGE, "train: type: ... TILEPROP_U8, TILEPROP_F32 ... TILEPROP_F64 ... found 2");
    c.train.label_type = TILEPROP_F32;
    train(TILEPROP_USAGE, "train: label_type: ... TILEPROP_U8, TILEPROP_U16, TILEPROP_I32 ... TILEPROP_I64, found 3");
}

static void refused(tileprop_status status, const char *name)
{
    char text[256];
    snprintf(text, sizeof text, "%s: ... pointer, found NULL", name);
    expect(status == TILEPROP_USAGE && has_parts(message, text), name);
}

/* Other functions than training. */
static void check_functions(void)
{
    tileprop_model *model, *other = NULL;
    tileprop_checkpoint *checkpoint;
    tileprop_gradients gradients;
    tileprop_layer_gradients layers[1];
    tileprop_outputs none;
    void *file = message;
    size_t count;
    memset(&none, 0, sizeof none);
    memset(&gradients, 0, sizeof gradients);
    none.size = sizeof none;
    expect(!tileprop_train_split(&c.options, &c.train, 0.2, &model, NULL, NULL, NULL, 0), "training");
    refused(tileprop_model_load(NULL, "m", message, sizeof message), "model");
    refused(tileprop_model_load(&other, NULL, message, sizeof message), "path");
    refused(tileprop_model_load_memory(&other, NULL, 9, message, sizeof message), "bytes");
    refused(tileprop_model_use_isa(NULL, "auto", message, sizeof message), "model");
    refused(tileprop_model_use_isa(model, NULL, message, sizeof message), "isa");
    refused(tileprop_model_save(NULL, "m", message, sizeof message), "model");
    refused(tileprop_model_save(model, NULL, message, sizeof message), "path");
    refused(tileprop_model_save_memory(NULL, &file, &count, message, sizeof message), "model");
    expect(!file, "what was to point to a model's file");
    refused(tileprop_model_save_memory(model, &file, NULL, message, sizeof message), "count");
    refused(tileprop_model_save_memory(model, NULL, &count, message, sizeof message), "bytes");
    refused(tileprop_model_write(NULL, stdout, message, sizeof message), "model");
    refused(tileprop_model_write(model, NULL, message, sizeof message), "out");
    refused(tileprop_evaluate(NULL, &c.train, 1, &none, message, sizeof message), "model");
    refused(tileprop_evaluate(model, NULL, 1, &none, message, sizeof message), "data");
    refused(tileprop_evaluate(model, &c.train, 1, NULL, message, sizeof message), "outputs");
    none.size++;
    expect(tileprop_evaluate(model, &c.train, 1, &none, message, sizeof message) == TILEPROP_USAGE &&
               has_parts(message, "outputs: ... size 40, found 41"),
           "outputs of another size");
    none.size--;
    refused(tileprop_train_split(NULL, &c.train, 0.5, NULL, NULL, NULL, message, sizeof message), "options");
    refused(tileprop_options_set(NULL, "lr", "1", message, sizeof message), "options");
    refused(tileprop_options_set(&c.options, NULL, "1", message, sizeof message), "name");
    refused(tileprop_options_set(&c.options, "lr", NULL, message, sizeof message), "value");
    refused(tileprop_checkpoint_load(NULL, "m", message, sizeof message), "checkpoint");
    refused(tileprop_checkpoint_load(&checkpoint, NULL, message, sizeof message), "path");
    refused(tileprop_checkpoint_write(NULL, stdout, NULL, 0, message, sizeof message), "state");
    refused(tileprop_check_gradients(&c.options, &c.train, NULL, NULL, NULL, message, sizeof message), "gradients");
    expect(tileprop_check_gradients(&c.options, &c.train, NULL, NULL, &gradients, message, sizeof message) ==
                   TILEPROP_USAGE &&
               has_parts(message, "gradients: ... found 0"),
           "gradients of no size");
    gradients.size = sizeof gradients;
    c.options.hidden[0] = 0;
    expect(tileprop_check_gradients(&c.options, &c.train, NULL, NULL, &gradients, message, sizeof message) ==
                   TILEPROP_USAGE &&
               strncmp(message, "hidden: ", 8) == 0,
           "a member of the options of a check");
    c.options.option_names = 1;
    expect(tileprop_check_gradients(&c.options, &c.train, NULL, NULL, &gradients, message, sizeof message) ==
                   TILEPROP_USAGE &&
               strncmp(message, "--hidden: ", 10) == 0,
           "an option of a check");
    begin();
    expect(tileprop_train_split(&c.options, &c.train, 2, NULL, NULL, NULL, message, sizeof message) == TILEPROP_USAGE &&
               strncmp(message, "fraction: ", 10) == 0,
           "an argument that is an option of the command line");
    expect(tileprop_train_split(&c.options, &c.train, 2, NULL, NULL, NULL, message, 9) == TILEPROP_USAGE &&
               strcmp(message, "fraction") == 0,
           "a message that is cut off");
    expect(tileprop_model_use_isa(model, "mmx", message, sizeof message) == TILEPROP_USAGE &&
               strncmp(message, "isa: ", 5) == 0,
           "a member of no struct");
    refused(tileprop_train_split(&c.options, NULL, 0.5, NULL, NULL, NULL, message, sizeof message), "data");
    gradients.layers = layers;
    gradients.layer_size = 8;
    expect(tileprop_check_gradients(&c.options, &c.train, NULL, NULL, &gradients, message, sizeof message) ==
                   TILEPROP_USAGE &&
               has_parts(message, "gradients: layer_size: ... found 8"),
           "layers of no size");
    gradients.layers = NULL;
    refused(tileprop_check_gradients(NULL, &c.train, NULL, NULL, &gradients, message, sizeof message), "options");
    refused(tileprop_check_gradients(&c.options, NULL, NULL, NULL, &gradients, message, sizeof message), "data");
    c.train.rows = SIZE_MAX / 2;
    expect(tileprop_evaluate(model, &c.train, 1, &none, message, sizeof message) == TILEPROP_BAD_INPUT,
           "more samples than memory can hold");
    c.train.rows = 0;
    expect(!tileprop_evaluate(model, &c.train, 1, &none, message, sizeof message), "no samples without losses");
    expect(tileprop_model_load(&other, "none", NULL, sizeof message) == TILEPROP_BAD_INPUT && !other, "no message");
    tileprop_model_free(model);
}

/* A number that no switch and no choice has. */
static void check_wrong_numbers(void)
{
    const tileprop_option *option;
    for (size_t i = 0; (option = tileprop_option_at(i)) != NULL; i++) {
        char start[64];
        const int wrong = 7;
        if (option->kind != TILEPROP_OPTION_SWITCH && option->kind != TILEPROP_OPTION_CHOICE)
            continue;
        memcpy((char *)&c.options + option->offset, &wrong, sizeof wrong);
        name_member(option, ": expected", start, sizeof start);
        train(TILEPROP_USAGE, start);
    }
    c.options.shuffle = -1;
    train(TILEPROP_USAGE, "shuffle: expected on or off ... -1");
    c.run.resume_inexact = 2;
    train(TILEPROP_USAGE, "run: resume_inexact: ... 0 or 1, found 2");
}

/* First weights belong to columns and classes of certain names, in a certain order. */
static void check_first_weights(void)
{
    static const char *const permuted[CLASSES] = {"a", "c", "b"}, *const renamed[CLASSES] = {"a", "b", "d"};
    static const char columns[] = "{\"columns\":[{\"name\":\"w\"},{\"name\":\"x\"},{\"name\":\"y\"},{\"name\":\"z\"}],"
                                  "\"label\":\"l\",\"label_place\":4}";
    static const char other[] = "{\"columns\":[{\"name\":\"w\"},{\"name\":\"y\"},{\"name\":\"x\"},{\"name\":\"z\"}],"
                                "\"label\":\"l\",\"label_place\":4}";
    tileprop_model *first = NULL, *next = NULL;
    const float *shift, *next_shift;
    static unsigned char larger[ROWS * FEATURES];
    c.options.learning_rate = 1e-30;
    c.options.optimizer = TILEPROP_SGD;
    c.train.schema = columns;
    const tileprop_options options = c.options;
    expect(!tileprop_train(&options, &c.train, &c.validation, &first, NULL, NULL, message, sizeof message), "training");
    begin();
    c.options.initial_weights = first;
    c.train.class_names = permuted;
    train(TILEPROP_BAD_INPUT, "train: class_names[1]: ... \"b\" ... initial_weights, found \"c\"");
    c.options.initial_weights = first;
    c.train.class_names = renamed;
    train(TILEPROP_BAD_INPUT, "train: class_names[2]: ... \"c\" ... initial_weights, found \"d\"");
    c.options.initial_weights = first;
    c.train.schema = other;
    train(TILEPROP_BAD_INPUT, "train: schema: column 2: ... \"x\" ... initial_weights, found \"y\"");
    c.options.initial_weights = first;
    c.options.normalize = TILEPROP_NORMALIZE_UNIT;
    train(TILEPROP_USAGE, "normalize: ... global ... initial_weights, found unit ... renormalize on");
    c.options.renormalize = 1;
    train(TILEPROP_USAGE, "renormalize: ... init_from ... resume");
    c.options.initial_weights = first;
    c.options.activation = TILEPROP_RELU;
    train(TILEPROP_USAGE,
          "initial_weights: ... activation relu, found improved-sigmoid ... activation improved-sigmoid");
    c.options.initial_weights = first;
    c.options.hidden[0] = 5;
    train(TILEPROP_USAGE, "initial_weights: ... layers 4-5-3, found 4-64-3 ... hidden");
    c.options.batch = ROWS + 1;
    c.options.drop_last = 1;
    train(TILEPROP_USAGE, "batch: 61 ... 60 ... drop_last off");
    c.options.batch = ROWS + 1;
    c.options.drop_last = c.options.option_names = 1;
    train(TILEPROP_USAGE, "--batch: 61 ... 60 ... --drop-last off");
    c.options.initial_weights = first;
    c.train.class_names = names;
    c.train.schema = columns;
    train(TILEPROP_OK, "");

    /* Data without names take over those of the initial weights, and other data their normalization. */
    c.options = options;
    c.options.initial_weights = first;
    c.train.class_names = NULL;
    for (int i = 0; i < ROWS * FEATURES; i++)
        larger[i] = (unsigned char)(100 + i);
    c.train.samples = larger;
    expect(!tileprop_train(&c.options, &c.train, &c.validation, &next, NULL, NULL, message, sizeof message),
           "going on");
    expect(strcmp(tileprop_model_class_name(next, 1), "b") == 0 &&
               strcmp(tileprop_model_text(next, "schema"), tileprop_model_text(first, "schema")) == 0,
           "the names of the initial weights");
    const float *scale = tileprop_model_normalization(first, &shift);
    const float *next_scale = tileprop_model_normalization(next, &next_shift);
    expect(memcmp(scale, next_scale, FEATURES * sizeof *scale) == 0 &&
               memcmp(shift, next_shift, FEATURES * sizeof *shift) == 0,
           "the normalization of the initial weights");
    tileprop_model_free(next);
    c.options.renormalize = 1;
    expect(!tileprop_train(&c.options, &c.train, &c.validation, &next, NULL, NULL, message, sizeof message), "fitting");
    next_scale = tileprop_model_normalization(next, &next_shift);
    expect(memcmp(shift, next_shift, FEATURES * sizeof *shift) != 0, "another normalization");
    tileprop_model_free(next);
    tileprop_model_free(first);
    begin();
}

static int equal(const float *a, const float *b)
{
    return memcmp(a, b, CLASSES * sizeof *a) == 0;
}

/* NaN is a mean of the schema's where there is one; else, and where a value is infinite, there is no prediction. */
static void check_missing_values(void)
{
    static const char means[] = "{\"columns\":[],\"label_place\":0,\"means\":[0.5,0.25,0.125,2]}";
    const float samples[5][FEATURES] = {
        {1, 0.25F, 0, 2}, {1, NAN, 0, NAN}, {1, 0, INFINITY, 0}, {-INFINITY, NAN, 0, 0}, {1, 0.25F, 0, 2}};
    float p[5][CLASSES], q[5][CLASSES], z[5][CLASSES], losses[5];
    uint16_t k[5], again[5];
    for (int with = 0; with < 2; with++) {
        tileprop_model *model = NULL;
        c.train = c.validation = data_of(TILEPROP_F32);
        c.train.schema = with ? means : NULL;
        c.options.activation = TILEPROP_TANH;
        c.run.test = NULL;
        expect(!tileprop_train(&c.options, &c.train, &c.validation, &model, NULL, NULL, message, sizeof message),
               "training");
        tileprop_predict_f32(model, samples[0], 5, p[0], k);
        expect(k[0] < CLASSES && k[4] == k[0] && equal(p[0], p[4]), "samples beside those that cannot be predicted");
        for (int i = 1; i < 4; i++) {
            const int good = with && i == 1;
            expect(good ? k[i] == k[0] && equal(p[i], p[0]) : k[i] == TILEPROP_NO_CLASS, "the class");
            for (int j = 0; !good && j < CLASSES; j++)
                expect(isnan(p[i][j]), "probabilities of nothing");
        }
        tileprop_predict_f32(model, samples[0], 5, NULL, again);
        expect(memcmp(k, again, sizeof k) == 0, "classes alone");
        tileprop_data data = data_of(TILEPROP_F32);
        data.samples = samples;
        data.rows = 5;
        const tileprop_outputs outputs = {sizeof outputs, losses, q[0], z[0], again};
        expect(!tileprop_evaluate(model, &data, 1, &outputs, message, sizeof message), "evaluating");
        expect(memcmp(k, again, sizeof k) == 0 && memcmp(p, q, sizeof p) == 0, "an evaluation");
        expect(isfinite(z[0][0]) && isnan(z[2][0]) && isnan(z[3][0]) && equal(z[0], z[4]), "logits");
        expect(isfinite(losses[0]) && isnan(losses[2]) && (isnan(losses[1]) == 0) == with, "losses");
        tileprop_model_free(model);
        begin();
    }
}

int main(void)
{
    bytes = (unsigned char *)at_the_end(ROWS * FEATURES);
    numbers = (float *)at_the_end(ROWS * FEATURES * sizeof *numbers);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (unsigned char)(i % CLASSES);
        large_labels[i] = (unsigned char)(i == 7 ? CLASSES : i % CLASSES);
        for (int f = 0; f < FEATURES; f++)
            numbers[i * FEATURES + f] = bytes[i * FEATURES + f] = (unsigned char)(f == i % CLASSES);
    }
    begin();
    check_sets();
    check_sizes();
    check_numbers();
    check_options();
    check_missing();
    check_wrong_numbers();
    check_first_weights();
    check_missing_values();
    check_functions();
    puts("ok");
    return 0;
}
