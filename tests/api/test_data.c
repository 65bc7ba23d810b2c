/* Data in every form that callers may pass: the same bits as from contiguous floats. */
#include <fenv.h>
#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tileprop/gradients.h"
#include "tileprop/run.h"

#define ROWS     60
#define FEATURES 4
#define CLASSES  3
#define STRIDE   7
#define FORMS    (sizeof forms / sizeof *forms)

static float f32[ROWS][FEATURES], f32_apart[ROWS][STRIDE];
static double f64[ROWS][FEATURES], f64_apart[ROWS][STRIDE];
static uint8_t u8[ROWS][FEATURES], u8_apart[ROWS][STRIDE], labels[ROWS];
static int64_t labels64[ROWS];
static char message[256];

/* The others of each type are compared with its first. */
static const struct form {
    const char *name;
    const void *samples;
    tileprop_type type;
    size_t stride;
} forms[] = {{"f32", f32, TILEPROP_F32, 0},
             {"f32 with the stride that it has anyway", f32, TILEPROP_F32, FEATURES},
             {"f32 with a stride", f32_apart, TILEPROP_F32, STRIDE},
             {"f64", f64, TILEPROP_F64, 0},
             {"f64 with a stride", f64_apart, TILEPROP_F64, STRIDE},
             {"u8", u8, TILEPROP_U8, 0},
             {"u8 with a stride", u8_apart, TILEPROP_U8, STRIDE}};

static tileprop_data data_of(const struct form *form)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = form->samples,
                           .type = form->type,
                           .labels = form->stride ? (const void *)labels64 : labels,
                           .label_type = form->stride ? TILEPROP_I64 : TILEPROP_U8,
                           .rows = ROWS,
                           .features = FEATURES,
                           .stride = form->stride};
}

static const struct form *first_of(const struct form *form)
{
    return &forms[form->type == TILEPROP_U8 ? 5 : 0];
}

static tileprop_options options_of(void)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden[0] = 5;
    options.hidden_count = 1;
    options.threads = 1;
    options.epochs = 2;
    return options;
}

/* A model's file, which has weights, normalization and the fingerprint of the data. */
static void *train(const tileprop_data *data, const tileprop_data *validation, double fraction, size_t *count)
{
    const tileprop_options options = options_of();
    tileprop_model *model;
    void *bytes = NULL;
    const tileprop_status status =
        validation ? tileprop_train(&options, data, validation, &model, NULL, NULL, message, sizeof message)
                   : tileprop_train_split(&options, data, fraction, &model, NULL, NULL, message, sizeof message);
    if (status || tileprop_model_save_memory(model, &bytes, count, message, sizeof message))
        fail_msg("%s", message);
    tileprop_model_free(model);
    return bytes;
}

static void check_training(const struct form *form, bool split)
{
    const tileprop_data data = data_of(form), expected = data_of(first_of(form));
    size_t sizes[2];
    void *found[2] = {train(&data, split ? NULL : &data, 0.2, &sizes[0]),
                      train(&expected, split ? NULL : &data, 0.2, &sizes[1])};
    if (sizes[0] != sizes[1] || memcmp(found[0], found[1], sizes[0]) != 0)
        fail_msg("%s: another model", form->name);
    tileprop_free(found[0]);
    tileprop_free(found[1]);
}

static void test_models_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        check_training(&forms[i], false);
        check_training(&forms[i], true);
        fesetround(FE_UPWARD);
        check_training(&forms[i], false);
        fesetround(FE_TONEAREST);
    }
}

struct outputs {
    float losses[ROWS], probabilities[ROWS][CLASSES], logits[ROWS][CLASSES];
    uint16_t classes[ROWS];
};

static tileprop_model *model_of(const tileprop_data *data)
{
    const tileprop_options options = options_of();
    tileprop_model *model;
    if (tileprop_train(&options, data, data, &model, NULL, NULL, message, sizeof message))
        fail_msg("%s", message);
    return model;
}

static void evaluate(const tileprop_model *model, const tileprop_data *data, size_t threads, struct outputs *to)
{
    const tileprop_outputs outputs = {sizeof outputs, to->losses, to->probabilities[0], to->logits[0], to->classes};
    memset(to, 0x55, sizeof *to);
    if (tileprop_evaluate(model, data, threads, &outputs, message, sizeof message))
        fail_msg("%s", message);
}

static void test_evaluations_are_the_same(void **state)
{
    struct outputs found, expected;
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const tileprop_data data = data_of(&forms[i]), first = data_of(first_of(&forms[i]));
        tileprop_model *model = model_of(&first);
        evaluate(model, &first, 1, &expected);
        evaluate(model, &data, 2, &found);
        if (memcmp(&found, &expected, sizeof found) != 0)
            fail_msg("%s: another evaluation", forms[i].name);
        tileprop_model_free(model);
    }
}

