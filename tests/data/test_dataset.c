/*
 * Loading a pair of files, splitting, normalization, and the MNIST that ships with the project: TP_DATA names
 * the folder with the data sets, "data" without it.
 */
#include <math.h>
#include <sys/stat.h>

#include "readers/idx.h"
#include "tests/scratch.h"

static const unsigned char four_images[] = {0, 0, 8, 3,  0,   0, 0, 4,  0,  0, 0, 1,   0,   0,
                                            0, 3, 1, 10, 255, 2, 5, 10, 99, 1, 5, 255, 255, 5};
static const unsigned char four_labels[] = {0, 0, 8, 1, 0, 0, 0, 4, 3, 0, 200, 3};

static void write_pair(const char *directory, const char *prefix)
{
    char *images = NULL, *labels = NULL;
    assert_true(asprintf(&images, "%s-images-idx3-ubyte", prefix) > 0);
    assert_true(asprintf(&labels, "%s-labels-idx1-ubyte", prefix) > 0);
    scratch_write(directory, images, four_images, sizeof four_images);
    scratch_write(directory, labels, four_labels, sizeof four_labels);
    free(images);
    free(labels);
}

static struct tp_dataset load(const char *directory, const char *prefix)
{
    struct tp_dataset dataset;
    struct tp_error error = {""};
    if (tp_idx_load(directory, prefix, &dataset, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    return dataset;
}

static void check_load_failure(const char *directory, const char *prefix, const char *message)
{
    struct tp_dataset dataset;
    struct tp_error error = {""};
    check_failure(tp_idx_load(directory, prefix, &dataset, &error), TILEPROP_BAD_INPUT, &error, message);
    assert_null(dataset.samples);
    assert_null(dataset.labels);
    assert_int_equal(dataset.count, 0);
}

static void test_load(void **state)
{
    write_pair(*state, "load");
    struct tp_dataset dataset = load(*state, "load");
    assert_int_equal(dataset.type, TILEPROP_U8);
    assert_int_equal(dataset.count, 4);
    assert_int_equal(dataset.features, 3);
    assert_int_equal(dataset.classes, 201);
    assert_memory_equal(dataset.samples, four_images + 16, 12);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(dataset.labels[i], four_labels[8 + i]);
    tp_dataset_free(&dataset);
    assert_null(dataset.samples);
    assert_int_equal(dataset.count, 0);
}

static void test_load_floats(void **state)
{
    static const unsigned char images[] = {0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0xC0, 0, 0, 0, 0x40, 0x40, 0, 0};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 1, 0};
    scratch_write(*state, "float-images-idx3-ubyte", images, sizeof images);
    scratch_write(*state, "float-labels-idx1-ubyte", labels, sizeof labels);
    struct tp_dataset dataset = load(*state, "float");
    assert_int_equal(dataset.type, TILEPROP_F32);
    assert_int_equal(dataset.features, 2);
    assert_int_equal(dataset.classes, 1);
    assert_true(((const float *)dataset.samples)[0] == -2);
    assert_true(((const float *)dataset.samples)[1] == 3);
    tp_dataset_free(&dataset);
}

/* Each name is found, gzip is seen from the content, and earlier names go before later ones. */
static void test_names(void **state)
{
    static const char *const images[] = {"names-images.idx3-ubyte.gz", "names-images.idx3-ubyte",
                                         "names-images-idx3-ubyte.gz", "names-images-idx3-ubyte"};
    static const char *const labels[] = {"names-labels.idx1-ubyte.gz", "names-labels.idx1-ubyte",
                                         "names-labels-idx1-ubyte.gz", "names-labels-idx1-ubyte"};
    for (size_t i = 0; i < 4; i++) {
        unsigned char bytes[sizeof four_images];
        memcpy(bytes, four_images, sizeof bytes);
        bytes[16] = (unsigned char)i;
        size_t size;
        unsigned char *packed = scratch_gzip(bytes, sizeof bytes, &size);
        if (i % 2) /* gzip without .gz, and the reverse */
            scratch_write(*state, images[i], packed, size);
        else
            scratch_write(*state, images[i], bytes, sizeof bytes);
        scratch_write(*state, labels[i], four_labels, sizeof four_labels);
        struct tp_dataset dataset = load(*state, "names");
        assert_int_equal(((const uint8_t *)dataset.samples)[0], i);
        assert_int_equal(((const uint8_t *)dataset.samples)[11], 5);
        tp_dataset_free(&dataset);
        free(packed);
    }
}

static void test_load_failures(void **state)
{
    char *message = NULL;
    assert_true(asprintf(&message,
                         "%s: expected one of none-images-idx3-ubyte, none-images-idx3-ubyte.gz, "
                         "none-images.idx3-ubyte, none-images.idx3-ubyte.gz",
                         (const char *)*state) > 0);
    check_load_failure(*state, "none", message);
    free(message);
    scratch_write(*state, "none-images-idx3-ubyte", four_images, sizeof four_images);
    check_load_failure(*state, "none", "none-labels-idx1-ubyte, none-labels-idx1-ubyte.gz");

    char *folder = scratch_path(*state, "folder-images-idx3-ubyte");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(folder);
    scratch_write(*state, "folder-labels-idx1-ubyte", four_labels, sizeof four_labels);
    check_load_failure(*state, "folder", "folder-images-idx3-ubyte: ... directory");

    char *file = scratch_path(*state, "none-images-idx3-ubyte");
    check_load_failure(file, "train", "none-images-idx3-ubyte/train-images-idx3-ubyte: ... opened");
    free(file);

    unsigned char labels[sizeof four_labels];
    memcpy(labels, four_labels, sizeof labels);
    labels[7] = 3;
    write_pair(*state, "differ");
    scratch_write(*state, "differ-labels-idx1-ubyte", labels, sizeof labels - 1);
    check_load_failure(*state, "differ", "differ-labels-idx1-ubyte: byte 4: ... 4 labels ... found 3");
    check_load_failure(*state, "differ", "/differ-images-idx3-ubyte");

    scratch_write(*state, "differ-labels-idx1-ubyte", four_images, sizeof four_images);
    check_load_failure(*state, "differ", "differ-labels-idx1-ubyte: byte 3: ... found 3 dimensions ... image file");
}

/* A data set of `count` samples of two features with sample i = {2 i, 2 i + 1} and label i % 3. */
static struct tp_dataset numbered(size_t count, tileprop_type type)
{
    struct tp_dataset dataset = {.type = type, .count = count, .features = 2, .classes = 3};
    dataset.samples = malloc(2 * count * sizeof(float));
    dataset.labels = malloc(count * sizeof *dataset.labels);
    assert_true(dataset.samples && dataset.labels);
    for (size_t i = 0; i < 2 * count; i++) {
        if (type == TILEPROP_U8)
            ((uint8_t *)dataset.samples)[i] = (uint8_t)i;
        else
            ((float *)dataset.samples)[i] = (float)i;
        dataset.labels[i / 2] = (uint16_t)(i / 2 % 3);
    }
    return dataset;
}

static double sample_value(const struct tp_dataset *dataset, size_t i)
{
    return dataset->type == TILEPROP_U8 ? ((const uint8_t *)dataset->samples)[i]
                                        : (double)((const float *)dataset->samples)[i];
}

/* Splits 100 numbered samples and expects this many in the tail, every value in its place. */
static void check_split(double fraction, tileprop_type type, size_t expected)
{
    struct tp_dataset head = numbered(100, type), tail;
    struct tp_error error = {""};
    assert_int_equal(tp_dataset_tail(&head, fraction, &tail, &error), TILEPROP_OK);
    assert_int_equal(tail.count, expected);
    assert_int_equal(head.count, 100 - expected);
    for (size_t i = 0; i < 200; i++) {
        const struct tp_dataset *part = i / 2 < head.count ? &head : &tail;
        const size_t j = part == &head ? i : i - 2 * head.count;
        assert_true(sample_value(part, j) == (double)i);
        assert_int_equal(part->labels[j / 2], i / 2 % 3);
    }
    assert_int_equal(tail.type, type);
    assert_int_equal(tail.features, 2);
    assert_int_equal(tail.classes, 3);
    tp_dataset_free(&head);
}

static void test_split(void **state)
{
    (void)state;
    check_split(0.25, TILEPROP_U8, 25);
    check_split(0.25, TILEPROP_F32, 25);
    check_split(0.251, TILEPROP_U8, 26);
    check_split(1e-300, TILEPROP_U8, 1);
    check_split(0.99, TILEPROP_F32, 99);
    for (int percent = 1; percent < 100; percent++) /* 7, 14, 28, ... are above the integer as doubles */
        check_split(percent / 100.0, TILEPROP_U8, (size_t)percent);
}

static void test_split_failures(void **state)
{
    (void)state;
    const double fractions[] = {0, 1, -0.5, 1.5, (double)NAN};
    struct tp_dataset dataset = numbered(4, TILEPROP_U8), tail;
    struct tp_error error = {""};
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        check_failure(tp_dataset_tail(&dataset, fractions[i], &tail, &error), TILEPROP_USAGE, &error,
                      "fraction ... 0 ... 1");
    check_failure(tp_dataset_tail(&dataset, 0.76, &tail, &error), TILEPROP_USAGE, &error,
                  "0.76 of 4 samples leaves none to train on");
    assert_int_equal(dataset.count, 4);
    assert_null(tail.samples);
    tp_dataset_free(&dataset);
}

static struct tp_normalization fit(int mode, const struct tp_dataset *dataset)
{
    struct tp_normalization normalization;
    struct tp_error error = {""};
    if (tp_normalization_fit(&normalization, mode, dataset, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    assert_int_equal(normalization.features, dataset->features);
    return normalization;
}

/* Expects scale and shift of one feature to be those of this mean and deviation, rounded once. */
static void check_feature(const struct tp_normalization *normalization, size_t feature, double mean, double deviation)
{
    if (normalization->scale[feature] != (float)(1 / deviation) ||
        normalization->shift[feature] != (float)(-mean / deviation))
        fail_msg("feature %zu: scale %a, shift %a; expected %a, %a", feature, (double)normalization->scale[feature],
                 (double)normalization->shift[feature], 1 / deviation, -mean / deviation);
}

/* The bytes 0 0, 7 2, 7 4, 7 6, 7 8 by hand, as u8 and as f32: features {0 7 7 7 7}, {0 2 4 6 8}, and all. */
static void check_normalization(const struct tp_dataset *dataset)
{
    const double mean = 48.0 / 10, deviation = sqrt(316.0 / 10 - mean * mean);
    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_GLOBAL, dataset);
    assert_true(fabs(normalization.mean - mean) < 1e-15 && fabs(normalization.deviation - deviation) < 1e-14);
    check_feature(&normalization, 0, mean, deviation);
    check_feature(&normalization, 1, mean, deviation);
    tp_normalization_free(&normalization);
    assert_null(normalization.scale);

    normalization = fit(TILEPROP_NORMALIZE_FEATURE, dataset);
    assert_true(fabs(normalization.mean - mean) < 1e-15 && fabs(normalization.deviation - deviation) < 1e-14);
    check_feature(&normalization, 0, 5.6, 2.8);
    check_feature(&normalization, 1, 4, sqrt(8.0));
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_SCALE, dataset);
    assert_true(normalization.scale[0] == (float)(1 / 2.8) && normalization.shift[0] == 0);
    assert_true(normalization.scale[1] == (float)(1 / sqrt(8.0)) && normalization.shift[1] == 0);
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_NONE, dataset);
    assert_true(normalization.scale[1] == 1 && normalization.shift[1] == 0);
    assert_true(fabs(normalization.mean - mean) < 1e-15);
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_UNIT, dataset);
    assert_true(normalization.scale[0] == 1.0f / (dataset->type == TILEPROP_U8 ? 255 : 7));
    assert_true(normalization.shift[0] == 0);
    tp_normalization_free(&normalization);
}

