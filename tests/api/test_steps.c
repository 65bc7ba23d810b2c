/* Training step by step: the bits of tileprop_train(), saving and restoring states, and invalid use. */
#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/scratch.h"
#include "tileprop/tileprop.h"

#define ROWS     130 /* four batches and two samples */
#define FEATURES 21
#define CLASSES  5
#define BATCH    32
#define EPOCHS   3

static float numbers[ROWS][FEATURES];
static uint8_t bytes[ROWS][FEATURES], labels[ROWS];
static const float class_weights[CLASSES] = {1, 2, 0.5F, 0, 1};
static float sample_weights[ROWS]; /* 0.5, 1, 1.5, 0, ... */
static char message[256];

static int fill(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS * FEATURES; i++) {
        bytes[i / FEATURES][i % FEATURES] = (uint8_t)(i * 2654435761U >> 24);
        numbers[i / FEATURES][i % FEATURES] = (float)(int)(i * 2654435761U >> 16) / 4096 - 5;
    }
    for (unsigned r = 0; r < ROWS; r++)
        labels[r] = (uint8_t)((bytes[r][0] / 64 + r) % CLASSES);
    for (unsigned r = 0; r < ROWS; r++)
        sample_weights[r] = 0.5F * (float)((r + 1) % 4);
    return 0;
}

static tileprop_data rows_of(tileprop_type type, size_t first, size_t rows)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = type == TILEPROP_U8 ? (const void *)bytes[first] : (const void *)numbers[first],
                           .type = type,
                           .labels = labels + first,
                           .label_type = TILEPROP_U8,
                           .rows = rows,
                           .features = FEATURES,
                           .classes = CLASSES,
                           .class_weights = class_weights,
                           .sample_weights = sample_weights + first};
}

static tileprop_options options_of(tileprop_optimizer optimizer, size_t threads)
{
    tileprop_options o;
    tileprop_options_init(&o, sizeof o);
    o.hidden[0] = 40;
    o.hidden[1] = 19;
    o.hidden_count = 2;
    o.optimizer = optimizer;
    o.batch = BATCH;
    o.epochs = EPOCHS;
    o.shuffle = o.drop_last = 0;
    o.threads_exact = threads;
    return o;
}

static void good(tileprop_status status)
{
    if (status != TILEPROP_OK)
        fail_msg("%s", message);
}

static tileprop_trainer *create(const tileprop_options *options, const tileprop_data *data)
{
    tileprop_trainer *trainer;
    good(tileprop_trainer_create(&trainer, options, data, NULL, NULL, NULL, message, sizeof message));
    return trainer;
}

static double step(tileprop_trainer *trainer, tileprop_type type, size_t number)
{
    const size_t first = number % (ROWS / BATCH + 1) * BATCH;
    const tileprop_data batch = rows_of(type, first, ROWS - first < BATCH ? ROWS - first : BATCH);
    double loss;
    good(tileprop_trainer_step(trainer, &batch, &loss, message, sizeof message));
    return loss;
}

static uint64_t hash(tileprop_trainer *trainer)
{
    tileprop_model *model;
    good(tileprop_trainer_model(trainer, &model, message, sizeof message));
    const uint64_t found = tileprop_model_hash(model);
    tileprop_model_free(model);
    return found;
}

static uint64_t train(const tileprop_options *options, tileprop_type type)
{
    const tileprop_data all = rows_of(type, 0, ROWS);
    tileprop_result result = {.size = sizeof result};
    good(tileprop_train(options, &all, &all, NULL, NULL, &result, message, sizeof message));
    return result.weights_hash;
}

