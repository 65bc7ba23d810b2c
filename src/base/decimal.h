/*
 * Decimal numbers in text, as floats.
 */
#pragma once

/*
 * Reads the longest decimal number that text begins with and stores the float nearest to it, of two the even
 * one:
 *
 *     [+-] (digits [. [digits]] | . digits) [(e|E) [+-] digits]
 *
 * It neither reads at `end` nor after it, and knows no locale, blanks, hexadecimal digits, infinity or NaN.
 * What is too large for a float becomes an infinity. Returns the end of the number, or NULL if text begins
 * with none.
 */
const char *tp_decimal_read(const char *text, const char *end, float *value);
