#include "cli/sweep_command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define AT(member) offsetof(struct tp_sweep_command, member)

static const char *const beside[] = {".gp", NULL};

static const tileprop_choice metrics[] = {{"accuracy", TP_METRIC_ACCURACY}, {"loss", TP_METRIC_LOSS}, {NULL, 0}};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("vary", AT(vary), TEXT, "Sweep", .argument = "NAME=VALUES", .keyword = "none",
               .help = "an option of train and the values to try, separated by commas, or by | if a value contains commas. If given several times, all combinations are tried. config=FILES tries whole files of options")},
    {TP_OPTION("seeds", AT(seeds), COUNT, "Sweep", .argument = "N", .least = 1, .most = TP_REPEATS_MAX,
               .help = "runs of each configuration, with consecutive seeds from --seed on")},
    {TP_OPTION("folds", AT(folds), COUNT, "Sweep", .argument = "K", .keyword = "none", .least = 2, .most = TP_REPEATS_MAX,
               .help = "stratified cross-validation instead of seeds: each run validates on a different one of K parts of the file")},
    {TP_OPTION("metric", AT(metric), CHOICE, "Sweep", .argument = "NAME", .choices = metrics,
               .help = "the validation metric, after the last step, that decides which configuration is best")},

    {TP_OPTION("runs", AT(runs), PATH, "Output", .argument = "FILE.csv", .keyword = "none",
               .help = "write a row for each run as it ends; a sweep that was stopped continues from this file"), .writes = true},
    {TP_OPTION("histories", AT(histories), PATH, "Output", .argument = "FOLDER", .keyword = "none",
               .help = "write the history of each run, as train --history does, to RUN.csv in this folder; RUN is its "
                       "number in --runs")},
    {TP_OPTION("table", AT(table), PATH, "Output", .argument = "FILE.csv", .keyword = "none",
               .help = "write a row for each configuration: means, deviations, differences from the best"), .writes = true},
    {TP_OPTION("best", AT(best), PATH, "Output", .argument = "FILE.conf", .keyword = "none",
               .help = "write the best configuration's options, for train --config"), .writes = true},
    {TP_OPTION("plot", AT(plot), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "draw the metric against each option that varies, over all runs, with gnuplot into this .svg or "
                       ".png file; the script is written beside it, to FILE.gp"), .writes = true, .side_outputs = beside},
    {TP_OPTION("json", AT(json), SWITCH, "Output",
               .help = "write the results as one JSON object to standard output, and the report to standard error"), .flag = true},
    {TP_OPTION("quiet", AT(quiet), SWITCH, "Output",
               .help = "no progress on standard error"), .flag = true},

    {TP_OPTION("help", AT(help), CHOICE, "Program", .choices = tp_help_choices,
               .help = "print this text and exit; -h does the same"), .flag = true, .apart = "all", .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program",
               .help = "print the version and build features, and exit"), .flag = true, .command_only = true},
};
/* clang-format on */

static const struct tp_options options = {
#include "cli/sweep.help.inc"
    .table = table,
    .count = sizeof table / sizeof table[0],
};

static const struct tp_sweep_command defaults = {.seeds = 1};

/* The option that an argument names, if it belongs to this program; else NULL. */
static const struct tp_option *own_option(const char *argument)
{
    const char *name = strcmp(argument, "-h") == 0 ? "help" : strncmp(argument, "--", 2) == 0 ? argument + 2 : "";
    const size_t size = strcspn(name, "=");
    for (size_t i = 0; i < options.count; i++)
        if (strlen(table[i].is->name) == size && memcmp(table[i].is->name, name, size) == 0)
            return &table[i];
    return NULL;
}

/* Splits the arguments by program; each list begins with the program's name. */
struct split {
    char **own, **train;
    int own_count, train_count;
    const char **varied;
    size_t varied_count;
};

static void divide(struct split *split, int argc, char *const *argv)
{
    split->own[split->own_count++] = split->train[split->train_count++] = argv[0];
    for (int i = 1; i < argc; i++) {
        const struct tp_option *option = own_option(argv[i]);
        const char *value = strchr(argv[i], '=');
        const bool apart = option && !option->flag && !value && i + 1 < argc;
        if (option && strcmp(option->is->name, "vary") == 0) {
            split->varied[split->varied_count++] = value ? value + 1 : apart ? argv[i + 1] : "";
            i += apart;
            continue;
        }
        char **to = option ? split->own : split->train;
        int *count = option ? &split->own_count : &split->train_count;
        to[(*count)++] = argv[i];
        if (apart)
            to[(*count)++] = argv[++i];
    }
}

