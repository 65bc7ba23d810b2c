/*
 * NumPy arrays: headers in every notation, types, and invalid files.
 */
#include <math.h>
#include <stdio.h>

#include "readers/npy.h"
#include "tests/text_file.h"

/* A file of the given version of the format, with the dictionary and the values. */
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
    if (tp_npy_samples(&file, TP_MISSING_MEAN, NULL, &schema, &data, &error) != TILEPROP_OK)
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

/* Types of arrays, and 0 to 11 as floats of 16 bits. */
static const char *const types[] = {"b1", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"};
static const uint16_t halves[] = {0x0000, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500,
                                  0x4600, 0x4700, 0x4800, 0x4880, 0x4900, 0x4980};

enum { TYPES = sizeof types / sizeof *types, VALUES = sizeof halves / sizeof *halves };

/* Stores an integer from 0 to 11, whose bytes are those of any integer type. */
static void store(unsigned char *to, const char *type, char order, size_t value)
{
    const size_t width = (size_t)(type[1] - '0');
    const float narrow = (float)value;
    const double wide = (double)value;
    const uint64_t bits = value;
    const void *from = type[0] != 'f' ? (const void *)&bits
                       : width == 2   ? (const void *)&halves[value]
                       : width == 4   ? (const void *)&narrow
                                      : (const void *)&wide;
    memcpy(to, from, width);
    for (size_t b = 0; order == '>' && b < width / 2; b++) {
        const unsigned char byte = to[b];
        to[b] = to[width - 1 - b];
        to[width - 1 - b] = byte;
    }
}

/* 0 to 11, in C order, in an array of this shape. */
static struct tp_file counting(const char *type, char order, bool fortran, const char *shape, const size_t sizes[3])
{
    unsigned char bytes[VALUES * 8];
    char dictionary[128];
    const size_t width = (size_t)(type[1] - '0');
    for (size_t i = 0; i < VALUES; i++) {
        const size_t c = i % sizes[2], b = i / sizes[2] % sizes[1], a = i / sizes[2] / sizes[1];
        store(bytes + width * (fortran ? a + sizes[0] * (b + sizes[1] * c) : i), type, order, i);
    }
    snprintf(dictionary, sizeof dictionary, "{'descr': '%c%s', 'fortran_order': %s, 'shape': %s, }", order, type,
             fortran ? "True" : "False", shape);
    return array(1, dictionary, bytes, VALUES * width);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t sizes[3];
    } shapes[] = {{"(3, 4)", {3, 4, 1}}, {"(2, 3, 2)", {2, 3, 2}}, {"(2L, 6L)", {2, 6, 1}}};
    float floats[VALUES];
    unsigned char bytes[VALUES], bools[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        floats[i] = (float)i;
        bytes[i] = (unsigned char)i;
        bools[i] = i > 0;
    }
    for (size_t t = 0; t < TYPES; t++) {
        const tileprop_type type = t < 2 ? TILEPROP_U8 : TILEPROP_F32;
        const void *values = t == 0 ? (const void *)bools : t == 1 ? (const void *)bytes : (const void *)floats;
        for (const char *order = "<>=|"; *order; order++) {
            for (size_t i = 0; i < 2 * sizeof shapes / sizeof *shapes; i++) {
                const size_t *sizes = shapes[i / 2].sizes;
                check_samples(counting(types[t], *order, i % 2, shapes[i / 2].text, sizes), type, values, sizes[0],
                              sizes[1] * sizes[2]);
            }
        }
    }
}

/* More samples than are transposed at once. */
static void test_tall(void **state)
{
    (void)state;
    unsigned char columns[3 * 70], rows[3 * 70];
    for (size_t i = 0; i < sizeof columns; i++) {
        columns[i] = (unsigned char)i;
        rows[i % 70 * 3 + i / 70] = (unsigned char)i;
    }
    check_samples(array(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (70, 3)}", columns, sizeof columns),
                  TILEPROP_U8, rows, 70, 3);
}

