/* Sparse rows: models, evaluations and messages equal those of the same samples as dense floats. */
#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/scratch.h"
#include "tileprop/gradients.h"
#include "tileprop/run.h"

#define ROWS     150 /* some of these, and one whole batch, have no entry */
#define HELD_OUT 40  /* the last rows, for validation */
#define FEATURES 150 /* three words of marks; the last word and the last panel are not full */
#define CLASSES  3
#define BATCH    16

static float dense[ROWS][FEATURES];
static float values[ROWS * FEATURES];
static int32_t indices[ROWS * FEATURES];
static int64_t indptr[ROWS + 1];
static uint8_t labels[ROWS];
static char message[256];

/* Feature 0 is rarely 0, so that it is not split; feature 1 has entries that are 0; feature 2 is always 0. */
static int fill(void **state)
{
    (void)state;
    int64_t next = 0;
    for (unsigned r = 0; r < ROWS; r++) {
        labels[r] = (uint8_t)(r * 2654435761U >> 16) % CLASSES;
        for (unsigned j = 0; j < FEATURES; j++) {
            const unsigned random = (r * FEATURES + j + 1) * 2654435761U, draw = random >> 8 & 0xff;
            const bool empty = r == 0 || r == 77 || (r >= BATCH && r < 2 * BATCH), there = draw < 20 && j != 2;
            if (empty || !(j == 0 || j == 1 || there))
                continue;
            dense[r][j] = (float)(int)(random >> 16) / 4096 - 5 + 3 * labels[r];
            if (j == 1)
                dense[r][j] = draw < 100 ? 0 : draw < 200 ? -0.0F : 7;
            indices[next] = (int32_t)j;
            values[next++] = dense[r][j];
        }
        indptr[r + 1] = next;
    }
    return 0;
}

static tileprop_data dense_rows(size_t first, size_t rows)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = dense[first],
                           .type = TILEPROP_F32,
                           .labels = labels + first,
                           .label_type = TILEPROP_U8,
                           .rows = rows,
                           .features = FEATURES,
                           .classes = CLASSES};
}

/* Whose entries are numbered among those of all rows. */
static tileprop_data sparse_rows(size_t first, size_t rows)
{
    tileprop_data data = dense_rows(first, rows);
    data.samples = NULL;
    data.type = TILEPROP_CSR;
    data.indptr = indptr + first;
    data.indices = indices;
    data.values = values;
    return data;
}

static tileprop_options options_of(tileprop_optimizer optimizer, int normalize)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = 1;
    options.hidden[0] = 37;
    options.optimizer = optimizer;
    options.normalize = normalize;
    options.batch = BATCH;
    options.epochs = 3;
    options.shuffle = 0;
    return options;
}

static void good(tileprop_status status)
{
    if (status != TILEPROP_OK)
        fail_msg("%s", message);
}

/* The bytes of a model's file: weights, normalization and the fingerprint of the data. */
static void *train(const tileprop_options *options, const tileprop_data *data, size_t *count)
{
    tileprop_model *model;
    void *bytes;
    good(tileprop_train_split(options, data, (double)HELD_OUT / ROWS, &model, NULL, NULL, message, sizeof message));
    good(tileprop_model_save_memory(model, &bytes, count, message, sizeof message));
    tileprop_model_free(model);
    return bytes;
}

static void check_models(tileprop_optimizer optimizer, int normalize)
{
    const tileprop_data full = dense_rows(0, ROWS), sparse = sparse_rows(0, ROWS);
    tileprop_options options = options_of(optimizer, normalize);
    size_t wanted, size;
    int runs_here;
    options.threads_exact = 1;
    void *expected = train(&options, &full, &wanted);
    for (size_t i = 0; (options.isa = tileprop_isa(i, &runs_here)); i++) {
        for (size_t way = 0; runs_here && way < 4; way++) {
            options.threads_exact = 1 + way % 2;
            options.zeros = way < 2 ? TILEPROP_ZEROS_SKIP : TILEPROP_ZEROS_MULTIPLY;
            void *found = train(&options, &sparse, &size);
            if (size != wanted || memcmp(found, expected, size) != 0)
                fail_msg("%s, way %zu, optimizer %d, normalize %d: another model", options.isa, way, (int)optimizer,
                         normalize);
            tileprop_free(found);
        }
    }
    tileprop_free(expected);
}

