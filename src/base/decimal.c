#include "base/decimal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TP_WORD_DIGITS 19 /* any number with this many digits fits in 64 bits */

/* The decimals halfway between two floats have at most 113 digits, so later digits can only break a tie. */
#define TP_DIGITS_MAX 128

/* Far beyond any float, and far from overflow when the count of digits is added. */
#define TP_EXPONENT_MAX 1000000000

/* Correctly rounded; exact up to 10^22. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12,
                                1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25,
                                1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38,
                                1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51,
                                1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63, 1e64};
#define TP_POWERS ((int64_t)(sizeof powers / sizeof *powers))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * word * 10^exponent in double. Three roundings at most (of word, of the power, of the result) and the digits cut from
 * word add up to an error of less than 4 units in the last place. Rounded to float this is the nearest one, unless a
 * tie (lower 29 bits equal to 2^28) is within the error; then nothing is stored. After Clinger, "How to read floating
 * point numbers accurately", PLDI 1990.
 */
static bool round_double(uint64_t word, int64_t exponent, double *value)
{
    if (exponent <= -TP_POWERS || exponent >= TP_POWERS)
        return false;
    const double wide = exponent < 0 ? (double)word / powers[-exponent] : (double)word * powers[exponent];
    uint64_t bits;
    memcpy(&bits, &wide, sizeof bits);
    const int64_t from_tie = (int64_t)(bits & ((1u << 29) - 1)) - (1 << 28);
    const bool is_exact = exponent == 0 && word <= (uint64_t)1 << DBL_MANT_DIG;
    if ((!is_exact && from_tie >= -4 && from_tie <= 4) || wide < 2 * (double)FLT_MIN)
        return false;
    *value = wide;
    return true;
}

/*
 * strtof() rounds correctly. strtod()'s double narrows to a different float only if it is halfway between two; then
 * its neighbour is returned. The text has no decimal point, the one part of a number that a locale changes.
 */
static double round_text(const char *text, const char *end, int64_t exponent)
{
    char digits[TP_DIGITS_MAX + 32];
    size_t count = 0;
    bool behind_point = false, more = false;
    for (const char *c = text; c < end; c++) {
        if (*c == '.') {
            behind_point = true;
        } else if (count < TP_DIGITS_MAX) {
            exponent -= behind_point;
            if (count || *c != '0')
                digits[count++] = *c;
        } else {
            exponent += !behind_point;
            more |= *c != '0';
        }
    }
    if (more) {
        digits[count++] = '1';
        exponent--;
    }
    snprintf(digits + count, sizeof digits - count, "e%lld", (long long)exponent);
    const double wide = strtod(digits, NULL), narrow = (double)strtof(digits, NULL);
    return (double)(float)wide == narrow ? wide : nextafter(wide, narrow);
}

/* Returns the end of an exponent, which includes its 'e', or text if there is none. */
static const char *read_exponent(const char *text, const char *end, int64_t *exponent)
{
    if (text == end || (*text != 'e' && *text != 'E'))
        return text;
    const char *c = text + 1;
    const bool negative = c < end && *c == '-';
    c += c < end && (*c == '-' || *c == '+');
    if (c == end || !is_digit(*c))
        return text;
    for (; c < end && is_digit(*c); c++)
        *exponent = *exponent < TP_EXPONENT_MAX ? *exponent * 10 + (*c - '0') : TP_EXPONENT_MAX;
    if (negative)
        *exponent = -*exponent;
    return c;
}

const char *tp_decimal_read(const char *text, const char *end, double *value)
{
    const bool negative = text < end && *text == '-';
    const char *const begin = text + (text < end && (*text == '-' || *text == '+'));
    const char *c = begin;
    uint64_t word = 0;
    int64_t shift = 0; /* number of digits left out of word, minus its digits after the point */
    size_t digits = 0; /* of word, from its first nonzero digit */
    bool is_number = false;

    for (; c < end && is_digit(*c); c++) {
        if (digits < TP_WORD_DIGITS) {
            word = word * 10 + (uint64_t)(*c - '0');
            digits += word != 0;
        } else {
            shift++;
        }
        is_number = true;
    }
    if (c < end && *c == '.') {
        for (c++; c < end && is_digit(*c); c++) {
            if (digits < TP_WORD_DIGITS) {
                word = word * 10 + (uint64_t)(*c - '0');
                digits += word != 0;
                shift--;
            }
            is_number = true;
        }
    }
    if (!is_number)
        return NULL;

    const char *const mantissa_end = c;
    int64_t exponent = 0;
    c = read_exponent(c, end, &exponent);
    double magnitude = 0;
    if (word && !round_double(word, exponent + shift, &magnitude))
        magnitude = round_text(begin, mantissa_end, exponent);
    *value = negative ? -magnitude : magnitude;
    return c;
}