static void test_gradients_are_the_same(void **state)
{
    (void)state;
    const tileprop_options options = options_of();
    for (size_t i = 0; i < FORMS; i++) {
        tileprop_layer_gradients layers[2][2];
        const tileprop_data sets[2] = {data_of(&forms[i]), data_of(first_of(&forms[i]))};
        memset(layers, 0, sizeof layers);
        for (int k = 0; k < 2; k++) {
            tileprop_gradients found = {.size = sizeof found, .layers = layers[k], .layer_size = sizeof layers[k][0]};
            if (tileprop_check_gradients(&options, &sets[k], NULL, NULL, &found, message, sizeof message))
                fail_msg("%s", message);
            assert_int_equal(found.layer_count, 2);
        }
        for (int l = 0; l < 2; l++) /* padding follows the member `right` */
            assert_memory_equal(&layers[0][l], &layers[1][l], offsetof(tileprop_layer_gradients, right));
    }
}

/* A trainer made for data of one form without rows, and steps on batches of another. */
static uint64_t hash_of_steps(const struct form *form, const struct form *shape)
{
    static const float scale[FEATURES] = {1, 0.5F, 2, 0.25F}, shift[FEATURES] = {0, 1, -1, 0};
    tileprop_options options = options_of();
    tileprop_data data = data_of(form), without = data_of(shape);
    tileprop_trainer *trainer;
    tileprop_model *model = NULL;
    double loss, accuracy;
    without.samples = without.labels = NULL;
    without.rows = 0;
    without.classes = CLASSES;
    options.batch = ROWS;
    if (tileprop_trainer_create(&trainer, &options, &without, scale, shift, NULL, message, sizeof message) ||
        tileprop_trainer_step(trainer, &data, &loss, message, sizeof message) ||
        tileprop_trainer_evaluate(trainer, &data, &loss, &accuracy, message, sizeof message) ||
        tileprop_trainer_model(trainer, &model, message, sizeof message))
        fail_msg("%s", message);
    const uint64_t hash = tileprop_model_hash(model);
    tileprop_model_free(model);
    tileprop_trainer_free(trainer);
    return hash;
}

static void test_steps_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const struct form *first = first_of(&forms[i]);
        assert_true(hash_of_steps(&forms[i], first) == hash_of_steps(first, &forms[i]));
    }
}

static void test_f64_resolves_options_as_f32(void **state)
{
    (void)state;
    tileprop_options f = options_of(), d = f;
    tileprop_options_resolve(&f, TILEPROP_F32, ROWS);
    tileprop_options_resolve(&d, TILEPROP_F64, ROWS);
    assert_memory_equal(&f, &d, sizeof f);
}

static void test_softmax_of_logits_gives_the_probabilities(void **state)
{
    struct outputs found;
    float alone[ROWS][CLASSES];
    (void)state;
    const tileprop_data data = data_of(&forms[0]);
    tileprop_model *model = model_of(&data);
    evaluate(model, &data, 1, &found);
    for (size_t r = 0; r < ROWS; r++) {
        double sum = 0;
        for (size_t k = 0; k < CLASSES; k++) {
            sum += exp((double)found.logits[r][k]);
            assert_true(found.logits[r][k] <= found.logits[r][found.classes[r]]);
        }
        for (size_t k = 0; k < CLASSES; k++)
            assert_true(fabs(exp((double)found.logits[r][k]) / sum - (double)found.probabilities[r][k]) < 1e-6);
    }
    tileprop_data unlabelled = data;
    unlabelled.labels = NULL;
    const tileprop_outputs only = {.size = sizeof only, .logits = alone[0]};
    assert_int_equal(tileprop_evaluate(model, &unlabelled, 1, &only, message, sizeof message), TILEPROP_OK);
    assert_memory_equal(alone, found.logits, sizeof alone);
    tileprop_model_free(model);
}

/* In weights of small integers nothing is rounded. */
static void test_logits_are_the_last_layers_sums(void **state)
{
    static const float weights[2][2] = {{1, 2}, {3, -4}}, bias[2] = {10, 20}, samples[2][2] = {{1, 1}, {-2, 0.5F}};
    static const float expected[2][2] = {{13, 19}, {9, 12}};
    float logits[2][2];
    tileprop_model *model;
    (void)state;
    const tileprop_model_parts parts = {.size = sizeof parts,
                                        .features = 2,
                                        .layers = 1,
                                        .units = (const size_t[]){2},
                                        .weights = (const float *const[]){weights[0]},
                                        .biases = (const float *const[]){bias}};
    const tileprop_data data = {
        .size = sizeof data, .samples = samples, .type = TILEPROP_F32, .rows = 2, .features = 2};
    const tileprop_outputs outputs = {.size = sizeof outputs, .logits = logits[0]};
    assert_int_equal(tileprop_model_create(&model, &parts, message, sizeof message), TILEPROP_OK);
    assert_int_equal(tileprop_evaluate(model, &data, 1, &outputs, message, sizeof message), TILEPROP_OK);
    assert_memory_equal(logits, expected, sizeof logits);
    tileprop_model_free(model);
}