/* Cuts the last name off a path, which leaves its folder, or a dot. */
static void cut_name(char *path, size_t size)
{
    char *slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, size - (slash ? (size_t)(slash + 1 - path) : 0), ".");
}

static void cut_slashes(char *path)
{
    for (size_t size = strlen(path); size > 1 && path[size - 1] == '/'; size--)
        path[size - 1] = '\0';
}

static bool same_folder(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Whether a file lies in a folder, which need not exist yet. */
static bool lies_in(const char *file, const char *folder)
{
    char inside[PATH_MAX], around[PATH_MAX];
    if (!realpath(file, inside))
        snprintf(inside, sizeof inside, "%s", file);
    cut_name(inside, sizeof inside);
    if (same_folder(inside, folder))
        return true;
    /* If it does not exist, both names end alike and have the same parent folder. */
    snprintf(around, sizeof around, "%s", folder);
    inside[strlen(inside) - 1] = '\0';
    cut_slashes(inside);
    cut_slashes(around);
    const bool same = strcmp(basename(inside), basename(around)) == 0;
    cut_name(inside, sizeof inside);
    cut_name(around, sizeof around);
    return same && same_folder(inside, around);
}

/* No output may lie among the histories, whose names are the numbers of runs. */
static tileprop_status check_outputs(const struct tp_sweep_command *command, struct tp_error *error)
{
    for (size_t i = 0; command->histories && i < options.count; i++) {
        const char *path;
        memcpy(&path, (const char *)command + table[i].is->offset, table[i].writes ? sizeof path : 0);
        if (table[i].writes && path && lies_in(path, command->histories))
            return tp_fail(error, TILEPROP_USAGE, "--%s: %s: expected a file outside the folder of --histories",
                           table[i].is->name, path);
    }
    return TILEPROP_OK;
}

static tileprop_status check(const struct tp_sweep_command *command, struct tp_error *error)
{
    const struct tp_train_command *train = &command->train;
    if (command->plot && !command->grid.varied_count)
        return tp_fail(error, TILEPROP_USAGE, "--plot: valid only with --vary");
    if (command->folds && command->seeds > 1)
        return tp_fail(error, TILEPROP_USAGE, "--folds: not valid with --seeds");
    if (command->folds && (train->val_data || train->val_split > 0))
        return tp_fail(error, TILEPROP_USAGE, "--folds: not valid with --%s",
                       train->val_data ? "val-data" : "val-split");
    return check_outputs(command, error);
}

/* Options of train that a configuration may not have. */
static tileprop_status check_configuration(const struct tp_sweep_command *command, const struct tp_train_command *train,
                                           struct tp_error *error)
{
    struct stat info;
    const char *useless = train->save                ? "save"
                          : train->save_best         ? "save-best"
                          : train->checkpoint        ? "checkpoint"
                          : train->resume            ? "resume"
                          : train->history           ? "history"
                          : train->options.init_from ? "init-from"
                          : train->explain           ? "explain"
                          : train->stats             ? "stats"
                          : train->check_gradient    ? "check-gradient"
                          : train->print_config      ? "print-config"
                                                     : NULL;
    if (useless)
        return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with train", useless);
    if (train->logged && !command->histories)
        return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with --histories", train->logged);
    if (train->config && command->grid.count > 1 && stat(train->config, &info) == 0 && !S_ISREG(info.st_mode))
        return tp_fail(error, TILEPROP_USAGE,
                       "--config: %s: expected a file, which each configuration reads again, found a pipe or device",
                       train->config);
    return TILEPROP_OK;
}

static bool varies_files(const struct tp_grid *grid)
{
    bool varies = false;
    for (size_t i = 0; i < grid->varied_count; i++)
        varies |= strcmp(grid->varied[i].name, "config") == 0;
    return varies;
}

void tp_sweep_command_describe(const struct tp_sweep_command *command, size_t configuration, struct tp_error *text)
{
    const struct tp_grid *grid = &command->grid;
    size_t at = 0;
    text->text[0] = '\0';
    for (size_t i = 0; i < grid->varied_count && at < sizeof text->text; i++)
        at += (size_t)snprintf(text->text + at, sizeof text->text - at, "%s%s=%s%s", i ? " " : "--vary ",
                               grid->varied[i].name, tp_grid_text(grid, configuration, i),
                               i + 1 == grid->varied_count ? ": " : "");
}

/* The options that all configurations share, as text. */
static char *data_of(const struct tp_train_command *command)
{
    struct tp_train_command copy = *command;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    tileprop_options_init(&copy.options, sizeof copy.options);
    copy.options.seed = command->options.seed;
    tp_train_command_write_config(&copy, out);
    fclose(out);
    return text;
}

static tileprop_status check_data(const struct tp_train_command *first, const struct tp_train_command *command,
                                  struct tp_error *error)
{
    char *expected = data_of(first), *found = data_of(command);
    tileprop_status status = TILEPROP_OK;
    if (!expected || !found)
        status = tp_fail_memory(error, "--vary", "a configuration");
    else if (strcmp(expected, found) != 0)
        status = tp_fail(error, TILEPROP_USAGE, "expected the data and seed of the first file, found others");
    free(expected);
    free(found);
    return status;
}

static bool is_given(const struct split *split, const char *name)
{
    const size_t size = strlen(name);
    for (int i = 1; i < split->train_count; i++) {
        const char *argument = split->train[i];
        if (strncmp(argument, "--", 2) == 0 && strncmp(argument + 2, name, size) == 0 &&
            (!argument[2 + size] || argument[2 + size] == '='))
            return true;
    }
    return false;
}

/* Parses the arguments that all configurations have in common, and those of one. */
static tileprop_status configure(struct tp_sweep_command *command, size_t configuration, const struct split *split,
                                 struct tp_error *error)
{
    const struct tp_grid *grid = &command->grid;
    struct tp_train_command *train = &command->configurations[configuration];
    for (size_t i = 0; i < grid->varied_count; i++)
        split->train[split->train_count + (int)i] = grid->varied[i].arguments[tp_grid_value(grid, configuration, i)];
    struct tp_error why, where;
    tileprop_status status =
        tp_train_command_parse(train, split->train_count + (int)grid->varied_count, split->train, &why);
    if (status == TILEPROP_OK)
        status = check_configuration(command, train, &why);
    if (status == TILEPROP_OK && configuration > 0 && varies_files(grid))
        status = check_data(&command->configurations[0], train, &why);
    if (status == TILEPROP_OK)
        return status;
    tp_sweep_command_describe(command, configuration, &where);
    return tp_fail(error, status, "%s%s", where.text, why.text);
}

static tileprop_status parse(struct tp_sweep_command *command, const struct split *split, struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    tileprop_status status =
        tp_options_parse(&options, split->own_count, split->own, command, sources, &command->storage, error);
    for (size_t i = 0; status == TILEPROP_OK && i < split->varied_count; i++)
        status = tp_grid_add(&command->grid, split->varied[i], error);
    for (size_t i = 0; status == TILEPROP_OK && i < command->grid.varied_count; i++)
        if (is_given(split, command->grid.varied[i].name))
            status = tp_fail(error, TILEPROP_USAGE, "--vary: %s: not valid with --%s", command->grid.varied[i].name,
                             command->grid.varied[i].name);
    if (status != TILEPROP_OK || command->help || command->version)
        return status;
    command->configurations = calloc(command->grid.count, sizeof *command->configurations);
    if (!command->configurations)
        return tp_fail_memory(error, "--vary", "the configurations");
    for (size_t c = 0; status == TILEPROP_OK && c < command->grid.count; c++)
        status = configure(command, c, split, error);
    command->train = command->configurations[0];
    return status == TILEPROP_OK ? check(command, error) : status;
}

tileprop_status tp_sweep_command_parse(struct tp_sweep_command *command, int argc, char *const *argv,
                                       struct tp_error *error)
{
    const size_t most = (size_t)argc + TP_VARIED_MAX;
    struct split split = {.own = calloc(most, sizeof(char *)),
                          .train = calloc(most, sizeof(char *)),
                          .varied = calloc(most, sizeof(char *))};
    *command = defaults;
    command->grid.count = 1;
    tileprop_status status = TILEPROP_OK;
    if (split.own && split.train && split.varied) {
        divide(&split, argc, argv);
        status = parse(command, &split, error);
    } else {
        status = tp_fail_memory(error, NULL, "the arguments");
    }
    free(split.own);
    free(split.train);
    free(split.varied);
    return status;
}

void tp_sweep_command_write(tp_options_writer *write, FILE *out)
{
    write(&options, &defaults, out);
}

void tp_sweep_command_free(struct tp_sweep_command *command)
{
    for (size_t c = 0; command->configurations && c < command->grid.count; c++)
        free(command->configurations[c].storage);
    free(command->configurations);
    tp_grid_free(&command->grid);
    free(command->storage);
}
