#include "cli/export_command.h"

#include <string.h>

#define TP_NAME_MAX 31 /* bytes; C compilers must tell at least 31 apart */

#define TP_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define AT(member) offsetof(struct tp_export_command, member)

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("model", AT(model), PATH, "Model", .argument = "FILE",
               .help = "a model from train --save; the name alone, without --model, does the same")},

    {TP_OPTION("c", AT(c), PATH, "Output", .argument = "FILE.h",
               .help = "the header to write, in C99 and C++11 with math.h alone: weights, normalization, class names, and a function from features to probabilities. -: to standard output"),
     .writes = true, .prints = true},
    {TP_OPTION("name", AT(name), TEXT, "Output", .argument = "NAME",
               .help = "prefix of its identifiers, as in NAME_predict: a letter, then letters, digits and _")},

    {TP_OPTION("help", AT(help), CHOICE, "Program", .choices = tp_help_choices,
               .help = "print this text and exit; -h does the same"), .flag = true, .apart = "all", .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program",
               .help = "print the version and build features, and exit"), .flag = true, .command_only = true},
};
/* clang-format on */

static const struct tp_options options = {
#include "cli/export.help.inc"
    .table = table,
    .count = sizeof table / sizeof table[0],
    .operand = "model",
};

static const struct tp_export_command defaults = {.name = "model"};

static tileprop_status check_name(const char *name, struct tp_error *error)
{
    const size_t length = strlen(name);
    if (strchr(TP_LETTERS, name[0]) && strspn(name, TP_LETTERS "0123456789_") == length && length <= TP_NAME_MAX)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_USAGE,
                   "--name: expected a letter, then letters, digits and _, %d at most, found \"%s\"", TP_NAME_MAX,
                   tp_show(name, length).text);
}

tileprop_status tp_export_command_parse(struct tp_export_command *command, int argc, char *const *argv,
                                        struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *command = defaults;
    tileprop_status status = tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    if (status != TILEPROP_OK || command->help || command->version)
        return status;
    if (!command->model)
        return tp_fail(error, TILEPROP_USAGE, "expected a model from train --save, found none");
    if (!command->c)
        return tp_fail(error, TILEPROP_USAGE, "expected --c FILE.h, found no --c");
    return check_name(command->name, error);
}

void tp_export_command_write(tp_options_writer *write, FILE *out)
{
    write(&options, &defaults, out);
}
