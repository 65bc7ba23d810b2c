/*
 * Distinct texts: found again, and sorted by bytes or, where all are integers, by value.
 */
#include "base/string_table.h"

#include <stdlib.h>

#include "tests/check.h"

static void add(struct tp_string_table *table, const char *text)
{
    uint32_t number;
    assert_false(tp_string_table_find(table, text, strlen(text), &number));
    assert_int_equal(tp_string_table_add(table, text, strlen(text), NULL), TILEPROP_OK);
}

static void check_sorted(const char *const *texts, const char *const *expected, size_t count)
{
    struct tp_string_table table = {0};
    uint32_t number;
    for (size_t i = 0; i < count; i++)
        add(&table, texts[i]);
    for (size_t i = 0; i < count; i++)
        assert_true(tp_string_table_find(&table, texts[i], strlen(texts[i]), &number) && number == i);
    uint32_t *places = tp_string_table_sort(&table);
    assert_non_null(places);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(table.texts[i], expected[i]);
        assert_string_equal(table.texts[places[i]], texts[i]);
    }
    free(places);
    tp_string_table_free(&table);
    assert_null(table.texts);
}

static void test_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"b", "", "ab", "a", "\xC3\xA4", "B", "abc", "-"};
    static const char *const sorted[] = {"", "-", "B", "a", "ab", "abc", "b", "\xC3\xA4"};
    check_sorted(texts, sorted, 8);
}

static void test_integers(void **state)
{
    (void)state;
    static const char *const texts[] = {"10", "-2", "9", "-10", "0", "100", "-1", "99"};
    static const char *const sorted[] = {"-10", "-2", "-1", "0", "9", "10", "99", "100"};
    check_sorted(texts, sorted, 8);
    static const char *const zeros[] = {"12", "007", "-01", "-2"};
    static const char *const zeros_sorted[] = {"-01", "-2", "12", "007"};
    check_sorted(zeros, zeros_sorted, 4);
    static const char *const mixed[] = {"10", "9", "-"}, *const mixed_sorted[] = {"-", "10", "9"};
    check_sorted(mixed, mixed_sorted, 3);
    check_sorted(NULL, NULL, 0);
}

/* Only the given bytes of a text count. */
static void test_parts(void **state)
{
    (void)state;
    struct tp_string_table table = {0};
    uint32_t number;
    add(&table, "abc");
    assert_false(tp_string_table_find(&table, "abc", 2, &number));
    assert_true(tp_string_table_find(&table, "abcd", 3, &number));
    tp_string_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
