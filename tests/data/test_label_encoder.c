/*
 * Labels and their classes: which texts are the same class, which are refused, and the order of classes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "data/label_encoder.h"
#include "tests/check.h"

static struct tp_label_encoder begin(struct tp_schema schema)
{
    struct tp_label_encoder classes;
    assert_int_equal(tp_label_encoder_begin(&classes, &schema, "place", NULL), TILEPROP_OK);
    return classes;
}

static struct tp_label_encoder begin_none(void)
{
    return begin((struct tp_schema){0});
}

static uint16_t label(struct tp_label_encoder *classes, const char *text)
{
    struct tp_error error;
    uint16_t found;
    if (tp_label_encoder_label(classes, "here", text, strlen(text), &found, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    return found;
}

static void check_refused(struct tp_label_encoder *classes, const char *text, const char *part)
{
    struct tp_error error;
    uint16_t found;
    const tileprop_status status = tp_label_encoder_label(classes, "here", text, strlen(text), &found, &error);
    check_failure(status, TILEPROP_BAD_INPUT, &error, "here: ");
    check_failure(status, TILEPROP_BAD_INPUT, &error, part);
}

static void test_an_integer_is_one_class_in_any_notation(void **state)
{
    (void)state;
    static const char *const ways[][6] = {
        {"5", "5.0", "+5", "05", "5e0", "50e-1"},
        {"-7", "-7.0", "-07", "-7e0", "-70e-1", "-7."},
        {"0", "-0", "0.0", "00", "-0.0", "0e5"},
        {"90", "90.0", "9e1", "090", "+90", "0.9e2"},
        {"16777215", "16777215.0", "+16777215", "016777215", "16777215e0", "16777215."}};
    for (size_t first = 0; first < 6; first++) {
        struct tp_label_encoder classes = begin_none();
        for (size_t i = 0; i < 5; i++)
            for (size_t way = 0; way < 6; way++)
                assert_int_equal(label(&classes, ways[i][(first + way) % 6]), i);
        tp_string_table_free(&classes.names);
    }
}

/* Whose floats would be the same. */
static void test_integers_of_any_size_are_distinguished(void **state)
{
    (void)state;
    static const char *const texts[] = {"20000001", "20000000", "-20000001", "-20000000", "99999999900", "99999999901"};
    struct tp_label_encoder classes = begin_none();
    for (uint16_t i = 0; i < 6; i++)
        assert_int_equal(label(&classes, texts[i]), i);
    tp_string_table_free(&classes.names);
}

static void test_continuous_labels_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"1.5",        "-0.25",      "3e9",         "-3e9",
                                        "16777216.0", "16777217.0", "-16777217.0", "1e-9"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tp_label_encoder classes = begin_none();
        label(&classes, "1.0");
        check_refused(&classes, texts[i], "integer ... name ... regression target");
        tp_string_table_free(&classes.names);
    }
}

/* They are then as good as any other text. */
static void test_numbers_among_texts_are_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "1", "1.5", "5x", "5", "-", "1e", "-x"};
    struct tp_label_encoder classes = begin_none();
    for (uint16_t i = 0; i < 8; i++)
        assert_int_equal(label(&classes, texts[i]), i);
    for (uint16_t i = 0; i < 8; i++)
        assert_int_equal(label(&classes, texts[i]), i);
    tp_string_table_free(&classes.names);

    classes = begin_none();
    label(&classes, "-");
    label(&classes, "1.5");
    tp_string_table_free(&classes.names);
}

static void add_numbered(struct tp_label_encoder *classes, const char *format, unsigned from, unsigned to)
{
    char text[16];
    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof text, format, i);
        assert_int_equal(label(classes, text), i);
    }
}

static void test_there_may_be_65535_classes(void **state)
{
    (void)state;
    struct tp_label_encoder classes = begin_none();
    add_numbered(&classes, "%u", 0, 100);
    assert_int_equal(label(&classes, "99"), 99);
    assert_int_equal(label(&classes, "a"), 100);
    assert_int_equal(label(&classes, "100"), 101);
    tp_string_table_free(&classes.names);

    classes = begin_none();
    add_numbered(&classes, "c%05u", 0, 65535);
    check_refused(&classes, "d", "65535 classes");
    assert_int_equal(label(&classes, "c65534"), 65534);
    tp_string_table_free(&classes.names);
}

static void test_known_classes_are_the_only_ones(void **state)
{
    (void)state;
    char *names[] = {"b", "7", "a"};
    struct tp_schema schema = {.classes = names, .class_count = 3}, one = {.classes = names, .class_count = 1};
    struct tp_label_encoder classes = begin(schema);
    uint16_t labels[] = {2, 0}, found = 42;
    assert_int_equal(label(&classes, "a"), 2);
    assert_int_equal(label(&classes, "7.0"), 1);
    check_refused(&classes, "c", "training data ... found \"c\"");
    check_refused(&classes, "1.5", "training data ... found \"1.5\"");
    assert_false(tp_label_encoder_find(&classes, "7.0", 3, &found) || found != 42);
    assert_true(tp_label_encoder_find(&classes, "b", 1, &found) && found == 0);
    assert_int_equal(tp_label_encoder_finish(&classes, &schema, labels, 2, NULL), TILEPROP_OK);
    assert_true(schema.classes == names && labels[0] == 2 && labels[1] == 0);
    tp_string_table_free(&classes.names);

    classes = begin(one);
    check_refused(&classes, "a", "found \"a\"");
    tp_string_table_free(&classes.names);
}

static void test_learned_classes_are_sorted(void **state)
{
    (void)state;
    static const char *const texts[] = {"10", "9", "-1", "9", "10"}, *const sorted[] = {"-1", "9", "10"};
    struct tp_schema schema = {0};
    struct tp_label_encoder classes = begin(schema);
    uint16_t labels[5];
    for (size_t i = 0; i < 5; i++)
        labels[i] = label(&classes, texts[i]);
    assert_int_equal(tp_label_encoder_finish(&classes, &schema, labels, 5, NULL), TILEPROP_OK);
    assert_int_equal(schema.class_count, 3);
    for (size_t k = 0; k < 3; k++)
        assert_string_equal(schema.classes[k], sorted[k]);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(schema.classes[labels[i]], texts[i]);
    tp_string_table_free(&classes.names);
    tp_schema_free(&schema);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_integer_is_one_class_in_any_notation),
        cmocka_unit_test(test_integers_of_any_size_are_distinguished),
        cmocka_unit_test(test_continuous_labels_are_refused),
        cmocka_unit_test(test_numbers_among_texts_are_texts),
        cmocka_unit_test(test_there_may_be_65535_classes),
        cmocka_unit_test(test_known_classes_are_the_only_ones),
        cmocka_unit_test(test_learned_classes_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
