/*
 * Decimal numbers in text, as doubles that narrow to the right floats.
 */
#pragma once

/*
 * Reads the longest decimal number that text begins with and stores a double that is off by at most a few units in
 * the last place, by none for a number of up to 15 digits with an exponent of at most 22 in size. Narrowed, it is the
 * float nearest to the number, or the even one of two:
 *
 *     [+-] (digits [. [digits]] | . digits) [(e|E) [+-] digits]
 *
 * It neither reads at `end` nor after it, and knows no locale, blanks, hexadecimal digits, infinity or NaN.
 * What is too large for a double becomes an infinity. Returns the end of the number, or NULL if text begins
 * with none.
 */
const char *tp_decimal_read(const char *text, const char *end, double *value);