static void test_normalization(void **state)
{
    (void)state;
    uint8_t bytes[] = {0, 0, 7, 2, 7, 4, 7, 6, 7, 8};
    float floats[10];
    for (size_t i = 0; i < 10; i++)
        floats[i] = bytes[i];
    check_normalization(&(struct tp_dataset){.type = TILEPROP_U8, .samples = bytes, .count = 5, .features = 2});
    check_normalization(&(struct tp_dataset){.type = TILEPROP_F32, .samples = floats, .count = 5, .features = 2});
}

static void make_sparse(const float *values, size_t count, size_t features, struct tp_dataset *sparse)
{
    float *entries = calloc(count * features, sizeof *entries);
    *sparse = (struct tp_dataset){.type = TILEPROP_CSR,
                                  .samples = entries,
                                  .indptr = calloc(count + 1, sizeof *sparse->indptr),
                                  .indices = calloc(count * features, sizeof *sparse->indices),
                                  .labels = calloc(count, sizeof *sparse->labels),
                                  .count = count,
                                  .features = features};
    assert_true(entries && sparse->indptr && sparse->indices && sparse->labels);
    for (size_t i = 0, at = 0; i < count * features; i++) {
        if (values[i] != 0) {
            sparse->indices[at] = (int32_t)(i % features);
            entries[at++] = values[i];
        }
        sparse->indptr[i / features + 1] = (int64_t)at;
    }
}