static void test_steps_have_the_bits_of_a_run(void **state)
{
    static const struct {
        tileprop_type type;
        tileprop_optimizer optimizer;
        size_t threads;
    } all[] = {{TILEPROP_U8, TILEPROP_MOMENTUM, 1},
               {TILEPROP_F32, TILEPROP_ADAM, 2},
               {TILEPROP_F32, TILEPROP_SGD, 3},
               {TILEPROP_U8, TILEPROP_NESTEROV, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        tileprop_options options = options_of(all[i].optimizer, all[i].threads);
        options.lr_schedule = i % 2 ? TILEPROP_SCHEDULE_COSINE : TILEPROP_SCHEDULE_STEP;
        options.warmup = 3;
        options.lr_steps = EPOCHS * (ROWS / BATCH + 1);
        const tileprop_data data = rows_of(all[i].type, 0, ROWS);
        tileprop_trainer *trainer = create(&options, &data);
        options.lr_steps = 0; /* a run knows them */
        for (size_t s = 0; s < EPOCHS * (ROWS / BATCH + 1); s++)
            step(trainer, all[i].type, s);
        assert_true(hash(trainer) == train(&options, all[i].type));
        tileprop_trainer_free(trainer);
    }
}

static void test_a_state_is_restored(void **state)
{
    const tileprop_options options = options_of(TILEPROP_ADAM, 2), other = options_of(TILEPROP_SGD, 2);
    const tileprop_data data = rows_of(TILEPROP_F32, 0, ROWS), some = rows_of(TILEPROP_F32, 7, 20);
    char *path = scratch_path(*state, "state");
    tileprop_options shuffled = options;
    shuffled.shuffle = 1; /* which no step asks for */
    tileprop_trainer *one = create(&options, &data), *two = create(&shuffled, &some), *three = create(&other, &data);
    struct tp_error error = {""};
    for (size_t s = 0; s < 7; s++)
        step(one, TILEPROP_F32, s);
    good(tileprop_trainer_save(one, path, message, sizeof message));
    good(tileprop_trainer_restore(two, path, message, sizeof message));
    assert_true(hash(two) == hash(one));
    for (size_t s = 7; s < 12; s++)
        assert_true(step(one, TILEPROP_F32, s) == step(two, TILEPROP_F32, s));
    assert_true(hash(two) == hash(one));

    const uint64_t before = hash(three);
    check_failure(tileprop_trainer_restore(three, path, error.text, sizeof error.text), TILEPROP_USAGE, &error,
                  "optimizer: ... adam ... found sgd");
    check_failure(tileprop_trainer_restore(three, "/absent", error.text, sizeof error.text), TILEPROP_BAD_INPUT, &error,
                  "/absent");
    assert_true(hash(three) == before);
    tileprop_trainer_free(one);
    tileprop_trainer_free(two);
    tileprop_trainer_free(three);
    free(path);
}

static void test_evaluations_are_those_of_the_model(void **state)
{
    const tileprop_options options = options_of(TILEPROP_MOMENTUM, 2);
    tileprop_data data = rows_of(TILEPROP_U8, 0, ROWS);
    tileprop_trainer *trainer = create(&options, &data);
    tileprop_model *model;
    float losses[ROWS];
    uint16_t predicted[ROWS];
    double loss, accuracy, sum = 0, right = 0, all = 0;
    (void)state;
    step(trainer, TILEPROP_U8, 0);
    good(tileprop_trainer_evaluate(trainer, &data, &loss, &accuracy, message, sizeof message));
    good(tileprop_trainer_model(trainer, &model, message, sizeof message));
    const tileprop_outputs outputs = {.size = sizeof outputs, .losses = losses, .classes = predicted};
    good(tileprop_evaluate(model, &data, 1, &outputs, message, sizeof message));
    for (size_t r = 0; r < ROWS; r++) {
        const double weight = (double)sample_weights[r];
        sum += weight * (double)losses[r];
        right += predicted[r] == labels[r] ? weight : 0;
        all += weight;
    }
    assert_true(loss == sum / all && accuracy == right / all);

    /* A model is where another trainer begins, without samples. */
    data.rows = 0;
    data.samples = data.labels = NULL;
    tileprop_options from = options;
    from.initial_weights = model;
    tileprop_trainer *next = create(&from, &data);
    assert_true(hash(next) == hash(trainer));
    data = rows_of(TILEPROP_U8, 0, ROWS);
    good(tileprop_trainer_evaluate(next, &data, &loss, NULL, message, sizeof message));
    assert_true(loss == sum / all);
    tileprop_trainer_free(next);
    tileprop_model_free(model);
    tileprop_trainer_free(trainer);
}

static void test_normalization_is_given(void **state)
{
    const tileprop_options options = options_of(TILEPROP_MOMENTUM, 1);
    tileprop_data shape = rows_of(TILEPROP_F32, 0, 0);
    const float *kept, *kept_shift;
    float scale[FEATURES], shift[FEATURES];
    tileprop_trainer *trainer;
    tileprop_model *model;
    (void)state;
    shape.samples = shape.labels = NULL;
    for (size_t i = 0; i < FEATURES; i++) {
        scale[i] = 0.5F + (float)i;
        shift[i] = -(float)i;
    }
    good(tileprop_trainer_create(&trainer, &options, &shape, scale, shift, NULL, message, sizeof message));
    step(trainer, TILEPROP_F32, 0);
    good(tileprop_trainer_model(trainer, &model, message, sizeof message));
    kept = tileprop_model_normalization(model, &kept_shift);
    assert_memory_equal(kept, scale, sizeof scale);
    assert_memory_equal(kept_shift, shift, sizeof shift);
    tileprop_model_free(model);
    tileprop_trainer_free(trainer);
}

static void refuse(tileprop_status expected, const tileprop_data *data, const float *scale, const float *shift,
                   const char *text)
{
    const tileprop_options options = options_of(TILEPROP_SGD, 1);
    struct tp_error error = {""};
    tileprop_trainer *trainer;
    check_failure(tileprop_trainer_create(&trainer, &options, data, scale, shift, NULL, error.text, sizeof error.text),
                  expected, &error, text);
    assert_null(trainer);
}

static void test_refuses(void **state)
{
    static const float bad[FEATURES] = {NAN};
    tileprop_options options = options_of(TILEPROP_SGD, 1);
    tileprop_data data = rows_of(TILEPROP_F32, 0, 0);
    struct tp_error error = {""};
    double loss = 0;
    (void)state;
    refuse(TILEPROP_USAGE, NULL, NULL, NULL, "data: ... found NULL");
    refuse(TILEPROP_USAGE, &data, NULL, NULL, "data: ... scale and shift ... found 0 rows");
    refuse(TILEPROP_USAGE, &data, bad, NULL, "shift: ... found NULL");
    refuse(TILEPROP_BAD_INPUT, &data, bad, bad, "scale[0]: ... finite ... found nan");
    data.classes = 0;
    refuse(TILEPROP_USAGE, &data, NULL, NULL, "data: expected, without rows, ... found 21 and 0");

    char name[] = "here";
    data = rows_of(TILEPROP_F32, 0, ROWS);
    data.name = name;
    tileprop_trainer *trainer = create(&options, &data);
    memset(name, '?', strlen(name)); /* which is the caller's again */
    data.name = NULL;
    const uint64_t before = hash(trainer);
    check_failure(tileprop_trainer_step(trainer, &data, &loss, error.text, sizeof error.text), TILEPROP_BAD_INPUT,
                  &error, "batch: ... 32 rows ... found 130");
    assert_true(isnan(loss));
    data = rows_of(TILEPROP_U8, 0, 5);
    check_failure(tileprop_trainer_step(trainer, &data, &loss, error.text, sizeof error.text), TILEPROP_BAD_INPUT,
                  &error, "batch: ... f32 ... the trainer's data ... u8");
    assert_true(hash(trainer) == before);
    tileprop_trainer_free(trainer);
    tileprop_trainer_free(NULL);
    options.lr_schedule = TILEPROP_SCHEDULE_COSINE;
    check_failure(tileprop_trainer_create(&trainer, &options, &data, NULL, NULL, NULL, error.text, sizeof error.text),
                  TILEPROP_USAGE, &error, "lr_steps: ... lr_schedule cosine ... number");
}

static void test_divergence_is_reported_and_undone(void **state)
{
    char *path = scratch_path(*state, "state");
    tileprop_options options = options_of(TILEPROP_MOMENTUM, 2);
    const tileprop_data data = rows_of(TILEPROP_F32, 0, BATCH);
    tileprop_status status = TILEPROP_OK;
    struct tp_error error = {""};
    double loss;
    options.learning_rate = 1000;
    options.activation = TILEPROP_RELU;
    options.weight_decay = 1;
    tileprop_trainer *trainer = create(&options, &data);
    good(tileprop_trainer_save(trainer, path, message, sizeof message));
    const uint64_t before = hash(trainer);
    for (size_t s = 0; s < 100 && status == TILEPROP_OK; s++)
        status = tileprop_trainer_step(trainer, &data, &loss, error.text, sizeof error.text);
    check_failure(status, TILEPROP_DIVERGED, &error, "loss of the batch ... not finite");
    good(tileprop_trainer_restore(trainer, path, message, sizeof message));
    assert_true(hash(trainer) == before);
    tileprop_trainer_free(trainer);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_have_the_bits_of_a_run),
        cmocka_unit_test_setup_teardown(test_a_state_is_restored, scratch_make, scratch_remove),
        cmocka_unit_test(test_evaluations_are_those_of_the_model),
        cmocka_unit_test(test_normalization_is_given),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test_setup_teardown(test_divergence_is_reported_and_undone, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
