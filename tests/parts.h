/*
 * The parts of a message that tests match: the option or file with its position, what was found and what was expected,
 * but not the words between, so that wording can change. C11 and C++17.
 */
#pragma once

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Whether the position is inside a word or a number of the text; sign and fraction belong to the number. */
static inline bool parts_in_word(const char *text, const char *place)
{
    if (place == text)
        return false;
    const unsigned char before = (unsigned char)place[-1], after = (unsigned char)place[0];
    const bool sign = before == '-' && (place - 1 == text || place[-2] == ' ');
    return ((isalnum(before) || before == '_') && (isalnum(after) || after == '_')) ||
           ((before == '.' || sign) && isdigit(after)) ||
           (isdigit(before) && after == '.' && isdigit((unsigned char)place[1]));
}

/*
 * Whether the text has these parts, which " ... " separates, in this order: "--batch: ... 31 ... 30". Parts
 * are whole words and numbers: "row 1" does not match "row 10".
 */
static inline bool has_parts(const char *text, const char *parts)
{
    const char *place = text;
    while (*parts) {
        const char *end = strstr(parts, " ... ");
        const size_t size = end ? (size_t)(end - parts) : strlen(parts);
        while (strncmp(place, parts, size) != 0 || parts_in_word(text, place) || parts_in_word(text, place + size))
            if (!*place++)
                return false;
        place += size;
        parts = end ? end + strlen(" ... ") : parts + size;
    }
    return true;
}
