/*
 * Decimal numbers against the C library's strtof() and strtod(), which round correctly: hard cases, numbers close to
 * ties, random numbers, and text that is not a number.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/random.h"
#include "tests/check.h"

/* The text is copied to a block of exactly its size, so that a sanitizer sees reads past its end. */
static const char *read_copy(const char *text, double *value, size_t *used)
{
    const size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    const char *end = tp_decimal_read(copy, copy + size, value);
    *used = end ? (size_t)(end - copy) : 0;
    free(copy);
    return end ? text + *used : NULL;
}

static void check_number(const char *text)
{
    double wide = NAN;
    size_t used;
    char *end;
    const float expected = strtof(text, &end);
    const double near = strtod(text, NULL);
    const bool read = read_copy(text, &wide, &used);
    const float found = (float)wide;
    if (!read || text + used != end || memcmp(&found, &expected, sizeof found) != 0)
        fail_msg("%s: found %a, %zu bytes used, expected %a, %zu", text, (double)found, used, (double)expected,
                 (size_t)(end - text));
    if (wide != near && !(fabs(wide - near) <= 4 * DBL_EPSILON * fabs(near)))
        fail_msg("%s: found %a, expected %a or a double close to it", text, wide, near);
}

static void test_hard_cases(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "0",
        "-0",
        "0.0",
        "+1",
        "-1.",
        ".5",
        "-.5e1",
        "007",
        "1e",
        "1e+",
        "1e5x",
        "1.5.2",
        "1,5",
        "3-4",
        "1E+02",
        "16777215",
        "16777216",
        "16777217",
        "16777218",
        "16777219",
        "33554435",
        "-16777217",
        "9007199254740993",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "16777217.0000000000000000000000000000000000000000000000001",
        "16777216.9999999999999999999999999999999999",
        "3.4028234663852886e38",
        "3.40282347e38",
        "3.4028235677973366e38",
        "3.4028235677973367e38",
        "3.5e38",
        "1e39",
        "-1e99",
        "1e400",
        "1e999999999999999999",
        "1e-999999999999999999",
        "1e18446744073709551617",
        "0e999999999",
        "1e-400",
        "1.17549435e-38",
        "1.1754943e-38",
        "1.17549421e-38",
        "2.3509887e-38",
        "1e-45",
        "1.4e-45",
        "7e-46",
        "7.006492321624085e-46",
        "7.0064923216240853546186479164495e-46",
        "7.0064923216240853546186479164496e-46",
        "8.5899345920000004e9",
        "1.00000005960464477539062500000",
        "1.000000059604644775390625",
        "1.00000005960464477539062499999999999999999",
        "1.00000005960464477539062500000000000000001",
        "0.000000000000000000000000000000000000000000000000000000000000000000000001e70",
        "10000000000000000000000000000000000000000000000000000000000000000000000e-70",
        "5e-324",
        "123456789012345678901234567890e-20",
        "0.1",
        "0.2",
        "0.3",
        "1e22",
        "1e23",
        "8.41e21"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check_number(numbers[i]);
}

static void test_text_that_is_not_a_number(void **state)
{
    (void)state;
    static const char *const others[] = {"", "-", "+", ".", "-.", "e5", "-e5", "inf", "nan", "NaN", " 1", "x1", "--1"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        double value;
        size_t used;
        if (read_copy(others[i], &value, &used))
            fail_msg("\"%s\": found a number, expected none", others[i]);
    }
    double value;
    size_t used;
    assert_non_null(read_copy("0x10", &value, &used));
    assert_int_equal(used, 1);
}

/* Very many digits after a tie, and very many zeros before a number. */
static void test_long(void **state)
{
    (void)state;
    enum { LENGTH = 4000 };
    char text[LENGTH + 64];
    strcpy(text, "16777217.");
    memset(text + 9, '0', LENGTH);
    strcpy(text + 9 + LENGTH, "1");
    check_number(text);
    strcpy(text + 9 + LENGTH, "0");
    check_number(text);
    strcpy(text, "0.");
    memset(text + 2, '0', LENGTH);
    strcpy(text + 2 + LENGTH, "7e4000");
    check_number(text);
    memset(text, '9', LENGTH);
    strcpy(text + LENGTH, "e-3990");
    check_number(text);
}

static void test_short_numbers_are_exact(void **state)
{
    static const char *const numbers[] = {"1600000000.123456",       "52.00001", "-2451545.12345678", "999999999999999",
                                          "0.000000123456789012345", "1e22"};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value = NAN;
        size_t used;
        if (!read_copy(numbers[i], &value, &used) || value != strtod(numbers[i], NULL))
            fail_msg("%s: found %a, expected %a", numbers[i], value, strtod(numbers[i], NULL));
    }
}

/* Every notation of a float, the ties next to it, and numbers close to those. */
static void test_random_floats(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        uint32_t words[4];
        tp_random_block(7, 0, 0, i, words);
        const uint32_t bits = words[0] & 0x7fffffff;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[256];
        const double tie = ((double)value + (double)nextafterf(value, INFINITY)) / 2;
        snprintf(text, sizeof text, "%.*e", (int)(words[1] % 24), (double)value);
        check_number(text);
        snprintf(text, sizeof text, "%.9g", (double)value);
        check_number(text);
        if (!isfinite(tie))
            continue;
        snprintf(text, sizeof text, "%.*e", (int)(words[2] % 30), tie);
        check_number(text);
        snprintf(text, sizeof text, "%.120g", tie);
        check_number(text);
        snprintf(text, sizeof text, "%.17g", nextafter(tie, words[3] & 1 ? 0 : INFINITY));
        check_number(text);
    }
}

static void test_random_digits(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200000; i++) {
        uint32_t words[4];
        tp_random_block(8, 0, 0, i, words);
        char text[128];
        const int point = (int)(words[2] % 12);
        snprintf(text, sizeof text, "%s%.*f", words[3] & 1 ? "-" : "", point,
                 (double)words[0] / (double)(words[1] | 1));
        check_number(text);
        snprintf(text, sizeof text, "%u.%08ue%d", words[0], words[1], (int)(words[2] % 100) - 55);
        check_number(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard_cases),    cmocka_unit_test(test_text_that_is_not_a_number),
        cmocka_unit_test(test_long),          cmocka_unit_test(test_short_numbers_are_exact),
        cmocka_unit_test(test_random_floats), cmocka_unit_test(test_random_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
