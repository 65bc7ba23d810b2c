/* Models created from arrays: what they predict, describe and refuse. */
#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tileprop/tileprop.h"

#define FEATURES 3
#define UNITS    2
#define CLASSES  3

static const size_t units[] = {UNITS, CLASSES};
static const float hidden[UNITS][FEATURES] = {{0.5F, -1, 2}, {0, 0.25F, -0.5F}};
static const float output[CLASSES][UNITS] = {{1, -1}, {0.5F, 2}, {-3, 0}};
static const float hidden_bias[UNITS] = {0.1F, -0.2F}, output_bias[CLASSES] = {0, 0.3F, -0.1F};
static const float *const weights[] = {hidden[0], output[0]}, *const biases[] = {hidden_bias, output_bias};
static const float scale[FEATURES] = {2, 1, 0.5F}, shift[FEATURES] = {-1, 0, 0.25F}, imputed[FEATURES] = {0, 7, 0};
static const char *const feature_names[] = {"length", "width", "h\xc3\xb6he"}, *const class_names[] = {"a", "b", "c"};

static tileprop_model_parts all_parts(void)
{
    return (tileprop_model_parts){.size = sizeof(tileprop_model_parts),
                                  .features = FEATURES,
                                  .layers = 2,
                                  .units = units,
                                  .activation = TILEPROP_RELU,
                                  .weights = weights,
                                  .biases = biases,
                                  .scale = scale,
                                  .shift = shift,
                                  .imputed = imputed,
                                  .feature_names = feature_names,
                                  .class_names = class_names};
}

static tileprop_model *create(const tileprop_model_parts *parts)
{
    char message[256];
    tileprop_model *model;
    if (tileprop_model_create(&model, parts, message, sizeof message))
        fail_msg("%s", message);
    return model;
}

/* The probabilities in double, from the definition. */
static void expect(const float *sample, double p[CLASSES])
{
    double a[UNITS], sum = 0;
    for (size_t u = 0; u < UNITS; u++) {
        double z = (double)hidden_bias[u];
        for (size_t i = 0; i < FEATURES; i++)
            z += (double)hidden[u][i] * ((double)sample[i] * (double)scale[i] + (double)shift[i]);
        a[u] = z > 0 ? z : 0;
    }
    for (size_t k = 0; k < CLASSES; k++) {
        double z = (double)output_bias[k];
        for (size_t u = 0; u < UNITS; u++)
            z += (double)output[k][u] * a[u];
        sum += p[k] = exp(z);
    }
    for (size_t k = 0; k < CLASSES; k++)
        p[k] /= sum;
}

static void assert_predicts(const tileprop_model *model)
{
    static const float samples[][FEATURES] = {{1, 2, 3}, {-0.5F, 0, 4}, {9, -9, 0}};
    for (size_t r = 0; r < 3; r++) {
        float found[CLASSES];
        double expected[CLASSES];
        tileprop_predict_f32(model, samples[r], 1, found, NULL);
        expect(samples[r], expected);
        for (size_t k = 0; k < CLASSES; k++)
            assert_true(fabs((double)found[k] - expected[k]) < 1e-6);
    }
}

static void test_predicts_from_its_arrays(void **state)
{
    char message[256];
    void *bytes;
    size_t count;
    const tileprop_model_parts parts = all_parts();
    tileprop_model *model = create(&parts), *read = NULL;
    (void)state;
    assert_predicts(model);
    if (tileprop_model_save_memory(model, &bytes, &count, message, sizeof message) ||
        tileprop_model_load_memory(&read, bytes, count, message, sizeof message))
        fail_msg("%s", message);
    assert_predicts(read);
    assert_true(tileprop_model_hash(read) == tileprop_model_hash(model));
    assert_string_equal(tileprop_model_feature_name(read, 2), feature_names[2]);
    assert_null(tileprop_model_feature_name(read, FEATURES));
    assert_string_equal(tileprop_model_class_name(read, 1), "b");
    assert_true(tileprop_model_imputed(read)[1] == 7);
    free(bytes);
    tileprop_model_free(read);
    tileprop_model_free(model);
}