/* Dense and sparse samples, whole or cut, give the same bits, which are close to the definition's values. */
static void test_normalization_of_sparse_samples(void **state)
{
    enum { COUNT = 100, WIDTH = 3, KEPT = 61 };
    float floats[COUNT * WIDTH];
    struct tp_dataset whole, tail;
    (void)state;
    for (size_t i = 0; i < COUNT * WIDTH; i++)
        floats[i] = i % WIDTH == 2 ? 0 : i * 7 % 10 < 4 + 3 * (i % WIDTH) ? 0.1f * (float)(i % 17) : 0;
    make_sparse(floats, COUNT, WIDTH, &whole);
    tp_dataset_cut(&whole, KEPT, &tail);
    for (int part = 0; part < 2; part++) {
        struct tp_dataset dense = {.type = TILEPROP_F32,
                                   .samples = floats + part * KEPT * WIDTH,
                                   .count = part ? COUNT - KEPT : KEPT,
                                   .features = WIDTH};
        const float *values = dense.samples;
        struct tp_normalization expected = fit(TILEPROP_NORMALIZE_FEATURE, &dense);
        struct tp_normalization found = fit(TILEPROP_NORMALIZE_FEATURE, part ? &tail : &whole);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < dense.count; i++)
            sum += (double)values[i * WIDTH];
        for (size_t i = 0; i < dense.count; i++)
            squares += pow((double)values[i * WIDTH] - sum / (double)dense.count, 2);
        assert_true(fabs((double)found.scale[0] * sqrt(squares / (double)dense.count) - 1) < 1e-6);
        assert_true(found.mean == expected.mean && found.deviation == expected.deviation);
        assert_memory_equal(found.scale, expected.scale, WIDTH * sizeof *found.scale);
        assert_memory_equal(found.shift, expected.shift, WIDTH * sizeof *found.shift);
        assert_memory_equal(found.split, expected.split, WIDTH * sizeof *found.split);
        assert_true(tp_normalization_zeros(&found, part ? &tail : &whole) == tp_normalization_zeros(&expected, &dense));
        tp_normalization_free(&found);
        tp_normalization_free(&expected);
    }
    tp_dataset_free(&whole);
}

