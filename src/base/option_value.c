#include "base/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(_Generic((size_t)0, uint64_t : true, default : false), "counts and seeds are read alike");

void tp_option_append(char *text, size_t size, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

/* Parses all of text[length]. */
static bool parse_integer(const tileprop_option *option, const char *text, size_t length, uint64_t *value)
{
    /* strtoull alone would take blanks, signs and an empty text. */
    if (!length || strspn(text, "0123456789") != length)
        return false;
    errno = 0;
    *value = strtoull(text, NULL, 10);
    return !errno && *value >= option->least && *value <= option->most;
}

static bool parse_real(const tileprop_option *option, const char *text, double *value)
{
    /* strtod alone would take blanks, hexadecimal digits, "inf" and "nan". */
    if (!*text || strspn(text, "0123456789.eE+-") != strlen(text))
        return false;
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (*end || errno || !isfinite(*value))
        return false;
    bool high_enough = option->above ? *value > option->low : *value >= option->low;
    bool low_enough = option->below ? *value < option->high : *value <= option->high;
    return high_enough && low_enough;
}

static bool parse_sizes(const tileprop_option *option, const char *text, char *target)
{
    size_t *sizes = (size_t *)(void *)(target + option->offset);
    size_t *count = (size_t *)(void *)(target + option->count_offset);
    *count = 0;
    if (strcmp(text, "none") == 0)
        return true;
    for (size_t length; *count < option->items; text += length + 1) {
        length = strcspn(text, ",");
        if (!parse_integer(option, text, length, &sizes[(*count)++]))
            return false;
        if (!text[length])
            return true;
    }
    return false;
}

static const tileprop_choice *find_choice(const tileprop_option *option, const char *name)
{
    for (const tileprop_choice *choice = option->choices; choice && choice->name; choice++)
        if (strcmp(choice->name, name) == 0)
            return choice;
    return NULL;
}

static bool is_plain_text(const char *text)
{
    size_t length = 0;
    for (const char *c = text; *c; c++, length++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '"')
            return false;
    return length >= 1 && length <= TP_OPTION_TEXT_MAX;
}

const char *tp_option_file(const tileprop_option *option, const void *target)
{
    if (option->kind != TILEPROP_OPTION_PATH)
        return NULL;
    const char *path = *(const char *const *)(const void *)((const char *)target + option->offset);
    return path && !find_choice(option, path) ? path : NULL;
}

static bool parse(const tileprop_option *option, const char *text, char *target)
{
    void *where = target + option->offset;
    const bool absent = option->keyword && strcmp(text, option->keyword) == 0;
    const tileprop_choice *choice = find_choice(option, text);

    switch (option->kind) {
    case TILEPROP_OPTION_SWITCH:
        *(int *)where = strcmp(text, "on") == 0;
        return *(int *)where || strcmp(text, "off") == 0;
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        *(uint64_t *)where = 0;
        return absent || parse_integer(option, text, strlen(text), where);
    case TILEPROP_OPTION_REAL:
        *(double *)where = 0;
        return absent || parse_real(option, text, where);
    case TILEPROP_OPTION_CHOICE:
        if (choice)
            *(int *)where = choice->value;
        return choice;
    case TILEPROP_OPTION_NAME:
        if (choice)
            *(const char **)where = choice->name;
        return choice;
    case TILEPROP_OPTION_SIZES:
        return parse_sizes(option, text, target);
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        *(const char **)where = absent ? NULL : text;
        return absent || is_plain_text(text);
    }
    return false;
}

tileprop_status tp_option_parse(const tileprop_option *option, const char *place, const char *text, void *target,
                                struct tp_error *error)
{
    static const tileprop_option percent = {.low = 1, .high = 100, .above = true};
    char expected[512], meant[64] = "";
    double real;
    if (parse(option, text, target))
        return TILEPROP_OK;
    tp_option_describe(option, expected, sizeof expected);
    if (option->fraction && parse_real(&percent, text, &real))
        snprintf(meant, sizeof meant, "; did you mean %g?", real / 100);
    return tp_fail(error, TILEPROP_USAGE, "%s%s: expected %s, found \"%s\"%s", place, option->name, expected,
                   tp_show(text, strlen(text)).text, meant);
}

/* The shortest decimal that reads back as the same double. */
struct digits {
    char text[32];
};

static struct digits digits_of(double value)
{
    struct digits digits = {""};
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits.text, sizeof digits.text, "%.*g", precision, value);
        if (strtod(digits.text, NULL) == value)
            break;
    }
    return digits;
}