static void test_defaults_replace_missing_arguments(void **state)
{
    const size_t one[] = {4};
    const tileprop_model_parts parts = {.size = sizeof parts, .features = 1, .layers = 1, .units = one};
    tileprop_model *model = create(&parts);
    const float sample = 5, *bias;
    float found[4];
    (void)state;
    tileprop_predict_f32(model, &sample, 1, found, NULL);
    for (size_t k = 0; k < 4; k++)
        assert_true(found[k] == 0.25F);
    assert_string_equal(tileprop_model_class_name(model, 3), "3");
    assert_null(tileprop_model_feature_name(model, 0));
    assert_null(tileprop_model_imputed(model));
    assert_non_null(tileprop_model_weights(model, 0, &bias));
    assert_null(bias);
    tileprop_model_free(model);
}

static void test_weights_are_replaced(void **state)
{
    static const float zeros[CLASSES * UNITS];
    char message[256];
    tileprop_model_parts parts = all_parts();
    parts.weights = NULL;
    tileprop_model *model = create(&parts);
    const uint64_t before = tileprop_model_hash(model);
    (void)state;
    for (size_t l = 0; l < 2; l++)
        assert_int_equal(tileprop_model_set_weights(model, l, weights[l], biases[l], message, sizeof message), 0);
    assert_predicts(model);
    assert_true(tileprop_model_hash(model) != before);
    const float bad[UNITS] = {1, NAN};
    assert_int_equal(tileprop_model_set_weights(model, 0, NULL, bad, message, sizeof message), TILEPROP_BAD_INPUT);
    assert_int_equal(tileprop_model_set_weights(model, 2, zeros, NULL, message, sizeof message), TILEPROP_USAGE);
    assert_predicts(model);
    tileprop_model_free(model);
    parts.biases = NULL;
    model = create(&parts);
    assert_int_equal(tileprop_model_set_weights(model, 0, NULL, hidden_bias, message, sizeof message), TILEPROP_USAGE);
    tileprop_model_free(model);
}

static void refuse(tileprop_status expected, const tileprop_model_parts *parts, const char *text)
{
    struct tp_error error = {""};
    tileprop_model *model;
    const tileprop_status status = tileprop_model_create(&model, parts, error.text, sizeof error.text);
    check_failure(status, expected, &error, text);
    assert_null(model);
}

static void test_refuses(void **state)
{
    static const float not_finite[FEATURES] = {1, INFINITY, 1};
    const size_t none[] = {0}, many[] = {70000};
    const float *const bad[] = {hidden[0], not_finite};
    const char *const missing[] = {"a", NULL, "c"}, *const latin[] = {"a", "h\xf6he", "c"};
    tileprop_model_parts p = all_parts();
    (void)state;
    refuse(TILEPROP_USAGE, NULL, "parts: ... found NULL");
    p.size = 8;
    refuse(TILEPROP_USAGE, &p, "parts: ... found 8");
    p = all_parts(), p.features = 0;
    refuse(TILEPROP_USAGE, &p, "parts: features: ... 1 ... found 0");
    p = all_parts(), p.layers = 66;
    refuse(TILEPROP_USAGE, &p, "parts: layers: ... 1 to 65 ... found 66");
    p = all_parts(), p.units = NULL;
    refuse(TILEPROP_USAGE, &p, "parts: units: ... found NULL");
    p = all_parts(), p.units = none, p.layers = 1;
    refuse(TILEPROP_USAGE, &p, "parts: units[0]: ... found 0");
    p.units = many;
    refuse(TILEPROP_USAGE, &p, "parts: units[0]: ... found 70000");
    p = all_parts(), p.activation = TILEPROP_LINEAR;
    refuse(TILEPROP_USAGE, &p, "parts: activation: ... found 0");
    p = all_parts(), p.shift = not_finite;
    refuse(TILEPROP_BAD_INPUT, &p, "parts: shift[1]: ... finite ... found inf");
    p = all_parts(), p.weights = bad;
    refuse(TILEPROP_BAD_INPUT, &p, "layer 1: weights[1]: ... finite ... found inf");
    p = all_parts(), p.class_names = missing;
    refuse(TILEPROP_USAGE, &p, "parts: class_names[1]: ... found NULL");
    p = all_parts(), p.class_names = latin;
    refuse(TILEPROP_BAD_INPUT, &p, "parts: ... names ... UTF-8");
    p = all_parts(), p.feature_names = missing;
    refuse(TILEPROP_USAGE, &p, "parts: feature_names[1]: ... found NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicts_from_its_arrays),
        cmocka_unit_test(test_defaults_replace_missing_arguments),
        cmocka_unit_test(test_weights_are_replaced),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
