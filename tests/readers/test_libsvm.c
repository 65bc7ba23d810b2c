/*
 * libsvm text: samples, their form in memory, labels, how it is told from a table, and invalid lines.
 */
#include "readers/libsvm.h"
#include "tests/text_file.h"

static const struct tp_libsvm_options automatic;

/* values: [rows][features], whatever the form. */
static void check_samples(const char *text, struct tp_schema *schema, tileprop_type type, const float *values,
                          const uint16_t *labels, size_t rows, size_t features)
{
    struct tp_file file = text_file(text);
    struct tp_dataset data;
    struct tp_error error = {""};
    if (tp_libsvm_parse(&file, &automatic, schema, &data, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    assert_int_equal(data.count, rows);
    assert_int_equal(data.features, features);
    assert_int_equal(schema->features, features);
    assert_int_equal(data.classes, schema->class_count);
    assert_int_equal(data.type, type);
    assert_true(data.sparse);
    for (size_t r = 0; r < rows; r++) {
        const struct tp_row row = tp_dataset_row(&data, r);
        float found[32] = {0};
        for (size_t k = 0; k < row.count; k++)
            found[tp_row_feature(&row, k)] = row.values[k];
        assert_memory_equal(found, values + r * features, features * sizeof *values);
    }
    assert_memory_equal(data.labels, labels, rows * sizeof *labels);
    tp_dataset_free(&data);
}

static void test_samples(void **state)
{
    (void)state;
    struct tp_schema schema = {0};
    check_samples("+1 1:0.5 3:-2 # a comment\r\n# another\n\n-1  2:1e1\t\n1", &schema, TILEPROP_F32,
                  (const float[]){0.5f, 0, -2, 0, 10, 0, 0, 0, 0}, (const uint16_t[]){1, 0, 1}, 3, 3);
    assert_string_equal(schema.classes[0], "-1");
    assert_string_equal(schema.classes[1], "1");
    check_samples("+1 1:0.5 3:-2\r\r# x\r-1 2:1\r1\r", &schema, TILEPROP_F32,
                  (const float[]){0.5f, 0, -2, 0, 1, 0, 0, 0, 0}, (const uint16_t[]){1, 0, 1}, 3, 3);
    /* Later features may be left out, and classes. */
    check_samples("1.0 1:7\n", &schema, TILEPROP_F32, (const float[]){7, 0, 0}, (const uint16_t[]){1}, 1, 3);
    tp_schema_free(&schema);
}

/* Of 8 features, compressed rows pay with 2 values in two rows, but not with 5. */
static void test_forms(void **state)
{
    (void)state;
    struct tp_schema schema = {.offsets = TP_OFFSETS_EACH};
    static const float two[2][8] = {{0, 0, 3}, {[7] = 5}}, five[2][8] = {{1, 2, 3, 4}, {[7] = 5}};
    check_samples("1 3:3\n2 8:5\n", &schema, TILEPROP_CSR, two[0], (const uint16_t[]){0, 1}, 2, 8);
    assert_null(schema.offset);
    assert_int_equal(schema.offsets, TP_OFFSETS_KNOWN);
    check_samples("1 1:1 2:2 3:3 4:4\n2 8:5\n", &schema, TILEPROP_F32, five[0], (const uint16_t[]){0, 1}, 2, 8);
    check_samples("1\n2 8:5\n", &schema, TILEPROP_CSR, (const float[16]){[15] = 5}, (const uint16_t[]){0, 1}, 2, 8);
    /* A model's offsets are subtracted from zeros too. */
    schema.offset = calloc(8, sizeof *schema.offset);
    assert_non_null(schema.offset);
    schema.offset[2] = 1;
    static const float less[2][8] = {{0, 0, 2}, {0, 0, -1, [7] = 5}};
    check_samples("1 3:3\n2 8:5\n", &schema, TILEPROP_F32, less[0], (const uint16_t[]){0, 1}, 2, 8);
    tp_schema_free(&schema);
}

/* The first index is learned; features missing from the training data are left out. */
static void test_indices(void **state)
{
    (void)state;
    struct tp_schema schema = {0};
    check_samples("1 0:3 2:1\n2 1:5\n", &schema, TILEPROP_F32, (const float[]){3, 0, 1, 0, 5, 0},
                  (const uint16_t[]){0, 1}, 2, 3);
    assert_true(schema.zero_based);
    check_samples("1 1:3 3:1 9:1\n2 2:5\n", &schema, TILEPROP_F32, (const float[]){0, 3, 0, 0, 0, 5},
                  (const uint16_t[]){0, 1}, 2, 3);
    tp_schema_free(&schema);
    check_samples("1 1:3\n2 2:5\n", &schema, TILEPROP_F32, (const float[]){3, 0, 0, 5}, (const uint16_t[]){0, 1}, 2, 2);
    assert_false(schema.zero_based);
    check_samples("1 1:3 3:1 9:1\n2 4:5\n", &schema, TILEPROP_F32, (const float[]){3, 0, 0, 0},
                  (const uint16_t[]){0, 1}, 2, 2);
    tp_schema_free(&schema);
}

static void check_refused(const char *text, struct tp_schema known, const char *message)
{
    struct tp_file file = text_file(text);
    struct tp_schema schema = known;
    struct tp_dataset data;
    struct tp_error error = {""};
    check_failure(tp_libsvm_parse(&file, &automatic, &schema, &data, &error), TILEPROP_BAD_INPUT, &error, message);
    assert_null(data.samples);
    assert_null(data.labels);
}

static void test_refused(void **state)
{
    (void)state;
    static char *classes[] = {"1", "2"};
    const struct tp_schema unknown = {0}, known = {.features = 2, .classes = classes, .class_count = 2};
    check_refused("1 1:1\n2 0:1\n", known, "t.csv: line 2: ... 1 ... found 0 ... --index-base");
    check_refused("1 1:1\n1 2:1 2:1\n", unknown, "line 2: ... 3 ... found 2");
    check_refused("1 1:1 x\n", unknown, "line 1: ... INDEX:VALUE ... found \"x\"");
    check_refused("1 1:x\n", unknown, "INDEX:VALUE ... decimal number ... found \"1:x\"");
    check_refused("1 1:1x\n", unknown, "INDEX:VALUE ... decimal number ... found \"1:1x\"");
    check_refused("1 1:1e39\n", unknown, "number ... float");
    check_refused("1 99999999999:1\n", unknown, "INDEX:VALUE ... index ... 10^9");
    check_refused("1 qid:1 1:1\n", unknown, "\"qid:1\"");
    check_refused("1,2 1:1\n", unknown, "line 1: ... label ... found \"1,2\" ... multi-label");
    check_refused("1.5 1:1\n", unknown, "line 1: ... integer ... name ... found label 1.5");
    check_refused("# nothing\n", unknown, "expected samples, found none");
    check_refused("1\n2\n", unknown, "expected features, found none");
    check_refused("1 1000000000:1\n", unknown, "64 for each byte of the text ... found 1000000000");
    check_refused("1 513:1\n", unknown, "512 ... found 513");
    check_refused("3 1:1\n", known, "line 1: ... training data ... found \"3\"");
}

static void test_recognised(void **state)
{
    (void)state;
    static const char *const yes[] = {"1 1:2", "# c\n\n-1.5 7:1e5 x", "+1\t2:3\n", "0\n1 # c\n1 1:2",
                                      "1 0:2", "2 qid:1 1:2",         "1,2 1:2"};
    static const char *const no[] = {"",      "1",       "1,2",    "a 1:2",  "x:y 1:2", "1 a:2",     "1 1:b",
                                     "1:2 3", "12:30,5", "1\n2\n", "1\n2 3", "1 qid",   "1 12:30:00"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct tp_file file = text_file(yes[i]);
        assert_true(tp_libsvm_is(&file));
        tp_file_free(&file);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct tp_file file = text_file(no[i]);
        assert_false(tp_libsvm_is(&file));
        tp_file_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples), cmocka_unit_test(test_forms),      cmocka_unit_test(test_indices),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