static void test_models_are_the_same(void **state)
{
    static const tileprop_optimizer optimizers[] = {TILEPROP_SGD, TILEPROP_MOMENTUM, TILEPROP_ADAM};
    static const int modes[] = {TILEPROP_NORMALIZE_SCALE, TILEPROP_NORMALIZE_FEATURE, TILEPROP_NORMALIZE_GLOBAL,
                                TILEPROP_NORMALIZE_NONE};
    (void)state;
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        for (size_t k = 0; k < sizeof modes / sizeof *modes; k++)
            check_models(optimizers[i], modes[k]);
}

static void test_normalization_is_scale_by_default(void **state)
{
    const tileprop_data data = sparse_rows(0, ROWS);
    const tileprop_options options = options_of(TILEPROP_SGD, TILEPROP_AUTO);
    tileprop_model *model;
    (void)state;
    good(tileprop_train(&options, &data, &data, &model, NULL, NULL, message, sizeof message));
    assert_string_equal(tileprop_model_text(model, "normalize"), "scale");
    assert_true(isfinite(strtod(tileprop_model_text(model, "mean"), NULL)));
    tileprop_model_free(model);
}

struct outputs {
    float losses[ROWS], probabilities[ROWS][CLASSES], logits[ROWS][CLASSES];
    uint16_t classes[ROWS];
};

static void evaluate(const tileprop_model *model, const tileprop_data *data, size_t threads, struct outputs *to)
{
    const tileprop_outputs outputs = {sizeof outputs, to->losses, to->probabilities[0], to->logits[0], to->classes};
    memset(to, 0x55, sizeof *to);
    good(tileprop_evaluate(model, data, threads, &outputs, message, sizeof message));
}

/* Also with values that are not finite. */
static void test_evaluations_are_the_same(void **state)
{
    const tileprop_data full = dense_rows(0, ROWS), sparse = sparse_rows(0, ROWS);
    const tileprop_options options = options_of(TILEPROP_MOMENTUM, TILEPROP_NORMALIZE_FEATURE);
    struct outputs found, expected;
    tileprop_model *model;
    (void)state;
    good(tileprop_train(&options, &full, &full, &model, NULL, NULL, message, sizeof message));
    for (int bad = 0; bad < 3; bad++) {
        const float kept = values[5];
        size_t row = 0;
        while (indptr[row + 1] <= 5)
            row++;
        values[5] = dense[row][indices[5]] = bad == 0 ? kept : bad == 1 ? NAN : INFINITY;
        evaluate(model, &full, 1, &expected);
        for (size_t threads = 1; threads <= 2; threads++) {
            evaluate(model, &sparse, threads, &found);
            assert_memory_equal(&found.classes, &expected.classes, sizeof found.classes);
            for (size_t r = 0; r < ROWS; r++)
                if (!(bad && r == row)) {
                    assert_memory_equal(&found.losses[r], &expected.losses[r], sizeof *found.losses);
                    assert_memory_equal(found.logits[r], expected.logits[r], sizeof found.logits[r]);
                    assert_memory_equal(found.probabilities[r], expected.probabilities[r],
                                        sizeof found.probabilities[r]);
                }
        }
        values[5] = dense[row][indices[5]] = kept;
    }
    tileprop_model_free(model);
}

static uint64_t hash(tileprop_trainer *trainer)
{
    tileprop_model *model;
    good(tileprop_trainer_model(trainer, &model, message, sizeof message));
    const uint64_t found = tileprop_model_hash(model);
    tileprop_model_free(model);
    return found;
}