static void format_sizes(const tileprop_option *option, const char *target, char *text, size_t size)
{
    const size_t *sizes = (const size_t *)(const void *)(target + option->offset);
    const size_t count = *(const size_t *)(const void *)(target + option->count_offset);
    snprintf(text, size, count ? "%zu sizes" : "none", count);
    for (size_t i = 0, end = 0; count <= option->items && i < count; i++)
        end += (size_t)snprintf(text + end, size - end, "%s%zu", i ? "," : "", sizes[i]);
}

void tp_option_format(const tileprop_option *option, const void *target, char *text, size_t size)
{
    const void *where = (const char *)target + option->offset;
    const tileprop_choice *choice = option->choices;
    const char *name;
    bool absent = false;
    switch (option->kind) {
    case TILEPROP_OPTION_SWITCH:
        if (*(const int *)where == 0 || *(const int *)where == 1)
            snprintf(text, size, "%s", *(const int *)where ? "on" : "off");
        else
            snprintf(text, size, "%d", *(const int *)where);
        break;
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        absent = *(const uint64_t *)where == 0;
        snprintf(text, size, "%" PRIu64, *(const uint64_t *)where);
        break;
    case TILEPROP_OPTION_REAL:
        absent = *(const double *)where == 0;
        snprintf(text, size, "%s", digits_of(*(const double *)where).text);
        break;
    case TILEPROP_OPTION_CHOICE:
        while (choice->name && choice->value != *(const int *)where)
            choice++;
        if (choice->name)
            snprintf(text, size, "%s", choice->name);
        else
            snprintf(text, size, "%d", *(const int *)where);
        break;
    case TILEPROP_OPTION_SIZES:
        format_sizes(option, target, text, size);
        break;
    case TILEPROP_OPTION_NAME:
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        name = *(const char *const *)where;
        absent = !name;
        snprintf(text, size, "%s", name ? name : "");
        break;
    }
    if (absent && option->keyword)
        snprintf(text, size, "%s", option->keyword);
}

void tp_option_describe(const tileprop_option *option, char *text, size_t size)
{
    text[0] = '\0';
    switch (option->kind) {
    case TILEPROP_OPTION_SWITCH:
        tp_option_append(text, size, "on or off");
        break;
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        tp_option_append(text, size, "an integer from %" PRIu64 " to %" PRIu64, option->least, option->most);
        break;
    case TILEPROP_OPTION_REAL:
        tp_option_append(text, size, "a number %s %s %s %s", option->above ? "above" : "from",
                         digits_of(option->low).text, option->below ? "to below" : "to", digits_of(option->high).text);
        break;
    case TILEPROP_OPTION_CHOICE:
    case TILEPROP_OPTION_NAME:
        for (const tileprop_choice *choice = option->choices; choice->name; choice++)
            tp_option_append(text, size, "%s%s", choice == option->choices ? "one of " : ", ", choice->name);
        break;
    case TILEPROP_OPTION_SIZES:
        tp_option_append(text, size,
                         "up to %zu integers from %" PRIu64 " to %" PRIu64 " with commas between them, or none",
                         option->items, option->least, option->most);
        break;
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        tp_option_append(text, size, "%s of 1 to %d bytes without control characters or double quotes%s",
                         option->argument, TP_OPTION_TEXT_MAX, option->keyword ? "," : "");
        break;
    }
    if (option->keyword)
        tp_option_append(text, size, " or %s", option->keyword);
}
