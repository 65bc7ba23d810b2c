#include "cli/grid.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Those that change no result, or that a sweep sets itself; of a path there is only one. */
static bool is_fixed(const tileprop_option *option)
{
    return strcmp(option->group, "Machine") == 0 || option->kind == TILEPROP_OPTION_PATH ||
           strcmp(option->name, "seed") == 0;
}

static const tileprop_option *find_option(const char *name, size_t size)
{
    const tileprop_option *option;
    for (size_t i = 0; (option = tileprop_option_at(i)); i++)
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0 && !is_fixed(option))
            return option;
    return NULL;
}

static tileprop_status add_value(struct tp_varied *varied, const char *value, size_t size, const tileprop_options *base,
                                 struct tp_error *error)
{
    tileprop_options copy = *base;
    struct tp_error why;
    char **grown = realloc(varied->values, (varied->count + 1) * sizeof *grown);
    varied->values = grown ? grown : varied->values;
    char *text = grown ? strndup(value, size) : NULL;
    if (!text)
        return tp_fail_memory(error, "--vary", "a value");
    varied->values[varied->count++] = text;
    if (tileprop_options_set(&copy, varied->name, text, why.text, sizeof why.text) != TILEPROP_OK)
        return tp_fail(error, TILEPROP_USAGE, "--vary: %s", why.text);
    for (size_t i = 0; i + 1 < varied->count; i++)
        if (strcmp(varied->values[i], text) == 0)
            return tp_fail(error, TILEPROP_USAGE, "--vary: %s: %s found twice, expected once", varied->name,
                           tp_show(text, size).text);
    return TILEPROP_OK;
}

tileprop_status tp_grid_add(struct tp_grid *grid, const char *text, const tileprop_options *base,
                            struct tp_error *error)
{
    const size_t size = strcspn(text, "=");
    const tileprop_option *option = find_option(text, size);
    if (!text[size])
        return tp_fail(error, TILEPROP_USAGE, "--vary: %s found, expected NAME=VALUE,VALUE,...",
                       tp_show(text, size).text);
    if (!option)
        return tp_fail(error, TILEPROP_USAGE,
                       "--vary: %s found, expected an option of train's groups Data to Evaluation "
                       "and stopping that tells what is trained, other than seed",
                       tp_show(text, size).text);
    for (size_t i = 0; i < grid->varied_count; i++)
        if (strcmp(grid->varied[i].name, option->name) == 0)
            return tp_fail(error, TILEPROP_USAGE, "--vary: %s found twice, expected once", option->name);
    if (grid->varied_count == TP_VARIED_MAX)
        return tp_fail(error, TILEPROP_USAGE, "--vary: more than %d options found", TP_VARIED_MAX);
    struct tp_varied *varied = &grid->varied[grid->varied_count++];
    varied->name = strdup(option->name);
    if (!varied->name)
        return tp_fail_memory(error, "--vary", "an option");
    const char *separators = strchr(text + size, '|') ? "|" : ",";
    tileprop_status status = TILEPROP_OK;
    for (const char *value = text + size + 1; value && status == TILEPROP_OK;) {
        const size_t length = strcspn(value, separators);
        status = add_value(varied, value, length, base, error);
        value = value[length] ? value + length + 1 : NULL;
    }
    grid->count = grid->varied_count == 1 ? varied->count : grid->count * varied->count;
    if (status == TILEPROP_OK && grid->count > TP_GRID_MAX)
        status = tp_fail(error, TILEPROP_USAGE, "--vary: %zu configurations found, expected at most %d", grid->count,
                         TP_GRID_MAX);
    return status;
}

size_t tp_grid_value(const struct tp_grid *grid, size_t index, size_t varied)
{
    for (size_t i = grid->varied_count; i-- > varied + 1;)
        index /= grid->varied[i].count;
    return index % grid->varied[varied].count;
}

tileprop_status tp_grid_set(const struct tp_grid *grid, size_t index, tileprop_options *options, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < grid->varied_count && status == TILEPROP_OK; i++)
        status =
            tileprop_options_set(options, grid->varied[i].name, grid->varied[i].values[tp_grid_value(grid, index, i)],
                                 error->text, sizeof error->text);
    return status;
}

void tp_grid_free(struct tp_grid *grid)
{
    for (size_t i = 0; i < grid->varied_count; i++) {
        for (size_t k = 0; k < grid->varied[i].count; k++)
            free(grid->varied[i].values[k]);
        free(grid->varied[i].values);
        free(grid->varied[i].name);
    }
    *grid = (struct tp_grid){0};
}