static void test_extremes(void **state)
{
    (void)state;
    const int8_t i8[] = {-128, 127};
    const int32_t i32[] = {INT32_MIN, 1 << 24};
    const int64_t i64[] = {INT64_MIN, -(INT64_C(1) << 53)};
    const uint64_t u64[] = {UINT64_C(1) << 63, UINT64_C(0xffffff) << 40};
    const uint16_t f16[] = {0x0001, 0xfbff, 0x83ff, 0x7e00};
    check_samples(array(1, HEADER("|i1", "(1, 2)"), i8, sizeof i8), TILEPROP_F32, (const float[]){-128, 127}, 1, 2);
    check_samples(array(1, HEADER("<i4", "(1, 2)"), i32, sizeof i32), TILEPROP_F32, (const float[]){-0x1p31f, 0x1p24f},
                  1, 2);
    check_samples(array(1, HEADER("<i8", "(1, 2)"), i64, sizeof i64), TILEPROP_F32, (const float[]){-0x1p63f, -0x1p53f},
                  1, 2);
    check_samples(array(1, HEADER("<u8", "(1, 2)"), u64, sizeof u64), TILEPROP_F32,
                  (const float[]){0x1p63f, 0xffffffp40f}, 1, 2);
    check_samples(array(1, HEADER("<f2", "(1, 3)"), f16, 6), TILEPROP_F32,
                  (const float[]){0x1p-24f, -65504, -0x3ffp-24f}, 1, 3);
}

/* Integers that are no floats are exact less an offset. */
static void test_offsets(void **state)
{
    (void)state;
    const int32_t times[] = {1600000001, 7, 1600000100, 8}, later[] = {1600000099, 9};
    const float expected[] = {0, 7, 99, 8}, expected_later[] = {98, 9};
    struct tp_schema schema = {.offsets = TP_OFFSETS_EACH};
    struct tp_dataset data;
    struct tp_error error;
    struct tp_file file = array(1, HEADER("<i4", "(2, 2)"), times, sizeof times);
    assert_int_equal(tp_npy_samples(&file, TP_MISSING_ERROR, NULL, &schema, &data, &error), TILEPROP_OK);
    assert_memory_equal(data.samples, expected, sizeof expected);
    tp_dataset_free(&data);
    file = array(1, HEADER("<i4", "(1, 2)"), later, sizeof later);
    assert_int_equal(tp_npy_samples(&file, TP_MISSING_ERROR, NULL, &schema, &data, &error), TILEPROP_OK);
    assert_memory_equal(data.samples, expected_later, sizeof expected_later);
    tp_dataset_free(&data);
    schema.offset[0] = 0.1; /* as one that was learned from doubles */
    file = array(1, HEADER("<i4", "(1, 2)"), later, sizeof later);
    assert_int_equal(tp_npy_samples(&file, TP_MISSING_ERROR, NULL, &schema, &data, &error), TILEPROP_OK);
    tp_dataset_free(&data);
    tp_schema_free(&schema);
}

