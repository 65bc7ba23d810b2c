#include "cli/grid.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tileprop/tileprop.h"

/* Options that change no result, or that a sweep sets itself. */
static bool is_fixed(const tileprop_option *option)
{
    return strcmp(option->group, "Machine") == 0 || option->kind == TILEPROP_OPTION_PATH ||
           strcmp(option->name, "seed") == 0;
}

/* Fails for a name that cannot vary, and lists those that can. */
static tileprop_status check_name(const char *name, size_t size, struct tp_error *error)
{
    struct tp_error names = {"config"};
    const tileprop_option *option;
    bool known = size == strlen(names.text) && memcmp(name, names.text, size) == 0;
    for (size_t i = 0, at = strlen(names.text); (option = tileprop_option_at(i)); i++) {
        if (is_fixed(option))
            continue;
        known |= strlen(option->name) == size && memcmp(option->name, name, size) == 0;
        if (at < sizeof names.text)
            at += (size_t)snprintf(names.text + at, sizeof names.text - at, ", %s", option->name);
    }
    return known ? TILEPROP_OK
                 : tp_fail(error, TILEPROP_USAGE, "--vary: expected one of %s, found \"%s\"", names.text,
                           tp_show(name, size).text);
}

static tileprop_status add_value(struct tp_varied *varied, const char *value, size_t size, struct tp_error *error)
{
    char **grown = realloc(varied->arguments, (varied->count + 1) * sizeof *grown), *text;
    varied->arguments = grown ? grown : varied->arguments;
    if (size == 0)
        return tp_fail(error, TILEPROP_USAGE, "--vary: %s: expected a value, found none", varied->name);
    if (!grown || asprintf(&text, "--%s=%.*s", varied->name, (int)size, value) < 0)
        return tp_fail_memory(error, "--vary", "a value");
    varied->arguments[varied->count++] = text;
    for (size_t i = 0; i + 1 < varied->count; i++)
        if (strcmp(varied->arguments[i], text) == 0)
            return tp_fail(error, TILEPROP_USAGE, "--vary: %s: %s: expected once, found twice", varied->name,
                           tp_show(value, size).text);
    return TILEPROP_OK;
}

tileprop_status tp_grid_add(struct tp_grid *grid, const char *text, struct tp_error *error)
{
    const size_t size = strcspn(text, "=");
    tileprop_status status = check_name(text, size, error);
    if (status == TILEPROP_OK && !text[size])
        status = tp_fail(error, TILEPROP_USAGE, "--vary: expected %s=VALUE,VALUE,..., found \"%s\"", text, text);
    if (status != TILEPROP_OK)
        return status;
    for (size_t i = 0; i < grid->varied_count; i++)
        if (strlen(grid->varied[i].name) == size && memcmp(grid->varied[i].name, text, size) == 0)
            return tp_fail(error, TILEPROP_USAGE, "--vary: %s: expected once, found twice", grid->varied[i].name);
    if (grid->varied_count == TP_VARIED_MAX)
        return tp_fail(error, TILEPROP_USAGE, "--vary: expected at most %d options, found more", TP_VARIED_MAX);
    struct tp_varied *varied = &grid->varied[grid->varied_count++];
    varied->name = strndup(text, size);
    if (!varied->name)
        return tp_fail_memory(error, "--vary", "an option");
    const char *separators = strchr(text + size, '|') ? "|" : ",";
    for (const char *value = text + size + 1; value && status == TILEPROP_OK;) {
        value += strspn(value, " ");
        const size_t length = strcspn(value, separators);
        size_t used = length;
        while (used > 0 && value[used - 1] == ' ')
            used--;
        status = add_value(varied, value, used, error);
        value = value[length] ? value + length + 1 : NULL;
    }
    grid->count = grid->varied_count == 1 ? varied->count : grid->count * varied->count;
    if (status == TILEPROP_OK && grid->count > TP_GRID_MAX)
        status = tp_fail(error, TILEPROP_USAGE, "--vary: expected at most %d configurations, found %zu", TP_GRID_MAX,
                         grid->count);
    return status;
}

size_t tp_grid_value(const struct tp_grid *grid, size_t index, size_t varied)
{
    for (size_t i = grid->varied_count; i-- > varied + 1;)
        index /= grid->varied[i].count;
    return index % grid->varied[varied].count;
}

const char *tp_varied_value(const struct tp_varied *varied, size_t place)
{
    return varied->arguments[place] + strlen(varied->name) + strlen("--=");
}

const char *tp_grid_text(const struct tp_grid *grid, size_t index, size_t varied)
{
    return tp_varied_value(&grid->varied[varied], tp_grid_value(grid, index, varied));
}

void tp_grid_free(struct tp_grid *grid)
{
    for (size_t i = 0; i < grid->varied_count; i++) {
        for (size_t k = 0; k < grid->varied[i].count; k++)
            free(grid->varied[i].arguments[k]);
        free(grid->varied[i].arguments);
        free(grid->varied[i].name);
    }
    *grid = (struct tp_grid){0};
}
