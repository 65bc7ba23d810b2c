/*
 * Drawing rows of a table: each row once, each class in proportion, determined by the seed alone; and missing values.
 */
#include <math.h>
#include <stdlib.h>

#include "data/dataset.h"
#include "tests/check.h"

/* Sample i is {i}; its class is 0 for the first counts[0] of them, then 1, ... */
static struct tp_dataset sorted(const size_t *counts, size_t classes)
{
    struct tp_dataset dataset = {.type = TILEPROP_F32, .features = 1, .classes = classes};
    for (size_t k = 0; k < classes; k++)
        dataset.count += counts[k];
    float *samples = malloc(dataset.count * sizeof *samples);
    dataset.labels = malloc(dataset.count * sizeof *dataset.labels);
    assert_true(samples && dataset.labels);
    size_t i = 0;
    for (size_t k = 0; k < classes; k++) {
        for (size_t n = 0; n < counts[k]; n++, i++) {
            samples[i] = (float)i;
            dataset.labels[i] = (uint16_t)k;
        }
    }
    dataset.samples = samples;
    return dataset;
}

static void count_classes(const struct tp_dataset *dataset, size_t *counts)
{
    for (size_t i = 0; i < dataset->count; i++)
        counts[dataset->labels[i]]++;
}

/* Draws the fraction and checks how many of each class it has, and that no row is lost. */
static void check_draw(const size_t *counts, size_t classes, double fraction, const size_t *expected)
{
    struct tp_dataset whole = sorted(counts, classes), dataset = sorted(counts, classes), tail;
    dataset.sample_weights = malloc(dataset.count * sizeof *dataset.sample_weights);
    assert_non_null(dataset.sample_weights);
    memcpy(dataset.sample_weights, dataset.samples, dataset.count * sizeof *dataset.sample_weights);
    struct tp_error error = {""};
    assert_int_equal(tp_dataset_split_stratified(&dataset, fraction, 1, &tail, &error), TILEPROP_OK);
    size_t found[4] = {0};
    count_classes(&tail, found);
    for (size_t k = 0; k < classes; k++)
        assert_int_equal(found[k], expected[k]);
    assert_int_equal(dataset.count + tail.count, whole.count);

    unsigned char seen[1024] = {0};
    const struct tp_dataset *const parts[] = {&dataset, &tail};
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < parts[p]->count; i++) {
            const size_t row = (size_t)((const float *)parts[p]->samples)[i];
            assert_int_equal(seen[row]++, 0);
            assert_int_equal(parts[p]->labels[i], whole.labels[row]);
            assert_true(parts[p]->sample_weights[i] == (float)row);
        }
    }
    tp_dataset_free(&whole);
    tp_dataset_free(&dataset);
}

static void test_shares(void **state)
{
    (void)state;
    check_draw((const size_t[]){50, 50, 50}, 3, 0.2, (const size_t[]){10, 10, 10});
    check_draw((const size_t[]){59, 71, 48}, 3, 0.2, (const size_t[]){12, 14, 10});
    check_draw((const size_t[]){7, 1, 2}, 3, 0.5, (const size_t[]){4, 0, 1});
    check_draw((const size_t[]){3, 0, 3}, 3, 0.34, (const size_t[]){1, 0, 1});
    check_draw((const size_t[]){2, 2}, 2, 0.001, (const size_t[]){1, 0});
    check_draw((const size_t[]){20, 30}, 2, 0, (const size_t[]){0, 0});
    check_draw((const size_t[]){900, 100}, 2, 0.998, (const size_t[]){899, 99});
    check_draw((const size_t[]){10, 10, 1, 1}, 4, 0.2, (const size_t[]){2, 2, 0, 0});
    check_draw((const size_t[]){4, 1, 1, 1}, 4, 0.4, (const size_t[]){3, 0, 0, 0});
}