static void check_labels(struct tp_file file, const char *classes, const uint16_t *labels, size_t count)
{
    struct tp_schema schema = {0};
    struct tp_dataset data = {.count = count};
    struct tp_error error = {""};
    char found[128] = "";
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

static void test_label_types(void **state)
{
    (void)state;
    uint16_t labels[VALUES], bools[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        labels[i] = (uint16_t)i;
        bools[i] = i > 0;
    }
    for (size_t t = 0; t < TYPES; t++) {
        for (const char *order = "<>=|"; *order; order++) {
            for (int i = 0; i < 4; i++) {
                const struct tp_file file =
                    counting(types[t], *order, i & 1, i & 2 ? "(12,)" : "(12, 1)", (const size_t[]){VALUES, 1, 1});
                check_labels(file, t == 0 ? "0 1" : "0 1 2 3 4 5 6 7 8 9 10 11", t == 0 ? bools : labels, VALUES);
            }
        }
    }
}

static void test_large_labels(void **state)
{
    (void)state;
    const int64_t signs[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1};
    const uint64_t large[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 53, (UINT64_C(1) << 53) + 1};
    check_labels(array(1, HEADER("<i8", "(4,)"), signs, sizeof signs),
                 "-9223372036854775808 -9223372036854775807 9223372036854775806 9223372036854775807",
                 (const uint16_t[]){3, 0, 2, 1}, 4);
    check_labels(array(1, HEADER("<u8", "(4, 1)"), large, sizeof large),
                 "9007199254740992 9007199254740993 18446744073709551614 18446744073709551615",
                 (const uint16_t[]){3, 2, 0, 1}, 4);
}

static void check_refused_with(struct tp_file file, enum tp_missing missing, const char *message)
{
    struct tp_schema schema = {0};
    struct tp_dataset data;
    struct tp_error error = {""};
    check_failure(tp_npy_samples(&file, missing, NULL, &schema, &data, &error), TILEPROP_BAD_INPUT, &error, message);
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
    check_refused(text_file("not an array"), "t.csv: byte 0: ... NumPy array");
    check_refused(text_file_of("\x93NUMPY", 6), "byte 6: ... version 1, 2 ... 3");
    check_refused(text_file_of("\x93NUMPY\x04\x00\x01\x00", 10), "byte 6: ... version 1, 2 ... 3 ... 4");
    check_refused(text_file_of("\x93NUMPY\x01\x00\xff\xff{", 11), "byte 11: truncated ... header");
    check_refused(array(1, HEADER("<f4", "(3, 2)"), floats, 20), "6 values of 4 bytes ... found 20 bytes");
    check_refused(array(1, HEADER("<f4", "(1, 2)"), floats, sizeof floats), "2 values ... found 24 bytes");
    check_refused(array(1, HEADER("<f4", "(3, 2)"), floats, sizeof floats),
                  "NaN ... sample 1, feature 0 (both from 0)");
    check_refused(array(1, HEADER("<f4", "(1, 2)"), floats + 4, 8), "infinity ... large ... float ... sample 0");
    check_refused_with(array(1, HEADER("<f4", "(3, 2)"), floats, sizeof floats), TP_MISSING_MEAN,
                       "large ... float ... sample 2, feature 0");
    check_refused(array(1, HEADER("<f8", "(1, 2)"), large, sizeof large), "large ... float ... sample 0, feature 0");
    check_refused(array(1, HEADER("<f4", "(6,)"), floats, sizeof floats), "2 ... found 1");
    check_refused(array(1, HEADER("<f2", "(1, 2)"), (const uint16_t[]){0, 0x7c00}, 4),
                  "infinity ... sample 0, feature 1");
    check_refused(array(1, HEADER("<f2", "(1, 2)"), (const uint16_t[]){0x7e00, 0}, 4), "NaN ... sample 0, feature 0");
    check_refused(array(1, HEADER("<i4", "(1, 2)"), (const int32_t[]){16777216, -16777217}, 8),
                  "t.csv: -16777217 in sample 0, feature 1 ... integer ... float ... exactly");
    check_refused(array(1, HEADER("<u8", "(2, 1)"), (const uint64_t[]){0, UINT64_MAX}, 16),
                  "t.csv: 18446744073709551615 in sample 1, feature 0 ... integer ... double ... exactly");
    check_refused(array(1, HEADER(">i8", "(2, 1)"), "\0\0\0\0\0\0\0\0\xff\xdf\xff\xff\xff\xff\xff\xff", 16),
                  "t.csv: -9007199254740993 in sample 1, feature 0 ... integer ... double ... exactly");
    check_refused(array(1, HEADER("<c8", "(3, 1)"), floats, sizeof floats),
                  "header at \"'<c8'\" ... complex ... x.real");
    check_refused(array(1, HEADER("|O", "(3, 2)"), floats, sizeof floats), "header at \"'|O'\" ... objects ... astype");
    check_refused(array(1, HEADER("<U3", "(3, 2)"), floats, sizeof floats), "header at \"'<U3'\" ... text ... astype");
    check_refused(array(1, HEADER("|S3", "(3, 2)"), floats, sizeof floats), "header at \"'|S3'\" ... text ... astype");
    check_refused(array(1, HEADER("<M8[s]", "(3,)"), floats, sizeof floats),
                  "header at \"'<M8[s]'\" ... dates ... astype");
    check_refused(array(1, HEADER("<m8[s]", "(3,)"), floats, sizeof floats), "header at \"'<m8[s]'\" ... durations");
    check_refused(array(1, HEADER("|V8", "(3,)"), floats, sizeof floats), "header at \"'|V8'\" ... fields");
    check_refused(array(1, HEADER("<f16", "(1, 1)"), floats, 16), "header at \"'<f16'\" ... floats ... astype");
    check_refused(array(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}", floats, 12),
                  "header at \"[('a', '<f4')]\" ... fields ... structured_to_unstructured");
    check_refused(array(1, "{'descr': [", floats, 0), "header at \"[\" ... integers");
    check_refused(array(1, "{'descr': '", floats, 0), "header at \"'\" ... integers");
    check_refused(array(1, "{'descr': ", floats, 0), "header at \"\" ... integers");
    check_refused(array(1, HEADER("<f4", "(0, 2)"), floats, 0), "header at \"(0, 2)\" ... one value");
    check_refused(array(1, HEADER("<f4", "(2, 0"), floats, 0), "header at \"(2, 0 ... one value");
    check_refused(array(1, HEADER("<f4", "(999999999999, 999999999999)"), floats, 0), "dimensions ... 1");
    check_refused(array(1, "{'descr': '<f4', 'fortran_order': 1, 'shape': (3, 2)}", floats, sizeof floats),
                  "True ... False");
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
        {array(1, HEADER("<f4", "(2,)"), (const float[]){1, 1.5f}, 8),
         "label 1 (from 0): ... integer ... found label 1.5"},
        {array(1, HEADER("<f4", "(2,)"), (const float[]){1, NAN}, 8), "label 1 (from 0): ... found nan"},
        {array(1, HEADER("|u1", "(3,)"), "abc", 3), "2 labels ... found 3 in 1 dimension"},
        {array(1, HEADER("|u1", "(1, 2)"), "ab", 2), "2 labels ... found 2 in 2 dimensions"},
        {array(1, HEADER("|u1", "(3, 1)"), "abc", 3), "2 labels ... found 3 in 2 dimensions"},
        {array(1, HEADER("|u1", "()"), "a", 1), "2 labels ... found 1 in 0 dimensions"},
        {array(1, HEADER("|b1", "(2, 2)"), "\1\0\0\1", 4), "2 one-hot columns ... argmax(1)"},
        {array(1, HEADER("<f4", "(2, 2)"), (const float[]){1, 0, 1, 0}, 16), "2 one-hot columns ... argmax(1)"},
        {array(1, HEADER("|u1", "(2, 2)"), "\1\1\0\0", 4), "2 labels ... found 4 in 2 dimensions"},
        {array(1, HEADER("|u1", "(2, 2)"), "\1\0\0\2", 4), "2 labels ... found 4 in 2 dimensions"},
        {array(1, HEADER("|u1", "(2, 2)"), "\0\0\0\1", 4), "2 labels ... found 4 in 2 dimensions"},
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
        cmocka_unit_test(test_samples),        cmocka_unit_test(test_types),        cmocka_unit_test(test_tall),
        cmocka_unit_test(test_extremes),       cmocka_unit_test(test_offsets),      cmocka_unit_test(test_labels),
        cmocka_unit_test(test_label_types),    cmocka_unit_test(test_large_labels), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_labels_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