/* Far from zero the sum of squares less the square of the sum would be nothing but rounding. */
static void test_normalization_offset(void **state)
{
    (void)state;
    float floats[2000];
    for (size_t i = 0; i < 2000; i++)
        floats[i] = 0x1p30f + (i % 4 < 2 ? 0 : 0x1p7f); /* one unit in the last place */
    const struct tp_dataset dataset = {.type = TILEPROP_F32, .samples = floats, .count = 1000, .features = 2};
    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_FEATURE, &dataset);
    assert_true(normalization.mean == 0x1p30 + 0x1p6);
    assert_true(normalization.deviation == 0x1p6);
    assert_true(normalization.scale[0] == 0x1p-6f && normalization.scale[1] == 0x1p-6f);
    tp_normalization_free(&normalization);
}

/* Three features: one with just too few zeros to be split, one with just enough, and one of zeros only. */
static void check_split_of(tileprop_type type, size_t count)
{
    enum { FEATURES = 3, MOST = 9 };
    const size_t quarter = (count + 3) / 4, zeros[FEATURES] = {quarter - 1, quarter, count};
    uint8_t bytes[MOST * FEATURES];
    float floats[MOST * FEATURES];
    for (size_t i = 0; i < count * FEATURES; i++) {
        bytes[i] = i / FEATURES < zeros[i % FEATURES] ? 0 : 200;
        floats[i] = bytes[i] ? -1.5f : i % 2 ? -0.0f : 0x1p-149f;
    }
    struct tp_dataset dataset = {
        .type = type, .samples = type == TILEPROP_U8 ? (void *)bytes : floats, .count = count, .features = FEATURES};
    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_FEATURE, &dataset);
    for (size_t j = 0; j < FEATURES; j++) {
        const bool split = 4 * zeros[j] >= count;
        assert_true(normalization.split[j] == split);
        assert_true(normalization.added[j] == (split ? 0 : normalization.shift[j]));
        assert_true(normalization.apart[j] == (split ? normalization.shift[j] : 0));
    }
    tp_normalization_free(&normalization);

    /* with one mean for all the features, their zeros are counted together */
    for (size_t j = 0; j < 2; j++) {
        for (size_t i = 0; i < count; i++) {
            bytes[i] = i < zeros[j] ? 0 : 200;
            floats[i] = bytes[i];
        }
        for (size_t features = 1; features <= count; features += count - 1) {
            dataset.features = features;
            dataset.count = count / features;
            normalization = fit(TILEPROP_NORMALIZE_GLOBAL, &dataset);
            assert_true(normalization.split[0] == (float)j && normalization.split[features - 1] == (float)j);
            tp_normalization_free(&normalization);
        }
    }
}

