/* Samples far from 0 and close together: training and prediction keep the differences of doubles. */
#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tileprop/tileprop.h"

#define ROWS     600
#define FEATURES 3
#define CLASSES  2
#define BATCH    32

/* The same values, near 0 and far from it: sums of a multiple of a power of two, so that both are exact. */
static double near[ROWS][FEATURES], far[ROWS][FEATURES];
static float narrow[ROWS][FEATURES];
static const double away[FEATURES] = {1600000000, 2451545, 0};
static uint8_t labels[ROWS];
static char message[256];

struct outputs {
    float losses[ROWS], probabilities[ROWS][CLASSES];
    uint16_t classes[ROWS];
};

static tileprop_data data_of(const void *samples, tileprop_type type)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = samples,
                           .type = type,
                           .labels = labels,
                           .label_type = TILEPROP_U8,
                           .rows = ROWS,
                           .features = FEATURES};
}

static tileprop_options options_of(int normalize)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = 1;
    options.hidden[0] = 5;
    options.threads = 1;
    options.epochs = 3;
    options.batch = BATCH;
    options.shuffle = 0;
    options.normalize = normalize;
    return options;
}

static tileprop_model *train(const tileprop_options *options, const tileprop_data *data, tileprop_result *result)
{
    tileprop_model *model;
    result->size = sizeof *result;
    if (tileprop_train(options, data, data, &model, NULL, result, message, sizeof message))
        fail_msg("%s", message);
    return model;
}

static void evaluate(const tileprop_model *model, const tileprop_data *data, struct outputs *to)
{
    const tileprop_outputs outputs = {sizeof outputs, to->losses, to->probabilities[0], NULL, to->classes};
    if (tileprop_evaluate(model, data, 2, &outputs, message, sizeof message))
        fail_msg("%s", message);
}

static double loss_of(const struct outputs *outputs)
{
    double sum = 0;
    for (size_t r = 0; r < ROWS; r++)
        sum += (double)outputs->losses[r];
    return sum / ROWS;
}

static void check_offsets(const tileprop_model *model)
{
    const double *offsets = tileprop_model_offsets(model);
    assert_non_null(offsets);
    assert_true(offsets[0] >= away[0] && offsets[0] < away[0] + 10 && offsets[1] >= away[1] && offsets[2] == 0);
}

static void test_differences_are_kept(void **state)
{
    static struct outputs found, expected;
    const tileprop_options options = options_of(TILEPROP_AUTO);
    const tileprop_data data = data_of(far, TILEPROP_F64), close = data_of(near, TILEPROP_F64);
    tileprop_result result, as_near;
    tileprop_model *model = train(&options, &data, &result), *other = train(&options, &close, &as_near);
    (void)state;
    check_offsets(model);
    assert_null(tileprop_model_offsets(other));
    assert_true(result.train_accuracy > 0.9);
    assert_true(fabs(result.train_loss - as_near.train_loss) < 1e-4);
    evaluate(model, &data, &found);
    assert_true(fabs(loss_of(&found) - result.train_loss) < 1e-12);

    /* Every way to pass the same samples. */
    memset(&expected, 0, sizeof expected);
    tileprop_predict_f64(model, far[0], ROWS, expected.probabilities[0], expected.classes);
    assert_memory_equal(found.probabilities, expected.probabilities, sizeof found.probabilities);
    assert_memory_equal(found.classes, expected.classes, sizeof found.classes);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < FEATURES; j++)
            narrow[r][j] = (float)(far[r][j] - tileprop_model_offsets(model)[j]);
    tileprop_data relative = data_of(narrow, TILEPROP_F32);
    relative.offset = tileprop_model_offsets(model);
    evaluate(model, &relative, &expected);
    assert_memory_equal(&found, &expected, sizeof found);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < FEATURES; j++)
            narrow[r][j] = (float)(far[r][j] - away[j]);
    relative.offset = away;
    evaluate(model, &relative, &expected);
    assert_memory_equal(&found, &expected, sizeof found);

    /* Floats are whole values, as doubles are. */
    static double widened[ROWS][FEATURES];
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < FEATURES; j++)
            widened[r][j] = (double)(narrow[r][j] = (float)far[r][j]);
    tileprop_predict_f64(model, widened[0], ROWS, expected.probabilities[0], expected.classes);
    tileprop_predict_f32(model, narrow[0], ROWS, found.probabilities[0], found.classes);
    assert_memory_equal(found.probabilities, expected.probabilities, sizeof found.probabilities);
    const tileprop_data floats = data_of(narrow, TILEPROP_F32);
    evaluate(model, &floats, &found);
    assert_memory_equal(found.probabilities, expected.probabilities, sizeof found.probabilities);
    tileprop_model_free(model);
    tileprop_model_free(other);
}

