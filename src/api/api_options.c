#include <stddef.h>
#include <string.h>

#include "api/api.h"
#include "base/option_value.h"
#include "data/choices.h"
#include "network/shards.h"
#include "system/team.h"
#include "train/training_options.h"

#define TP_COUNT_MAX 1000000000
#define TP_UNITS_MAX 1048576

#define SIZE_SWITCH                     sizeof(int)
#define SIZE_COUNT                      sizeof(size_t)
#define SIZE_SEED                       sizeof(uint64_t)
#define SIZE_REAL                       sizeof(double)
#define SIZE_CHOICE                     sizeof(int)
#define SIZE_NAME                       sizeof(const char *)
#define SIZE_SIZES                      (TILEPROP_HIDDEN_MAX * sizeof(size_t))
#define SIZE_PATH                       sizeof(const char *)
#define OPTION(text, member, type, ...) _Static_assert(sizeof((tileprop_options *)NULL)->member == SIZE_##type, text);
#include "api/options.def"
#undef OPTION

static const tileprop_option list[] = {
#define OPTION(text, member, type, standard, heading, ...)                                                             \
    {.name = text,                                                                                                     \
     .offset = offsetof(tileprop_options, member),                                                                     \
     .kind = TILEPROP_OPTION_##type,                                                                                   \
     .initial = standard,                                                                                              \
     .group = heading,                                                                                                 \
     __VA_ARGS__},
#include "api/options.def"
#undef OPTION
};

const tileprop_option *tileprop_option_at(size_t index)
{
    return index < sizeof list / sizeof list[0] ? &list[index] : NULL;
}

const char *tp_api_member(const char *name, size_t length)
{
    static const struct {
        const char *name, *member;
    } all[] = {
#define OPTION(text, member, ...) {text, #member},
#include "api/options.def"
#undef OPTION
        {"class-weight", "class_weights"}, /* these are not members of tileprop_options */
        {"resume-inexact", "resume_inexact"},
        {"val-split", "fraction"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen(all[i].name) == length && memcmp(all[i].name, name, length) == 0)
            return all[i].member;
    return NULL;
}

void tileprop_options_init(tileprop_options *options, size_t size)
{
    tileprop_options all = {.size = size};
    const tileprop_option *option;
    struct tp_call call;
    tp_call_begin(&call);
    for (size_t i = 0; (option = tileprop_option_at(i)); i++)
        tp_option_parse(option, "", option->initial, &all, NULL);
    tp_call_end(&call, TILEPROP_OK, NULL, 0);
    memcpy(options, &all, size < sizeof all ? size : sizeof all);
}

/* A caller with fewer options than this library gets the defaults of the others. */
static tileprop_status complete(const tileprop_options *given, tileprop_options *g, struct tp_error *error)
{
    const tileprop_status there = tp_api_need(given, "options", error);
    if (there != TILEPROP_OK)
        return there;
    tileprop_options_init(g, sizeof *g);
    if (given->size > sizeof *g || given->size < offsetof(tileprop_options, progress))
        return tp_fail(error, TILEPROP_USAGE,
                       "options: expected size %zu to %zu, found %zu; use tileprop_options_init()",
                       offsetof(tileprop_options, progress), sizeof *g, given->size);
    memcpy(g, given, given->size);
    return TILEPROP_OK;
}

static tileprop_status set(tileprop_options *options, const char *name, const char *value, struct tp_error *error)
{
    tileprop_options all;
    const tileprop_option *option;
    tileprop_status status = complete(options, &all, error);
    if (status == TILEPROP_OK)
        status = tp_api_need(name, "name", error);
    if (status == TILEPROP_OK)
        status = tp_api_need(value, "value", error);
    if (status != TILEPROP_OK)
        return status;
    size_t i = 0;
    while ((option = tileprop_option_at(i)) && strcmp(option->name, name) != 0)
        i++;
    if (!option || option->offset >= options->size)
        return tp_fail(error, TILEPROP_USAGE, "%s: no such option%s", tp_show(name, strlen(name)).text,
                       option ? " in options of this size" : "");
    status = tp_option_parse(option, "", value, &all, error);
    if (status == TILEPROP_OK)
        memcpy(options, &all, options->size);
    return status;
}

tileprop_status tileprop_options_set(tileprop_options *options, const char *name, const char *value, char *message,
                                     size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    return tp_call_end(&call, set(options, name, value, &call.error), message, size);
}

/* Whether each value is one that its text can be read as; a path may be any that the system has. */
static tileprop_status check_values(const tileprop_options *given, struct tp_error *error)
{
    tileprop_options read;
    char text[TP_OPTION_TEXT_MAX];
    const tileprop_option *option;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; status == TILEPROP_OK && (option = tileprop_option_at(i)); i++) {
        tp_option_format(option, given, text, sizeof text);
        if (option->kind != TILEPROP_OPTION_PATH)
            status = tp_option_parse(option, "--", text, &read, error);
    }
    return status;
}

tileprop_status tp_api_options(const tileprop_options *given, tileprop_options *g, struct tp_call *call)
{
    const tileprop_status status = complete(given, g, &call->error);
    if (status != TILEPROP_OK)
        return status;
    call->members = !g->option_names;
    return check_values(g, &call->error);
}

void tileprop_options_resolve(tileprop_options *options, tileprop_type type, size_t rows)
{
    tp_options_resolve(options, type == TILEPROP_F64 ? TILEPROP_F32 : type, rows);
}

static tileprop_status check(const tileprop_options *given, tileprop_type type, size_t rows, struct tp_call *call)
{
    tileprop_options options;
    const tileprop_status status = tp_api_options(given, &options, call);
    if (status != TILEPROP_OK)
        return status;
    tileprop_options_resolve(&options, type, rows);
    return tp_options_check(&options, rows, &call->error);
}

tileprop_status tileprop_options_check(const tileprop_options *options, tileprop_type type, size_t rows, char *message,
                                       size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    return tp_call_end(&call, check(options, type, rows, &call), message, size);
}
