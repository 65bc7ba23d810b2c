#include "cli/option_value.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
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

static bool parse_real(const struct tp_option *option, const char *text, double *value)
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

static bool parse_sizes(const struct tp_option *option, const char *text, char *target)
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

static const struct tp_choice *find_choice(const struct tp_option *option, const char *name)
{
    for (const struct tp_choice *choice = option->choices; choice->name; choice++)
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

bool tp_option_is_word(const struct tp_option *option, const char *value)
{
    const struct tp_choice *choice = option->choices;
    while (choice && choice->name && strcmp(choice->name, value) != 0)
        choice++;
    return (choice && choice->name) || (option->keyword && strcmp(value, option->keyword) == 0);
}

bool tp_option_parse(const struct tp_option *option, const char *text, char *target)
{
    void *where = target + option->offset;
    bool is_word = option->keyword && strcmp(text, option->keyword) == 0;
    const struct tp_choice *choice;
    uint64_t integer = 0;
    double real = 0;

    switch (option->kind) {
    case TP_OPTION_FLAG:
    case TP_OPTION_SWITCH: {
        bool on = strcmp(text, "on") == 0;
        memcpy(where, &on, sizeof on);
        return on || strcmp(text, "off") == 0;
    }
    case TP_OPTION_COUNT:
        if (is_word || parse_integer(text, option->least, option->most, &integer)) {
            size_t count = (size_t)integer;
            memcpy(where, &count, sizeof count);
            return true;
        }
        return false;
    case TP_OPTION_SEED:
        if (is_word || parse_integer(text, option->least, option->most, &integer)) {
            memcpy(where, &integer, sizeof integer);
            return true;
        }
        return false;
    case TP_OPTION_REAL:
        if (is_word || parse_real(option, text, &real)) {
            memcpy(where, &real, sizeof real);
            return true;
        }
        return false;
    case TP_OPTION_CHOICE:
        choice = find_choice(option, text);
        if (choice)
            memcpy(where, &choice->value, sizeof choice->value);
        return choice;
    case TP_OPTION_NAME:
        choice = find_choice(option, text);
        if (choice)
            memcpy(where, &choice->name, sizeof choice->name);
        return choice;
    case TP_OPTION_SIZES:
        return parse_sizes(option, text, target);
    case TP_OPTION_TEXT:
    case TP_OPTION_PATH:
    case TP_OPTION_CONFIG:
        text = is_word ? NULL : text;
        memcpy(where, &text, sizeof text);
        return !text || is_plain_text(text);
    }
    return false;
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

void tp_option_format(const struct tp_option *option, const char *target, char *text, size_t size)
{
    const void *where = target + option->offset;
    text[0] = '\0';
    switch (option->kind) {
    case TP_OPTION_FLAG:
    case TP_OPTION_SWITCH: {
        bool on;
        memcpy(&on, where, sizeof on);
        tp_option_append(text, size, on ? "on" : "off");
        break;
    }
    case TP_OPTION_COUNT: {
        size_t count;
        memcpy(&count, where, sizeof count);
        if (option->keyword && count == 0)
            tp_option_append(text, size, "%s", option->keyword);
        else
            tp_option_append(text, size, "%zu", count);
        break;
    }
    case TP_OPTION_SEED: {
        uint64_t seed;
        memcpy(&seed, where, sizeof seed);
        tp_option_append(text, size, "%llu", (unsigned long long)seed);
        break;
    }
    case TP_OPTION_REAL: {
        double real;
        memcpy(&real, where, sizeof real);
        if (option->keyword && real == 0)
            tp_option_append(text, size, "%s", option->keyword);
        else
            append_real(text, size, real);
        break;
    }
    case TP_OPTION_CHOICE: {
        int value;
        memcpy(&value, where, sizeof value);
        const struct tp_choice *choice = option->choices;
        while (choice->name && choice->value != value)
            choice++;
        tp_option_append(text, size, "%s", choice->name ? choice->name : "");
        break;
    }
    case TP_OPTION_SIZES: {
        const size_t *sizes = where;
        size_t count;
        memcpy(&count, target + option->count_offset, sizeof count);
        tp_option_append(text, size, "%s", count ? "" : "none");
        for (size_t i = 0; i < count; i++)
            tp_option_append(text, size, "%s%zu", i ? "," : "", sizes[i]);
        break;
    }
    case TP_OPTION_NAME:
    case TP_OPTION_TEXT:
    case TP_OPTION_PATH:
    case TP_OPTION_CONFIG: {
        const char *value;
        memcpy(&value, where, sizeof value);
        tp_option_append(text, size, "%s", value ? value : option->keyword ? option->keyword : "");
        break;
    }
    }
}

void tp_option_explain(const struct tp_option *option, const char *defaults, char *text, size_t size)
{
    char value[TP_OPTION_TEXT_MAX + 1];
    snprintf(text, size, "%s", option->help);
    for (const struct tp_choice *choice = option->choices; choice && choice->name; choice++) {
        tp_option_append(text, size, "%s%s%s", choice == option->choices ? " {" : " ", choice->name,
                         choice[1].name ? "," : "}");
    }
    tp_option_format(option, defaults, value, sizeof value);
    if (*value && option->kind != TP_OPTION_FLAG)
        tp_option_append(text, size, " [%s]", value);
}

void tp_option_describe(const struct tp_option *option, char *text, size_t size)
{
    text[0] = '\0';
    switch (option->kind) {
    case TP_OPTION_FLAG:
    case TP_OPTION_SWITCH:
        tp_option_append(text, size, "on or off");
        return;
    case TP_OPTION_COUNT:
    case TP_OPTION_SEED:
        tp_option_append(text, size, "an integer from %llu to %llu", (unsigned long long)option->least,
                         (unsigned long long)option->most);
        break;
    case TP_OPTION_REAL:
        tp_option_append(text, size, "a number %s ", option->above ? "above" : "from");
        append_real(text, size, option->low);
        tp_option_append(text, size, " %s ", option->below ? "to below" : "to");
        append_real(text, size, option->high);
        break;
    case TP_OPTION_CHOICE:
    case TP_OPTION_NAME:
        for (const struct tp_choice *choice = option->choices; choice->name; choice++)
            tp_option_append(text, size, "%s%s", choice == option->choices ? "one of " : ", ", choice->name);
        return;
    case TP_OPTION_SIZES:
        tp_option_append(text, size, "up to %zu integers from %llu to %llu with commas between them, or none",
                         option->items, (unsigned long long)option->least, (unsigned long long)option->most);
        return;
    case TP_OPTION_TEXT:
    case TP_OPTION_PATH:
    case TP_OPTION_CONFIG:
        tp_option_append(text, size, "%s of 1 to %d bytes without control characters or double quotes%s",
                         option->argument, TP_OPTION_TEXT_MAX, option->keyword ? "," : "");
        break;
    }
    if (option->keyword)
        tp_option_append(text, size, " or %s", option->keyword);
}

void tp_option_guess(const struct tp_option *option, const char *value, char *text, size_t size)
{
    const struct tp_option percent = {.kind = TP_OPTION_REAL, .low = 1, .high = 100, .above = true};
    double real;
    text[0] = '\0';
    if (option->fraction && parse_real(&percent, value, &real))
        tp_option_append(text, size, "; did you mean %g?", real / 100);
}

void tp_option_show(const char *found, char *text, size_t size)
{
    snprintf(text, size, "%s", found);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (strlen(found) >= size)
        memcpy(text + size - 4, "...", 4);
}
