/* Which classes were mistaken for which. */
#include "cli/predict_report.h"

#include <stdlib.h>

#include "tests/check.h"

static void test_counts(void **state)
{
    (void)state;
    const uint16_t true_ones[] = {0, 0, 0, 1, 1, 3}, predicted[] = {0, 1, 0, 1, 0, 1};
    static const size_t samples[] = {3, 2, 0, 1}, chosen[] = {3, 3, 0, 0}, right[] = {2, 1, 0, 0};
    static const size_t matrix[4][4] = {{2, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 0, 0}, {0, 1, 0, 0}};
    struct tp_confusion c;
    struct tp_error error = {""};
    assert_int_equal(tp_confusion_count(&c, 4, true_ones, predicted, 6, &error), TILEPROP_OK);
    assert_int_equal(c.classes, 4);
    assert_memory_equal(c.samples, samples, sizeof samples);
    assert_memory_equal(c.chosen, chosen, sizeof chosen);
    assert_memory_equal(c.right, right, sizeof right);
    assert_memory_equal(c.matrix, matrix, sizeof matrix);
    free(c.samples);
    assert_int_equal(tp_confusion_count(&c, TP_CONFUSION_MATRIX_MAX + 1, true_ones, predicted, 6, &error), TILEPROP_OK);
    assert_null(c.matrix);
    assert_int_equal(c.samples[0], 3);
    free(c.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
