#include "base/string_table.h"

#include <stdlib.h>
#include <string.h>

int tp_string_table_compare(const char *ended, const char *text, size_t size)
{
    const int order = strncmp(ended, text, size);
    return order ? order : ended[size] != '\0';
}

/* The position of the text in the order, or where it would be inserted. */
static size_t find_place(const struct tp_string_table *table, const char *text, size_t size)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (tp_string_table_compare(table->texts[table->order[middle]], text, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool tp_string_table_find(const struct tp_string_table *table, const char *text, size_t size, uint32_t *number)
{
    const size_t place = find_place(table, text, size);
    if (place == table->count || tp_string_table_compare(table->texts[table->order[place]], text, size) != 0)
        return false;
    *number = table->order[place];
    return true;
}

static bool grow(struct tp_string_table *table)
{
    const size_t capacity = 2 * table->capacity + 4;
    char **texts = realloc(table->texts, capacity * sizeof *texts);
    table->texts = texts ? texts : table->texts;
    uint32_t *order = realloc(table->order, capacity * sizeof *order);
    table->order = order ? order : table->order;
    table->capacity = texts && order ? capacity : table->capacity;
    return texts && order;
}

tileprop_status tp_string_table_add(struct tp_string_table *table, const char *text, size_t size,
                                    struct tp_error *error)
{
    const bool has_room = table->count < table->capacity || grow(table);
    char *copy = has_room ? strndup(text, size) : NULL;
    if (!copy)
        return tp_fail_memory(error, table->path, "names");
    const size_t place = find_place(table, text, size);
    memmove(table->order + place + 1, table->order + place, (table->count - place) * sizeof *table->order);
    table->order[place] = (uint32_t)table->count;
    table->texts[table->count++] = copy;
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

uint32_t *tp_string_table_sort(struct tp_string_table *table)
{
    const size_t count = table->count + 1; /* at least one */
    uint32_t *places = malloc(count * sizeof *places);
    char **sorted = malloc(count * sizeof *sorted);
    if (!places || !sorted) {
        free(places);
        free(sorted);
        return NULL;
    }
    bool integers = true;
    for (size_t i = 0; i < table->count; i++)
        integers &= is_integer(table->texts[i]);
    if (integers && table->count)
        qsort_r(table->order, table->count, sizeof *table->order, compare_integers, table->texts);
    for (size_t i = 0; i < table->count; i++) {
        places[table->order[i]] = (uint32_t)i;
        sorted[i] = table->texts[table->order[i]];
    }
    free(table->texts);
    table->texts = sorted;
    return places;
}

char **tp_string_table_take(struct tp_string_table *table)
{
    char **texts = table->texts;
    table->texts = NULL;
    table->count = 0;
    tp_string_table_free(table);
    return texts;
}

void tp_string_table_free(struct tp_string_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->texts[i]);
    free(table->texts);
    free(table->order);
    *table = (struct tp_string_table){0};
}