static void check_refusal(double value, const char *parts)
{
    const tileprop_options options = options_of();
    tileprop_data data = data_of(&forms[4]);
    const double before = f64_apart[7][2];
    f64_apart[7][2] = value;
    const tileprop_status status = tileprop_train(&options, &data, &data, NULL, NULL, NULL, message, sizeof message);
    f64_apart[7][2] = before;
    assert_int_equal(status, TILEPROP_BAD_INPUT);
    if (!has_parts(message, parts))
        fail_msg("\"%s\" lacks \"%s\"", message, parts);
}

static void test_values_beyond_float_are_refused(void **state)
{
    (void)state;
    check_refusal(1e39, "train: row 7: value 2: ... 3.40282e+38 ... found 1e+39");
    check_refusal(-1e300, "train: row 7: value 2: ... 3.40282e+38 ... found -1e+300");
    check_refusal(NAN, "train: row 7: value 2: ... finite ... found nan");
    check_refusal(INFINITY, "train: row 7: value 2: ... finite ... found inf");
}

/* Missing and infinite values are told by their samples' outputs, as with f32; only what is lost is an error. */
static void test_predictions_of_f64_that_are_not_finite(void **state)
{
    struct outputs found, expected;
    (void)state;
    tileprop_data doubles = data_of(&forms[3]), floats = data_of(&forms[0]);
    tileprop_model *model = model_of(&floats);
    f32[3][1] = NAN;
    f32[4][2] = INFINITY;
    f64[3][1] = NAN;
    f64[4][2] = INFINITY;
    evaluate(model, &floats, 1, &expected);
    evaluate(model, &doubles, 1, &found);
    assert_memory_equal(&found, &expected, sizeof found);
    assert_int_equal(found.classes[3], TILEPROP_NO_CLASS);
    assert_true(isnan(found.logits[3][0]) && isnan(found.logits[4][0]));
    f64[4][2] = 1e300;
    const tileprop_outputs none = {.size = sizeof none};
    assert_int_equal(tileprop_evaluate(model, &doubles, 1, &none, message, sizeof message), TILEPROP_BAD_INPUT);
    assert_true(has_parts(message, "data: row 4: value 2: ... found 1e+300"));
    doubles.rows = 0;
    assert_int_equal(tileprop_evaluate(model, &doubles, 1, &none, message, sizeof message), TILEPROP_OK);
    f64[3][1] = (double)(f32[3][1] = 0);
    f64[4][2] = (double)(f32[4][2] = 0);
    tileprop_model_free(model);
}

static void test_labels_beyond_int32_are_refused(void **state)
{
    (void)state;
    const tileprop_options options = options_of();
    const tileprop_data data = data_of(&forms[4]);
    const int64_t before = labels64[9];
    labels64[9] = INT64_C(1) << 32; /* its low half is 0 */
    assert_int_equal(tileprop_train(&options, &data, &data, NULL, NULL, NULL, message, sizeof message),
                     TILEPROP_BAD_INPUT);
    assert_true(has_parts(message, "train: row 9: ... found 4294967296"));
    labels64[9] = before;
}

/* A program compiled with headers of an older version, whose run_options are shorter. */
static void test_run_options_may_be_shorter(void **state)
{
    (void)state;
    tileprop_options options = options_of();
    const tileprop_data data = data_of(&forms[0]);
    const tileprop_run_options run = {.size = offsetof(tileprop_run_options, checkpoint),
                                      .checkpoint = (void (*)(void *, const tileprop_training_state *))1};
    options.run = &run;
    assert_int_equal(tileprop_train(&options, &data, &data, NULL, NULL, NULL, message, sizeof message), TILEPROP_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_are_the_same),
        cmocka_unit_test(test_evaluations_are_the_same),
        cmocka_unit_test(test_gradients_are_the_same),
        cmocka_unit_test(test_steps_are_the_same),
        cmocka_unit_test(test_f64_resolves_options_as_f32),
        cmocka_unit_test(test_softmax_of_logits_gives_the_probabilities),
        cmocka_unit_test(test_logits_are_the_last_layers_sums),
        cmocka_unit_test(test_values_beyond_float_are_refused),
        cmocka_unit_test(test_predictions_of_f64_that_are_not_finite),
        cmocka_unit_test(test_labels_beyond_int32_are_refused),
        cmocka_unit_test(test_run_options_may_be_shorter),
    };
    for (size_t r = 0; r < ROWS; r++) {
        labels64[r] = labels[r] = (uint8_t)(r % CLASSES);
        for (size_t i = 0; i < FEATURES; i++) {
            f64[r][i] = f64_apart[r][i] = (i == r % CLASSES) + 0.1 * (double)(r * i % 13); /* no float has these */
            f32[r][i] = f32_apart[r][i] = (float)f64[r][i];
            u8[r][i] = u8_apart[r][i] = (uint8_t)(100 * f64[r][i]);
        }
        for (size_t i = FEATURES; i < STRIDE; i++) {
            f64_apart[r][i] = (double)(f32_apart[r][i] = NAN); /* never read */
            u8_apart[r][i] = 77;
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
