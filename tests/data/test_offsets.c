/* Which features get an offset, and how values are narrowed. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "data/offsets.h"
#include "tests/check.h"

#define ROWS    4
#define COLUMNS 8

/* Columns: a timestamp, a coordinate, years of few bits, constant, a zero, just too wide, negative, with NaN. */
static const double values[ROWS][COLUMNS] = {{1600000000, 52.00001, 1990, 7, 1e9, 15, -1600000000, NAN},
                                             {1600000003, 52.00002, 2020, 7, 0, 16, -1600000003, 1e9 + 2},
                                             {1600000001, 51.99999, 1995, 7, 1e9, 15.5, -1600000001, 1e9 + 1},
                                             {1600000002, 52.00003, 2000, 7, 1e9, 16, -1600000002, NAN}};

static void test_the_rule(void **state)
{
    static const double expected[COLUMNS] = {1600000000, 51.99999, 1990, 0, 0, 0, -1600000003, 1e9 + 1};
    double found[COLUMNS];
    struct tp_error error;
    (void)state;
    assert_int_equal(tp_offsets_find(values[0], ROWS, COLUMNS, COLUMNS, false, found, &error), TILEPROP_OK);
    for (size_t j = 0; j < COLUMNS; j++)
        if (found[j] != expected[j])
            fail_msg("column %zu: found %.17g, expected %.17g", j, found[j], expected[j]);
    assert_int_equal(tp_offsets_find(values[0], ROWS, COLUMNS, COLUMNS, true, found, &error), TILEPROP_OK);
    assert_false(tp_offsets_any(found, COLUMNS));
    assert_int_equal(tp_offsets_find(&values[0][1], ROWS, COLUMNS, 1, true, found, &error), TILEPROP_OK);
    assert_true(found[0] == 51.99999);
}

static void test_a_schema_learns_once(void **state)
{
    struct tp_column columns[2] = {{.category_count = 3}, {0}};
    struct tp_schema schema = {.features = 4, .columns = columns, .column_count = 2, .offsets = TP_OFFSETS_EACH};
    static const double cells[ROWS][2] = {{0, 1e9}, {1, 1e9 + 3}, {2, 1e9 + 1}, {0, 1e9 + 2}};
    struct tp_error error;
    (void)state;
    assert_int_equal(tp_offsets_learn(&schema, cells[0], ROWS, 2, &error), TILEPROP_OK);
    assert_true(schema.offset && schema.offset[3] == 1e9);
    assert_false(tp_offsets_any(schema.offset, 3));
    const double *before = schema.offset;
    assert_int_equal(tp_offsets_learn(&schema, values[0], ROWS, 2, &error), TILEPROP_OK);
    assert_ptr_equal(schema.offset, before);
    free(schema.offset);
}

static void test_narrowing(void **state)
{
    static const double offset[COLUMNS] = {1600000000};
    double copy[ROWS][COLUMNS];
    const float *narrow = (const float *)(const void *)copy;
    (void)state;
    memcpy(copy, values, sizeof copy);
    tp_offsets_narrow_all(copy[0], ROWS, COLUMNS, offset);
    for (size_t r = 0; r < ROWS; r++) {
        assert_true((double)narrow[r * COLUMNS] == values[r][0] - offset[0]);
        assert_true(narrow[r * COLUMNS + 1] == (float)values[r][1]);
        assert_true(isnan(narrow[r * COLUMNS + 7]) == isnan(values[r][7]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_rule), cmocka_unit_test(test_a_schema_learns_once),
                                       cmocka_unit_test(test_narrowing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
