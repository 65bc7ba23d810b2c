#include "base/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tp_option_append(char *text, size_t size, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

static bool parse_integer(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    /* strtoull alone would take blanks, signs and an empty text. */
    if (!*text || strspn(text, "0123456789") != strlen(text))
        return false;
    errno = 0;
    *value = strtoull(text, NULL, 10);
    return !errno && *value >= least && *value <= most;
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
    size_t count = 0;
    if (strcmp(text, "none") != 0) {
        for (const char *item = text; item; count++) {
            char digits[24];
            size_t length = strcspn(item, ",");
            uint64_t value;
            if (count == option->items || length >= sizeof digits)
                return false;
            memcpy(digits, item, length);
            digits[length] = '\0';
            if (!parse_integer(digits, option->least, option->most, &value))
                return false;
            sizes[count] = (size_t)value;
            item = item[length] ? item + length + 1 : NULL;
        }
    }
    memcpy(target + option->count_offset, &count, sizeof count);
    return true;
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

static bool is_keyword(const tileprop_option *option, const char *text)
{
    return option->keyword && strcmp(text, option->keyword) == 0;
}

bool tp_option_is_word(const tileprop_option *option, const char *value)
{
    return find_choice(option, value) || is_keyword(option, value);
}

static bool parse(const tileprop_option *option, const char *text, char *target)
{
    void *where = target + option->offset;
    const bool absent = is_keyword(option, text);
    const tileprop_choice *choice = find_choice(option, text);
    uint64_t integer = 0;
    double real = 0;
    int on;

    switch (option->kind) {
    case TILEPROP_OPTION_SWITCH:
        on = strcmp(text, "on") == 0;
        memcpy(where, &on, sizeof on);
        return on || strcmp(text, "off") == 0;
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        if (!absent && !parse_integer(text, option->least, option->most, &integer))
            return false;
        if (option->kind == TILEPROP_OPTION_COUNT)
            *(size_t *)where = (size_t)integer;
        else
            *(uint64_t *)where = integer;
        return true;
    case TILEPROP_OPTION_REAL:
        if (!absent && !parse_real(option, text, &real))
            return false;
        memcpy(where, &real, sizeof real);
        return true;
    case TILEPROP_OPTION_CHOICE:
        if (choice)
            memcpy(where, &choice->value, sizeof choice->value);
        return choice;
    case TILEPROP_OPTION_NAME:
        if (choice)
            memcpy(where, &choice->name, sizeof choice->name);
        return choice;
    case TILEPROP_OPTION_SIZES:
        return parse_sizes(option, text, target);
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        text = absent ? NULL : text;
        memcpy(where, &text, sizeof text);
        return !text || is_plain_text(text);
    }
    return false;
}

/* Writes what a text that is no value may have meant: "; did you mean 0.97?" of 97; else nothing. */
static void guess(const tileprop_option *option, const char *value, char *text, size_t size)
{
    const tileprop_option percent = {.kind = TILEPROP_OPTION_REAL, .low = 1, .high = 100, .above = true};
    double real;
    text[0] = '\0';
    if (option->fraction && parse_real(&percent, value, &real))
        tp_option_append(text, size, "; did you mean %g?", real / 100);
}

tileprop_status tp_option_parse(const tileprop_option *option, const char *place, const char *text,
                                void *target, struct tp_error *error)
{
    if (parse(option, text, target))
        return TILEPROP_OK;
    char expected[512], meant[64];
    tp_option_describe(option, expected, sizeof expected);
    guess(option, text, meant, sizeof meant);
    return tp_fail(error, TILEPROP_USAGE, "%s%s: expected %s, found \"%s\"%s", place, option->name, expected,
                   tp_show(text, strlen(text)).text, meant);
}

/* The shortest decimal that reads back as the same double. */
static void append_real(char *text, size_t size, double value)
{
    char digits[32];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    tp_option_append(text, size, "%s", digits);
}

static void append_sizes(char *text, size_t size, const tileprop_option *option, const char *target)
{
    const size_t *sizes = (const size_t *)(const void *)(target + option->offset);
    const size_t count = *(const size_t *)(const void *)(target + option->count_offset);
    if (count == 0)
        tp_option_append(text, size, "none");
    if (count > option->items)
        tp_option_append(text, size, "%zu sizes", count);
    for (size_t i = 0; count <= option->items && i < count; i++)
        tp_option_append(text, size, "%s%zu", i ? "," : "", sizes[i]);
}

void tp_option_format(const tileprop_option *option, const void *target, char *text, size_t size)
{
    const void *where = (const char *)target + option->offset;
    uint64_t integer;
    double real;
    int value;
    const char *name;
    text[0] = '\0';
    switch (option->kind) {
    case TILEPROP_OPTION_SWITCH:
        memcpy(&value, where, sizeof value);
        tp_option_append(text, size, value ? "on" : "off");
        break;
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        integer = option->kind == TILEPROP_OPTION_COUNT ? *(const size_t *)where : *(const uint64_t *)where;
        if (option->keyword && integer == 0)
            tp_option_append(text, size, "%s", option->keyword);
        else
            tp_option_append(text, size, "%" PRIu64, integer);
        break;
    case TILEPROP_OPTION_REAL:
        memcpy(&real, where, sizeof real);
        if (option->keyword && real == 0)
            tp_option_append(text, size, "%s", option->keyword);
        else
            append_real(text, size, real);
        break;
    case TILEPROP_OPTION_CHOICE: {
        const tileprop_choice *choice = option->choices;
        memcpy(&value, where, sizeof value);
        while (choice->name && choice->value != value)
            choice++;
        if (choice->name)
            tp_option_append(text, size, "%s", choice->name);
        else
            tp_option_append(text, size, "%d", value);
        break;
    }
    case TILEPROP_OPTION_SIZES:
        append_sizes(text, size, option, target);
        break;
    case TILEPROP_OPTION_NAME:
    case TILEPROP_OPTION_TEXT:
    case TILEPROP_OPTION_PATH:
        memcpy(&name, where, sizeof name);
        tp_option_append(text, size, "%s", name ? name : option->keyword ? option->keyword : "");
        break;
    }
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
        tp_option_append(text, size, "a number %s ", option->above ? "above" : "from");
        append_real(text, size, option->low);
        tp_option_append(text, size, " %s ", option->below ? "to below" : "to");
        append_real(text, size, option->high);
        break;
    case TILEPROP_OPTION_CHOICE:
    case TILEPROP_OPTION_NAME:
        for (const tileprop_choice *choice = option->choices; choice->name; choice++)
            tp_option_append(text, size, "%s%s", choice == option->choices ? "one of " : ", ", choice->name);
        break;
    case TILEPROP_OPTION_SIZES:
        tp_option_append(text, size,
                         "up to %zu integers from %" PRIu64 " to %" PRIu64
                         " with commas between them, or none",
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
