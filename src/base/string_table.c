#include "base/string_table.h"

#include <stdlib.h>
#include <string.h>

int tp_string_table_compare(const char *name, const char *text, size_t size)
{
    const int order = strncmp(name, text, size);
    return order ? order : name[size] != '\0';
}

/* The place in the order at which the text is, or would be. */
static size_t find_place(const struct tp_string_table *names, const char *text, size_t size)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (tp_string_table_compare(names->texts[names->order[middle]], text, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool tp_string_table_find(const struct tp_string_table *names, const char *text, size_t size,
                          uint32_t *number)
{
    const size_t place = find_place(names, text, size);
    if (place == names->count || tp_string_table_compare(names->texts[names->order[place]], text, size) != 0)
        return false;
    *number = names->order[place];
    return true;
}

static tileprop_status fail_memory(struct tp_error *error)
{
    return tp_fail(error, TILEPROP_FAILURE, "out of memory for names");
}

static tileprop_status grow(struct tp_string_table *names, struct tp_error *error)
{
    const size_t capacity = 2 * names->capacity + 4;
    char **texts = realloc(names->texts, capacity * sizeof *texts);
    if (!texts)
        return fail_memory(error);
    names->texts = texts;
    uint32_t *order = realloc(names->order, capacity * sizeof *order);
    if (!order)
        return fail_memory(error);
    names->order = order;
    names->capacity = capacity;
    return TILEPROP_OK;
}

tileprop_status tp_string_table_add(struct tp_string_table *names, const char *text, size_t size,
                                    struct tp_error *error)
{
    if (names->count == names->capacity && grow(names, error) != TILEPROP_OK)
        return TILEPROP_FAILURE;
    char *copy = strndup(text, size);
    if (!copy)
        return fail_memory(error);
    const size_t place = find_place(names, text, size);
    memmove(names->order + place + 1, names->order + place, (names->count - place) * sizeof *names->order);
    names->order[place] = (uint32_t)names->count;
    names->texts[names->count++] = copy;
    return TILEPROP_OK;
}

static bool is_integer(const char *text)
{
    text += *text == '-';
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Of two integers with one sign, the longer one is farther from 0. */
static int compare_integers(const void *left, const void *right, void *context)
{
    char *const *texts = context;
    const char *a = texts[*(const uint32_t *)left], *b = texts[*(const uint32_t *)right];
    const size_t a_length = strlen(a), b_length = strlen(b);
    const bool negative = *a == '-';
    if (negative != (*b == '-'))
        return negative ? -1 : 1;
    const int farther = a_length != b_length ? (a_length > b_length) - (a_length < b_length) : strcmp(a, b);
    return negative ? -farther : farther;
}

void tp_string_table_sort(struct tp_string_table *names, uint32_t *places)
{
    bool integers = true;
    for (size_t i = 0; i < names->count; i++)
        integers &= is_integer(names->texts[i]);
    if (integers && names->count)
        qsort_r(names->order, names->count, sizeof *names->order, compare_integers, names->texts);
    for (size_t i = 0; i < names->count; i++)
        places[names->order[i]] = (uint32_t)i;

    /* Along the cycles of the permutation each text goes to its place. */
    for (size_t i = 0; i < names->count; i++)
        names->order[i] = places[i];
    for (size_t i = 0; i < names->count; i++) {
        while (names->order[i] != i) {
            const uint32_t to = names->order[i];
            char *text = names->texts[to];
            names->texts[to] = names->texts[i];
            names->texts[i] = text;
            names->order[i] = names->order[to];
            names->order[to] = to;
        }
    }
}

void tp_string_table_free(struct tp_string_table *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->texts[i]);
    free(names->texts);
    free(names->order);
    *names = (struct tp_string_table){0};
}