/* A trainer made for sparse rows takes batches of either kind, as does one that knows only the number of features. */
static void test_steps_are_the_same(void **state)
{
    const tileprop_options options = options_of(TILEPROP_ADAM, TILEPROP_NORMALIZE_SCALE);
    const tileprop_data full = dense_rows(0, ROWS), sparse = sparse_rows(0, ROWS);
    const tileprop_data unknown = {
        .size = sizeof unknown, .type = TILEPROP_CSR, .features = FEATURES, .classes = CLASSES};
    float scale[FEATURES], shift[FEATURES] = {0};
    tileprop_trainer *trainers[3];
    tileprop_model *model;
    double losses[3], accuracy;
    (void)state;
    good(tileprop_trainer_create(&trainers[0], &options, &full, NULL, NULL, NULL, message, sizeof message));
    good(tileprop_trainer_create(&trainers[1], &options, &sparse, NULL, NULL, NULL, message, sizeof message));
    good(tileprop_trainer_model(trainers[0], &model, message, sizeof message));
    const float *no_shift;
    memcpy(scale, tileprop_model_normalization(model, &no_shift), sizeof scale);
    good(tileprop_trainer_create(&trainers[2], &options, &unknown, scale, shift, tileprop_model_split(model), message,
                                 sizeof message));
    tileprop_model_free(model);
    for (size_t first = 0; first < ROWS; first += BATCH) {
        const size_t rows = ROWS - first < BATCH ? ROWS - first : BATCH;
        const tileprop_data batch = sparse_rows(first, rows), same = dense_rows(first, rows);
        for (size_t i = 0; i < 3; i++)
            good(tileprop_trainer_step(trainers[i], i == 0 || first == 0 ? &same : &batch, &losses[i], message,
                                       sizeof message));
        assert_true(losses[0] == losses[1] && losses[0] == losses[2]);
    }
    for (size_t i = 0; i < 3; i++) {
        good(tileprop_trainer_evaluate(trainers[i], i ? &sparse : &full, &losses[i], &accuracy, message,
                                       sizeof message));
        assert_true(losses[i] == losses[0] && hash(trainers[i]) == hash(trainers[0]));
    }
    for (size_t i = 0; i < 3; i++)
        tileprop_trainer_free(trainers[i]);
}

static void test_gradients_are_the_same(void **state)
{
    const tileprop_data data[] = {dense_rows(0, ROWS), sparse_rows(0, ROWS)};
    tileprop_options options = options_of(TILEPROP_SGD, TILEPROP_NORMALIZE_FEATURE);
    tileprop_gradients found[2];
    (void)state;
    options.hidden[0] = 3;
    for (size_t i = 0; i < 2; i++) {
        found[i] = (tileprop_gradients){.size = sizeof *found};
        good(tileprop_check_gradients(&options, &data[i], NULL, NULL, &found[i], message, sizeof message));
    }
    assert_memory_equal(&found[0], &found[1], sizeof *found);
}

struct resumable {
    const char *path;
    size_t due; /* after this step */
};

static int is_due(void *context, size_t step)
{
    return step == ((struct resumable *)context)->due;
}

static void write_checkpoint(void *context, const tileprop_training_state *training)
{
    struct resumable *resumable = context;
    if (!resumable->due)
        return; /* the last one of the run */
    FILE *file = fopen(resumable->path, "wb");
    assert_non_null(file);
    good(tileprop_checkpoint_write(training, file, NULL, 0, message, sizeof message));
    assert_int_equal(fclose(file), 0);
    resumable->due = 0;
}

/* A run that began with dense samples is resumed with sparse ones. */
static void test_runs_are_resumed_across_storages(void **state)
{
    const tileprop_data full = dense_rows(0, ROWS), sparse = sparse_rows(0, ROWS);
    tileprop_options options = options_of(TILEPROP_ADAM, TILEPROP_NORMALIZE_FEATURE);
    char *path = scratch_path(*state, "checkpoint");
    struct resumable resumable = {.path = path, .due = 5};
    tileprop_run_options run = {
        .size = sizeof run, .context = &resumable, .checkpoint_due = is_due, .checkpoint = write_checkpoint};
    tileprop_result result = {.size = sizeof result}, resumed = result;
    tileprop_checkpoint *from;
    options.shuffle = 1;
    options.run = &run;
    good(tileprop_train(&options, &full, &full, NULL, NULL, &result, message, sizeof message));
    assert_int_equal(resumable.due, 0);
    good(tileprop_checkpoint_load(&from, path, message, sizeof message));
    run = (tileprop_run_options){.size = sizeof run, .resume = from};
    good(tileprop_train(&options, &sparse, &sparse, NULL, NULL, &resumed, message, sizeof message));
    assert_true(resumed.weights_hash == result.weights_hash);
    tileprop_checkpoint_free(from);
    free(path);
}