static void test_split_from_a_quarter_of_zeros(void **state)
{
    (void)state;
    for (size_t count = 2; count <= 9; count++) {
        check_split_of(TILEPROP_U8, count);
        check_split_of(TILEPROP_F32, count);
    }
}

/* 2^26 bytes, for which n times the sum of squares is above 2^64. */
static void test_normalization_large(void **state)
{
    (void)state;
    const size_t side = 8192;
    uint8_t *bytes = calloc(side, side);
    assert_non_null(bytes);
    memset(bytes, 255, side * side / 2);
    const struct tp_dataset dataset = {.type = TILEPROP_U8, .samples = bytes, .count = side, .features = side};
    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_GLOBAL, &dataset);
    assert_true(normalization.mean == 127.5 && normalization.deviation == 127.5);
    tp_normalization_free(&normalization);
    free(bytes);
}

/* A constant feature becomes 0, alone or with all others; values that flush-to-zero
 * reads as 0 are constant. */
static void test_normalization_constant(void **state)
{
    (void)state;
    uint8_t bytes[] = {9, 200, 9, 200, 9, 201};
    float floats[] = {0.1f, 0, 0.1f, 0x1p-149f, 0.1f, 0}, same[] = {0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f};
    const struct tp_dataset u8 = {.type = TILEPROP_U8, .samples = bytes, .count = 3, .features = 2};
    const struct tp_dataset f32 = {.type = TILEPROP_F32, .samples = floats, .count = 3, .features = 2};
    const struct tp_dataset constant = {.type = TILEPROP_F32, .samples = same, .count = 3, .features = 2};

    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_FEATURE, &u8);
    assert_true(normalization.scale[0] == 0 && normalization.shift[0] == 0);
    assert_true(normalization.scale[1] > 2 && normalization.shift[1] < -400);
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_SCALE, &u8);
    assert_true(normalization.scale[0] == 0 && normalization.shift[0] == 0);
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_FEATURE, &f32);
    assert_true(normalization.scale[0] == 0 && normalization.shift[0] == 0);
    assert_true(normalization.scale[1] == 0 && normalization.shift[1] == 0);
    tp_normalization_free(&normalization);

    normalization = fit(TILEPROP_NORMALIZE_GLOBAL, &constant);
    assert_true(normalization.deviation == 0);
    assert_true(normalization.scale[1] == 0 && normalization.shift[1] == 0);
    tp_normalization_free(&normalization);
}

