/*
 * NumPy's arrays: headers in every way of writing them, the types, and what does not fit.
 */
#include <math.h>
#include <stdio.h>

#include "readers/npy.h"
#include "tests/text_file.h"

/* A file of one version of the format, with this dictionary and these values. */
static struct tp_file array(int version, const char *dictionary, const void *values, size_t size)
{
    unsigned char bytes[512];
    const size_t length = strlen(dictionary), fixed = version == 1 ? 10 : 12;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    bytes[7] = 0;
    for (size_t i = 8; i < fixed; i++)
        bytes[i] = (unsigned char)(length >> (8 * (i - 8)));
    memcpy(bytes + fixed, dictionary, length);
    if (size)
        memcpy(bytes + fixed + length, values, size);
    return text_file_of(bytes, fixed + length + size);
}

#define HEADER(type, shape) "{'descr': '" type "', 'fortran_order': False, 'shape': " shape ", }  \n"

static void check_samples(struct tp_file file, tileprop_type type, const void *values, size_t rows, size_t features)
{
    struct tp_schema schema = {0};
    struct tp_dataset data;
    struct tp_error error = {""};
    assert_true(tp_npy_is(&file));
    if (tp_npy_samples(&file, TP_MISSING_MEAN, &schema, &data, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    assert_int_equal(data.type, type);
    assert_int_equal(data.count, rows);
    assert_int_equal(data.features, features);
    assert_int_equal(schema.features, features);
    assert_memory_equal(data.samples, values, rows * tp_dataset_sample_size(&data));
    assert_null(data.labels);
    assert_null(file.bytes);
    tp_dataset_free(&data);
}

static void test_samples(void **state)
{
    (void)state;
    const float floats[] = {1, -2.5f, 3e38f, NAN, 0, 6};
    const double doubles[] = {1, 0.1, 1e-300, 3};
    const float rounded[] = {1, 0.1f, 0, 3};
    const unsigned char bytes[] = {1, 2, 3, 4, 5, 255};
    check_samples(array(1, HEADER("<f4", "(3, 2)"), floats, sizeof floats), TILEPROP_F32, floats, 3, 2);
    check_samples(array(1, HEADER("<f4", "(3,1,2)"), floats, sizeof floats), TILEPROP_F32, floats, 3, 2);
    check_samples(array(2, HEADER("<f8", "(2, 2)"), doubles, sizeof doubles), TILEPROP_F32, rounded, 2, 2);
    check_samples(array(3, HEADER("|u1", "(2, 3)"), bytes, sizeof bytes), TILEPROP_U8, bytes, 2, 3);
    check_samples(array(1, "{'shape':(2,3),'fortran_order':False,'descr':'|u1'}", bytes, sizeof bytes), TILEPROP_U8,
                  bytes, 2, 3);
}

static void check_labels(struct tp_file file, const char *classes, const uint16_t *labels, size_t count)
{
    struct tp_schema schema = {0};
    struct tp_dataset data = {.count = count};
    struct tp_error error = {""};
    char found[64] = "";
    if (tp_npy_labels(&file, &schema, &data, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    for (size_t k = 0; k < schema.class_count; k++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", k ? " " : "", schema.classes[k]);
    assert_string_equal(found, classes);
    assert_memory_equal(data.labels, labels, count * sizeof *labels);
    assert_null(file.bytes);
    tp_dataset_free(&data);
    tp_schema_free(&schema);
}

static void test_labels(void **state)
{
    (void)state;
    const int64_t wide[] = {3, -7, 3};
    const int16_t narrow[] = {-32768, 300, 0};
    const unsigned char bytes[] = {200, 0, 1};
    const float floats[] = {2, 0, -1};
    check_labels(array(1, HEADER("<i8", "(3,)"), wide, sizeof wide), "-7 3", (const uint16_t[]){1, 0, 1}, 3);
    check_labels(array(1, HEADER("<i2", "(3,)"), narrow, sizeof narrow), "-32768 0 300", (const uint16_t[]){0, 2, 1},
                 3);
    check_labels(array(1, HEADER("|u1", "(3,)"), bytes, sizeof bytes), "0 1 200", (const uint16_t[]){2, 0, 1}, 3);
    check_labels(array(1, HEADER("|i1", "(3,)"), bytes, sizeof bytes), "-56 0 1", (const uint16_t[]){0, 1, 2}, 3);
    check_labels(array(1, HEADER("<f4", "(3,)"), floats, sizeof floats), "-1 0 2", (const uint16_t[]){2, 1, 0}, 3);
}

static void check_refused_with(struct tp_file file, enum tp_missing missing, const char *message)
{
    struct tp_schema schema = {0};
    struct tp_dataset data;
    struct tp_error error = {""};
    check_failure(tp_npy_samples(&file, missing, &schema, &data, &error), TILEPROP_BAD_INPUT, &error, message);
    assert_null(data.samples);
    assert_null(file.bytes);
}

static void check_refused(struct tp_file file, const char *message)
{
    check_refused_with(file, TP_MISSING_ERROR, message);
}

static void test_refused(void **state)
{
    (void)state;
    const float floats[] = {1, 2, NAN, 4, INFINITY, 6};
    const double large[] = {1e39, 2};
    check_refused(text_file("not an array"), "t.csv: byte 0: no NumPy array");
    check_refused(text_file_of("\x93NUMPY", 6), "byte 6: ... version 1, 2 ... 3");
    check_refused(text_file_of("\x93NUMPY\x04\x00\x01\x00", 10), "byte 6: ... version 1, 2 ... 3 ... 4");
    check_refused(text_file_of("\x93NUMPY\x01\x00\xff\xff{", 11), "byte 11: truncated ... header");
    check_refused(array(1, HEADER("<f4", "(3, 2)"), floats, 20), "20 bytes ... values ... 6 of 4 bytes");
    check_refused(array(1, HEADER("<f4", "(1, 2)"), floats, sizeof floats), "24 bytes ... values ... 2");
    check_refused(array(1, HEADER("<f4", "(3, 2)"), floats, sizeof floats),
                  "NaN ... sample 1, feature 0 (both from 0)");
    check_refused(array(1, HEADER("<f4", "(1, 2)"), floats + 4, 8), "infinity ... large ... float ... sample 0");
    check_refused_with(array(1, HEADER("<f4", "(3, 2)"), floats, sizeof floats), TP_MISSING_MEAN,
                       "large ... float ... sample 2, feature 0");
    check_refused(array(1, HEADER("<f8", "(1, 2)"), large, sizeof large), "large ... float ... sample 0, feature 0");
    check_refused(array(1, HEADER("<f4", "(6,)"), floats, sizeof floats), "1 dimension ... 2");
    check_refused(array(1, HEADER("<i4", "(3, 2)"), floats, sizeof floats), "integers ... 4 bytes ... u8");
    check_refused(array(1, HEADER(">f4", "(3, 2)"), floats, sizeof floats), "type ... little-endian");
    check_refused(array(1, HEADER("|O", "(3, 2)"), floats, sizeof floats), "header at \"'|O'");
    check_refused(array(1, HEADER("<f4", "(0, 2)"), floats, 0), "header at \"0, 2), }");
    check_refused(array(1, HEADER("<f4", "(999999999999, 999999999999)"), floats, 0), "dimensions ... 1");
    check_refused(array(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2)}", floats, sizeof floats),
                  "False ... C order");
    check_refused(array(1, "{'descr': '<f4', 'shape': (3, 2)}", floats, sizeof floats), "'fortran_order'");
    check_refused(array(1, "{'descr': '<f4'", floats, 0), "'descr', 'fortran_order' ... 'shape'");
    check_refused(array(1, "", floats, 0), "dictionary");
}

static void test_labels_refused(void **state)
{
    (void)state;
    const struct {
        struct tp_file file;
        const char *message;
    } cases[] = {
        {array(1, HEADER("<f4", "(2,)"), (const float[]){1, 1.5f}, 8), "label 1 (from 0): label 1.5 ... integer"},
        {array(1, HEADER("<f4", "(2,)"), (const float[]){1, NAN}, 8), "label 1 (from 0): nan"},
        {array(1, HEADER("|u1", "(3,)"), "abc", 3), "3 labels ... 1 dimension ... 2"},
        {array(1, HEADER("|u1", "(2, 1)"), "ab", 2), "2 labels ... 2 dimensions ... 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tp_file file = cases[i].file;
        struct tp_schema schema = {0};
        struct tp_dataset data = {.count = 2};
        struct tp_error error = {""};
        check_failure(tp_npy_labels(&file, &schema, &data, &error), TILEPROP_BAD_INPUT, &error, cases[i].message);
        tp_dataset_free(&data);
        tp_schema_free(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_labels_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