static void test_rows_without_any_entry(void **state)
{
    static const int64_t none[ROWS + 1];
    tileprop_data full = dense_rows(0, ROWS), sparse = full;
    const tileprop_options options = options_of(TILEPROP_ADAM, TILEPROP_NORMALIZE_FEATURE);
    float *zeros = calloc(ROWS, sizeof dense[0]);
    tileprop_result found = {.size = sizeof found}, expected = found;
    (void)state;
    assert_non_null(zeros);
    full.samples = zeros;
    sparse.type = TILEPROP_CSR;
    sparse.indptr = none;
    sparse.indices = indices;
    sparse.values = values;
    good(tileprop_train(&options, &full, &full, NULL, NULL, &expected, message, sizeof message));
    good(tileprop_train(&options, &sparse, &sparse, NULL, NULL, &found, message, sizeof message));
    assert_true(found.weights_hash == expected.weights_hash && found.train_loss == expected.train_loss);
    free(zeros);
}

static void refused(const tileprop_data *data, tileprop_status expected, const char *parts)
{
    const tileprop_options options = options_of(TILEPROP_SGD, TILEPROP_AUTO);
    struct tp_error error = {""};
    check_failure(tileprop_train(&options, data, data, NULL, NULL, NULL, error.text, sizeof error.text), expected,
                  &error, parts);
}

static void test_what_is_refused(void **state)
{
    static int64_t starts[] = {0, 2, 2, 5};
    static int32_t of[] = {3, 7, 0, 1, 149};
    static float entries[] = {1, 2, 3, 4, 5};
    static const double offset[FEATURES] = {1};
    tileprop_data data = dense_rows(0, 3), missing;
    (void)state;
    data.type = TILEPROP_CSR;
    data.indptr = starts;
    data.indices = of;
    data.values = entries;
    starts[0] = -1;
    refused(&data, TILEPROP_BAD_INPUT, "train: indptr[0]: ... 0 ... found -1");
    starts[0] = 0;
    starts[2] = 1;
    refused(&data, TILEPROP_BAD_INPUT, "train: indptr[2]: ... at least 2 ... found 1");
    starts[2] = 2;
    of[4] = 150;
    refused(&data, TILEPROP_BAD_INPUT, "train: row 2: entry 2: ... 0 to 149 ... found 150");
    of[4] = -1;
    refused(&data, TILEPROP_BAD_INPUT, "train: row 2: entry 2: ... 0 to 149 ... found -1");
    of[4] = 1;
    refused(&data, TILEPROP_BAD_INPUT, "train: row 2: entry 2: expected an index above 1, the previous one, found 1");
    of[4] = 149;
    entries[3] = NAN;
    refused(&data, TILEPROP_BAD_INPUT, "train: row 2: entry 1: ... finite ... found nan");
    entries[3] = 4;
    missing = data;
    missing.indptr = NULL;
    refused(&missing, TILEPROP_USAGE, "train: indptr: ... TILEPROP_CSR ... found NULL");
    missing = data;
    missing.indices = NULL;
    refused(&missing, TILEPROP_USAGE, "train: indices: ... TILEPROP_CSR ... found NULL");
    missing = data;
    missing.values = NULL;
    refused(&missing, TILEPROP_USAGE, "train: values: ... TILEPROP_CSR ... found NULL");
    missing = data;
    missing.stride = FEATURES;
    refused(&missing, TILEPROP_USAGE, "train: stride: ... 0 ... found 150");
    missing = data;
    missing.offset = offset;
    refused(&missing, TILEPROP_BAD_INPUT, "train: ... offsets ... found csr");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_are_the_same),
        cmocka_unit_test(test_normalization_is_scale_by_default),
        cmocka_unit_test(test_evaluations_are_the_same),
        cmocka_unit_test(test_steps_are_the_same),
        cmocka_unit_test(test_gradients_are_the_same),
        cmocka_unit_test_setup_teardown(test_runs_are_resumed_across_storages, scratch_make, scratch_remove),
        cmocka_unit_test(test_rows_without_any_entry),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