/* Each row is held once, a class's only one never, and classes are as even as they can be. */
static void test_folds(void **state)
{
    (void)state;
    static const size_t counts[] = {20, 7, 1, 2};
    unsigned char seen[30] = {0};
    for (size_t fold = 0; fold < 3; fold++) {
        struct tp_dataset dataset = sorted(counts, 4), tail;
        struct tp_error error = {""};
        size_t found[4] = {0};
        assert_int_equal(tp_dataset_split_fold(&dataset, 3, fold, 5, &tail, &error), TILEPROP_OK);
        assert_int_equal(dataset.count + tail.count, 30);
        count_classes(&tail, found);
        assert_true((found[0] == 6 || found[0] == 7) && (found[1] == 2 || found[1] == 3) && found[2] == 0);
        for (size_t i = 0; i < tail.count; i++)
            seen[(size_t)((const float *)tail.samples)[i]]++;
        tp_dataset_free(&dataset);
    }
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(seen[i], i != 27);
    struct tp_dataset few = sorted((const size_t[]){1, 1}, 2), tail;
    struct tp_error error = {""};
    check_failure(tp_dataset_split_fold(&few, 3, 0, 5, &tail, &error), TILEPROP_USAGE, &error,
                  "--folds: expected fewer than 3 ... 2 samples");
    tp_dataset_free(&few);
}

static void test_seed(void **state)
{
    (void)state;
    const size_t counts[] = {40, 60};
    struct tp_dataset first = sorted(counts, 2), second = sorted(counts, 2), third = sorted(counts, 2), tail;
    assert_int_equal(tp_dataset_split_stratified(&first, 0, 7, &tail, NULL), TILEPROP_OK);
    assert_int_equal(tail.count, 0);
    assert_int_equal(tp_dataset_split_stratified(&second, 0, 7, &tail, NULL), TILEPROP_OK);
    assert_int_equal(tp_dataset_split_stratified(&third, 0, 8, &tail, NULL), TILEPROP_OK);
    assert_memory_equal(first.samples, second.samples, 100 * sizeof(float));
    assert_memory_not_equal(first.samples, third.samples, 100 * sizeof(float));
    /* A table that is sorted by class is so no longer. */
    size_t begin[2] = {0};
    for (size_t i = 0; i < 40; i++)
        begin[first.labels[i]]++;
    assert_true(begin[0] > 5 && begin[1] > 5);
    tp_dataset_free(&first);
    tp_dataset_free(&second);
    tp_dataset_free(&third);
}

/* Row i has i % 3 entries, of which the first is i. */
static struct tp_dataset sparse_of(const struct tp_dataset *dataset)
{
    struct tp_dataset sparse = *dataset;
    const size_t count = dataset->count;
    float *values = calloc(count, 2 * sizeof *values);
    sparse.type = TILEPROP_CSR;
    sparse.features = 9;
    sparse.samples = values;
    sparse.labels = malloc(count * sizeof *sparse.labels);
    sparse.indptr = calloc(count + 1, sizeof *sparse.indptr);
    sparse.indices = calloc(count, 2 * sizeof *sparse.indices);
    assert_true(values && sparse.labels && sparse.indptr && sparse.indices);
    memcpy(sparse.labels, dataset->labels, count * sizeof *sparse.labels);
    for (size_t i = 0, at = 0; i < count; sparse.indptr[++i] = (int64_t)at) {
        for (size_t k = 0; k < i % 3; k++, at++) {
            values[at] = (float)(i + k);
            sparse.indices[at] = (int32_t)(i % 4 + 5 * k);
        }
    }
    return sparse;
}