static void test_a_missing_value_and_one_too_large(void **state)
{
    static const size_t units[1] = {CLASSES};
    static const float scale[FEATURES] = {1, 1, 1}, shift[FEATURES] = {0}, means[FEATURES] = {3, 4, 5},
                       weights[CLASSES][FEATURES] = {{1, 2, 3}, {3, 1, 2}};
    static const float *const layers[1] = {weights[0]};
    tileprop_model_parts parts = {.size = sizeof parts,
                                  .features = FEATURES,
                                  .layers = 1,
                                  .units = units,
                                  .weights = layers,
                                  .scale = scale,
                                  .shift = shift,
                                  .imputed = means,
                                  .offset = away};
    tileprop_model *model, *loaded = NULL;
    double samples[3][FEATURES] = {{NAN, NAN, NAN}, {away[0] + 3, away[1] + 4, 5}, {0, 1e300, 0}};
    float found[3][CLASSES];
    uint16_t classes[3];
    void *bytes = NULL;
    size_t count;
    (void)state;
    if (tileprop_model_create(&model, &parts, message, sizeof message) ||
        tileprop_model_save_memory(model, &bytes, &count, message, sizeof message) ||
        tileprop_model_load_memory(&loaded, bytes, count, message, sizeof message))
        fail_msg("%s", message);
    assert_memory_equal(tileprop_model_offsets(loaded), away, sizeof away);
    tileprop_predict_f64(loaded, samples[0], 3, found[0], classes);
    assert_memory_equal(found[0], found[1], sizeof found[0]);
    assert_true(isfinite(found[0][0]) && isnan(found[2][0]) && classes[2] == TILEPROP_NO_CLASS);
    const double wrong[FEATURES] = {0, NAN, 0};
    tileprop_model *none;
    parts.offset = wrong;
    assert_int_equal(tileprop_model_create(&none, &parts, message, sizeof message), TILEPROP_BAD_INPUT);
    assert_non_null(strstr(message, "parts: offset[1]: expected a magnitude of at most"));
    tileprop_free(bytes);
    tileprop_model_free(model);
    tileprop_model_free(loaded);
}

static void test_modes(void **state)
{
    const tileprop_data data = data_of(far, TILEPROP_F64);
    static const int without[] = {TILEPROP_NORMALIZE_NONE, TILEPROP_NORMALIZE_SCALE, TILEPROP_NORMALIZE_GLOBAL};
    tileprop_result result;
    (void)state;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        const tileprop_options options = options_of(without[i]);
        tileprop_model *model = train(&options, &data, &result);
        assert_null(tileprop_model_offsets(model));
        tileprop_model_free(model);
    }
    tileprop_data one = data; /* the first column alone has one offset for all */
    one.features = 1;
    one.stride = FEATURES;
    const tileprop_options options = options_of(TILEPROP_NORMALIZE_GLOBAL);
    tileprop_model *model = train(&options, &one, &result);
    assert_non_null(tileprop_model_offsets(model));
    assert_true(result.train_accuracy > 0.8);
    tileprop_model_free(model);
}

/* Steps on batches of doubles, whose own least values differ. */
static void test_steps(void **state)
{
    const tileprop_options options = options_of(TILEPROP_AUTO);
    const tileprop_data data = data_of(far, TILEPROP_F64);
    tileprop_result result;
    tileprop_model *model = train(&options, &data, &result), *stepped = NULL;
    tileprop_trainer *trainer;
    double loss, accuracy;
    (void)state;
    if (tileprop_trainer_create(&trainer, &options, &data, NULL, NULL, NULL, message, sizeof message))
        fail_msg("%s", message);
    for (size_t epoch = 0; epoch < options.epochs; epoch++) {
        for (size_t r = 0; r < ROWS; r += BATCH) {
            tileprop_data batch = data;
            batch.samples = far[r];
            batch.labels = labels + r;
            batch.rows = ROWS - r < BATCH ? ROWS - r : BATCH;
            if (tileprop_trainer_step(trainer, &batch, NULL, message, sizeof message))
                fail_msg("%s", message);
        }
    }
    if (tileprop_trainer_evaluate(trainer, &data, &loss, &accuracy, message, sizeof message) ||
        tileprop_trainer_model(trainer, &stepped, message, sizeof message))
        fail_msg("%s", message);
    assert_true(loss == result.train_loss);
    assert_true(tileprop_model_hash(stepped) == tileprop_model_hash(model));
    check_offsets(stepped);
    tileprop_trainer_free(trainer);
    tileprop_model_free(stepped);
    tileprop_model_free(model);
}

/* Data that would have other offsets get those of the initial weights. */
static void test_initial_weights(void **state)
{
    tileprop_options options = options_of(TILEPROP_AUTO);
    const tileprop_data data = data_of(far, TILEPROP_F64);
    tileprop_data rest = data;
    tileprop_result result;
    tileprop_model *model = train(&options, &data, &result), *next;
    (void)state;
    rest.samples = far[ROWS / 2];
    rest.rows = ROWS / 2;
    options.initial_weights = model;
    for (int renormalize = 0; renormalize < 2; renormalize++) {
        options.renormalize = renormalize;
        next = train(&options, &rest, &result);
        assert_memory_equal(tileprop_model_offsets(next), tileprop_model_offsets(model), FEATURES * sizeof(double));
        assert_true(result.train_accuracy > 0.9);
        tileprop_model_free(next);
    }
    static const uint8_t bytes[ROWS][FEATURES] = {{0}};
    const tileprop_data u8 = data_of(bytes, TILEPROP_U8);
    options.renormalize = 0;
    assert_int_equal(tileprop_train(&options, &u8, &u8, &next, NULL, NULL, message, sizeof message),
                     TILEPROP_BAD_INPUT);
    assert_non_null(strstr(message, "u8"));
    tileprop_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences_are_kept), cmocka_unit_test(test_a_missing_value_and_one_too_large),
        cmocka_unit_test(test_modes), cmocka_unit_test(test_steps), cmocka_unit_test(test_initial_weights)};
    for (size_t r = 0; r < ROWS; r++) {
        labels[r] = (uint8_t)(r * 7 % 5 < 2);
        near[r][0] = (double)((r * 37 + 3) % 101) + (labels[r] ? 70 : 1);
        near[r][1] = (double)(r * 53 % 89) / 1024 + (labels[r] ? 0.0625 : 0);
        near[r][2] = (double)(r * 29 % 83) / 64;
        for (size_t j = 0; j < FEATURES; j++)
            far[r][j] = near[r][j] + away[j];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