static struct tp_dataset load_mnist(const char *prefix)
{
    const char *data = getenv("TP_DATA");
    char *directory = scratch_path(data ? data : "data", "mnist");
    const struct tp_dataset dataset = load(directory, prefix);
    free(directory);
    return dataset;
}

static void check_histogram(const struct tp_dataset *dataset, const size_t expected[10])
{
    size_t found[10] = {0};
    assert_int_equal(dataset->features, 784);
    assert_int_equal(dataset->classes, 10);
    for (size_t i = 0; i < dataset->count; i++)
        found[dataset->labels[i]]++;
    assert_memory_equal(found, expected, sizeof found);
}

static void test_mnist(void **state)
{
    (void)state;
    const size_t train_digits[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    const size_t test_digits[10] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    struct tp_dataset train = load_mnist("train"), test = load_mnist("t10k");
    assert_int_equal(train.count, 60000);
    assert_int_equal(test.count, 10000);
    check_histogram(&train, train_digits);
    check_histogram(&test, test_digits);

    /* From the exact sums of x and of x^2, computed apart: 1567298545
     * and 342590800147 over 47040000 bytes. */
    struct tp_normalization normalization = fit(TILEPROP_NORMALIZE_FEATURE, &train);
    assert_true(fabs(normalization.mean - 33.318421449829932) < 1e-13);
    assert_true(fabs(normalization.deviation - 78.567489983397985) < 1e-13);
    assert_true(normalization.scale[0] == 0); /* no digit reaches the corner */
    assert_true(normalization.scale[14 * 28 + 14] > 0);
    tp_normalization_free(&normalization);

    /* 526107050 and 115203019488 over 15680000 bytes */
    train.count = 20000;
    normalization = fit(TILEPROP_NORMALIZE_GLOBAL, &train);
    assert_true(fabs(normalization.mean - 33.552745535714286) < 1e-13);
    assert_true(fabs(normalization.deviation - 78.875500707846947) < 1e-13);
    tp_normalization_free(&normalization);
    tp_dataset_free(&train);
    tp_dataset_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_load_floats),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_load_failures),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_failures),
        cmocka_unit_test(test_normalization),
        cmocka_unit_test(test_split_from_a_quarter_of_zeros),
        cmocka_unit_test(test_normalization_of_sparse_samples),
        cmocka_unit_test(test_normalization_offset),
        cmocka_unit_test(test_normalization_large),
        cmocka_unit_test(test_normalization_constant),
        cmocka_unit_test(test_mnist),
    };
    return cmocka_run_group_tests_name("dataset", tests, scratch_make, scratch_remove);
}