/* Sparse samples are drawn like dense ones. */
static void test_sparse(void **state)
{
    (void)state;
    struct tp_dataset dense = sorted((const size_t[]){40, 60}, 2), sparse = sparse_of(&dense), tail[2];
    assert_int_equal(tp_dataset_split_stratified(&dense, 0.2, 7, &tail[0], NULL), TILEPROP_OK);
    assert_int_equal(tp_dataset_split_stratified(&sparse, 0.2, 7, &tail[1], NULL), TILEPROP_OK);
    const struct tp_dataset *const parts[][2] = {{&dense, &sparse}, {&tail[0], &tail[1]}};
    for (size_t p = 0; p < 2; p++) {
        assert_int_equal(parts[p][1]->count, parts[p][0]->count);
        for (size_t i = 0; i < parts[p][0]->count; i++) {
            const size_t row = (size_t)((const float *)parts[p][0]->samples)[i];
            const struct tp_row found = tp_dataset_row(parts[p][1], i);
            assert_int_equal(found.count, row % 3);
            for (size_t k = 0; k < found.count; k++) {
                assert_true(found.values[k] == (float)(row + k));
                assert_int_equal(found.indices[k], row % 4 + 5 * k);
            }
            assert_int_equal(parts[p][1]->labels[i], parts[p][0]->labels[i]);
        }
    }
    tp_dataset_free(&dense);
    tp_dataset_free(&sparse);
}

static void test_none_left(void **state)
{
    (void)state;
    struct tp_dataset dataset = sorted((const size_t[]){1}, 1), several = sorted((const size_t[]){1, 2, 1}, 3), tail;
    struct tp_error error = {""};
    check_failure(tp_dataset_split_stratified(&dataset, 0.2, 1, &tail, &error), TILEPROP_USAGE, &error,
                  "1 of 1 samples ... class without training samples");
    assert_int_equal(dataset.count, 1);
    check_failure(tp_dataset_split_stratified(&several, 0.5, 1, &tail, &error), TILEPROP_USAGE, &error,
                  "2 of 4 samples ... class without training samples; --val-split");
    tp_dataset_free(&dataset);
    tp_dataset_free(&several);
}

static void test_missing(void **state)
{
    (void)state;
    float samples[] = {1, NAN, NAN, 4, 3, 8}, other[] = {NAN, 5}, means[2];
    struct tp_dataset dataset = {.type = TILEPROP_F32, .samples = samples, .count = 3, .features = 2};
    struct tp_dataset rest = {.type = TILEPROP_F32, .samples = other, .count = 1, .features = 2};
    struct tp_error error = {""};
    assert_int_equal(tp_missing_means(&dataset, means, &error), TILEPROP_OK);
    tp_missing_fill(&dataset, means);
    tp_missing_fill(&rest, means);
    assert_memory_equal(samples, ((const float[]){1, 6, 2, 4, 3, 8}), sizeof samples);
    assert_memory_equal(other, ((const float[]){2, 5}), sizeof other);
    samples[1] = samples[3] = samples[5] = NAN;
    check_failure(tp_missing_means(&dataset, means, &error), TILEPROP_BAD_INPUT, &error,
                  "input 2: expected a value ... 3 training samples");
}

/* A value without an entry is 0, not missing; an entry may be missing. */
static void test_missing_entries(void **state)
{
    (void)state;
    float values[] = {2, NAN, 4, NAN, 6}, means[3];
    int64_t indptr[] = {0, 2, 2, 4, 5};
    int32_t indices[] = {0, 2, 0, 1, 2};
    struct tp_dataset dataset = {
        .type = TILEPROP_CSR, .samples = values, .indptr = indptr, .indices = indices, .count = 4, .features = 3};
    assert_int_equal(tp_missing_means(&dataset, means, NULL), TILEPROP_OK);
    tp_missing_fill(&dataset, means);
    assert_memory_equal(means, ((const float[]){1.5F, 0, 2}), sizeof means);
    assert_memory_equal(values, ((const float[]){2, 2, 4, 0, 6}), sizeof values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),          cmocka_unit_test(test_folds),     cmocka_unit_test(test_seed),
        cmocka_unit_test(test_sparse),          cmocka_unit_test(test_none_left), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_missing_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
