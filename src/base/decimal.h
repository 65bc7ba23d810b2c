/* Decimal numbers in text, as doubles that narrow to the right floats. */
#pragma once

/*
 * Reads the longest decimal number that text begins with and stores a double that is off by at most a few units in the
 * last place; it is the nearest one for up to 15 digits and an exponent of magnitude at most 22. Narrowed to float, it
 * is correctly rounded (ties to even):
 *
 *     [+-] (digits [. [digits]] | . digits) [(e|E) [+-] digits]
 *
 * It never reads at or past `end`, and knows no locale, blanks, hexadecimal digits, infinity or NaN. A number too large
 * for a double becomes an infinity. Returns the end of the number, or NULL if text does not begin with one.
 */
const char *tp_decimal_read(const char *text, const char *end, double *value);
