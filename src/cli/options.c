#include "cli/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/option_files.h"
#include "cli/option_value.h"

#define TP_HELP_WIDTH  80
#define TP_HELP_COLUMN 26 /* where the explanations begin */
#define TP_TYPO_MAX    2  /* edits between an unknown name and the one suggested for it */
#define TP_NAME_MAX    31 /* bytes of a name that a suggestion is sought for */
#define TP_BLANKS      " \t\r\v\f"

/* Levenshtein distance: insertions, deletions and replacements. Both at most TP_NAME_MAX bytes. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[TP_NAME_MAX + 1]; /* row[j]: distance of the bytes of a read so far to the first j of b */
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[length];
}

/* place: what stands before the name in a message, the dashes or file and line. */
static tileprop_status fail_unknown(const struct tp_options *options, const char *place, const char *name,
                                    struct tp_error *error)
{
    const char *nearest = NULL;
    size_t least = TP_TYPO_MAX + 1;
    size_t length = strlen(name);
    char shown[TP_NAME_MAX + 1];
    tp_option_show(name, shown, sizeof shown);
    for (size_t i = 0; i < options->count && length <= TP_NAME_MAX; i++) {
        size_t distance = edit_distance(name, options->table[i].name);
        /* Of a two-letter name at least one letter has to be right. */
        if (distance < least && 2 * distance <= length) {
            nearest = options->table[i].name;
            least = distance;
        }
    }
    if (nearest)
        return tp_fail(error, TILEPROP_USAGE, "%s%s: no such option; did you mean --%s?", place, shown,
                       nearest);
    return tp_fail(error, TILEPROP_USAGE, "%s%s: no such option; --help lists them", place, shown);
}

static tileprop_status assign(const struct tp_option *option, const char *place, const char *value,
                              void *target, struct tp_error *error)
{
    if (tp_option_parse(option, value, target))
        return TILEPROP_OK;
    char expected[512];
    char found[64];
    char guess[64];
    tp_option_describe(option, expected, sizeof expected);
    tp_option_show(value, found, sizeof found);
    tp_option_guess(option, value, guess, sizeof guess);
    return tp_fail(error, TILEPROP_USAGE, "%s%s: expected %s, found \"%s\"%s", place, option->name, expected,
                   found, guess);
}

static size_t find_option(const struct tp_options *options, const char *name, size_t length)
{
    size_t i = 0;
    while (i < options->count &&
           (strncmp(options->table[i].name, name, length) != 0 || options->table[i].name[length]))
        i++;
    return i;
}

size_t tp_options_index(const struct tp_options *options, const char *name)
{
    return find_option(options, name, strlen(name));
}

static tileprop_status mark(const struct tp_option *option, enum tp_option_source *source,
                            struct tp_error *error)
{
    if (*source == TP_FROM_COMMAND)
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected once, found twice", option->name);
    *source = TP_FROM_COMMAND;
    return TILEPROP_OK;
}

static tileprop_status read_operand(const struct tp_options *options, const char *value, void *target,
                                    enum tp_option_source *sources, struct tp_error *error)
{
    const size_t i = tp_options_index(options, options->operand);
    const tileprop_status status = mark(&options->table[i], &sources[i], error);
    return status == TILEPROP_OK ? assign(&options->table[i], "--", value, target, error) : status;
}

/* Takes one option and, where it stands apart, its value; *next moves behind them. */
static tileprop_status read_argument(const struct tp_options *options, char *const *argv, int argc, int *next,
                                     void *target, enum tp_option_source *sources, struct tp_error *error)
{
    const char *argument = argv[(*next)++];
    const char *name = argument + strspn(argument, "-");
    const char *value = strchr(name, '=');
    size_t length = value ? (size_t)(value - name) : strlen(name);
    size_t i = find_option(options, name, length);

    if (argument[0] != '-' || !argument[1]) {
        char shown[64];
        tp_option_show(argument, shown, sizeof shown);
        return tp_fail(error, TILEPROP_USAGE, "expected an option, found \"%s\"", shown);
    }
    if (i == options->count || name - argument != 2) {
        char dashes[8];
        char cut[TP_NAME_MAX + 2];
        snprintf(dashes, sizeof dashes, "%.*s", (int)(name - argument), argument);
        snprintf(cut, sizeof cut, "%.*s", (int)(length < sizeof cut ? length : sizeof cut), name);
        return fail_unknown(options, dashes, cut, error);
    }
    const struct tp_option *option = &options->table[i];
    const tileprop_status status = mark(option, &sources[i], error);
    if (status != TILEPROP_OK)
        return status;
    if (value)
        return assign(option, "--", value + 1, target, error);
    if (option->kind == TP_OPTION_FLAG)
        return assign(option, "--", "on", target, error);
    if (*next == argc || strncmp(argv[*next], "--", 2) == 0) {
        char expected[512];
        char found[64] = "nothing";
        tp_option_describe(option, expected, sizeof expected);
        if (*next < argc)
            tp_option_show(argv[*next], found, sizeof found);
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected %s, found %s", option->name, expected, found);
    }
    return assign(option, "--", argv[(*next)++], target, error);
}

static tileprop_status read_arguments(const struct tp_options *options, int argc, char *const *argv,
                                      void *target, enum tp_option_source *sources, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    for (int next = 1; status == TILEPROP_OK && next < argc;) {
        if (strcmp(argv[next], "--") == 0) {
            if (next + 1 < argc) {
                char shown[64];
                tp_option_show(argv[next + 1], shown, sizeof shown);
                status = tp_fail(error, TILEPROP_USAGE, "expected nothing after --, found \"%s\"", shown);
            }
            break;
        }
        if (options->operand && argv[next][0] != '-')
            status = read_operand(options, argv[next++], target, sources, error);
        else
            status = read_argument(options, argv, argc, &next, target, sources, error);
    }
    return status;
}

static char *trim(char *text)
{
    text += strspn(text, TP_BLANKS);
    size_t length = strlen(text);
    while (length && strchr(TP_BLANKS, text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* Cuts a comment off: '#' at the start of the line or after a blank, outside of double quotes. */
static void cut_comment(char *line)
{
    bool quoted = false;
    for (char *c = line; *c; c++) {
        quoted ^= *c == '"';
        if (*c == '#' && !quoted && (c == line || strchr(TP_BLANKS, c[-1]))) {
            *c = '\0';
            return;
        }
    }
}

static char *unquote(char *value)
{
    size_t length = strlen(value);
    if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
        value[length - 1] = '\0';
        value++;
    }
    return value;
}

/* A file that is being read. */
struct config {
    const char *path;
    int folder; /* bytes of path that name its folder, with the '/' */
    char *room; /* for the paths in it that need the folder's name before them */
};

/* A path too long comes out cut, one byte longer than any path may be. */
static const char *resolve(const struct tp_option *option, const char *value, struct config *config)
{
    if (option->kind != TP_OPTION_PATH || !*value || *value == '/' || !config->folder ||
        tp_option_is_word(option, value))
        return value;
    char *path = config->room;
    snprintf(path, TP_OPTION_TEXT_MAX + 2, "%.*s%s", config->folder, config->path, value);
    config->room += strlen(path) + 1;
    return path;
}

static tileprop_status read_line(const struct tp_options *options, char *line, const char *place,
                                 struct config *config, void *target, enum tp_option_source *sources,
                                 struct tp_error *error)
{
    cut_comment(line);
    line = trim(line);
    if (!*line)
        return TILEPROP_OK;
    char *value = strchr(line, '=');
    if (!value) {
        char shown[64];
        tp_option_show(line, shown, sizeof shown);
        return tp_fail(error, TILEPROP_USAGE, "%sexpected key = value, found \"%s\"", place, shown);
    }
    *value = '\0';
    char *name = trim(line);
    value = unquote(trim(value + 1));
    size_t i = tp_options_index(options, name);
    if (i == options->count)
        return fail_unknown(options, place, name, error);
    const struct tp_option *option = &options->table[i];
    if (option->command_only || option->kind == TP_OPTION_CONFIG)
        return tp_fail(error, TILEPROP_USAGE, "%s%s: expected on the command line only", place, name);
    if (sources[i] == TP_FROM_FILE)
        return tp_fail(error, TILEPROP_USAGE, "%s%s: expected once, found twice", place, name);
    sources[i] = TP_FROM_FILE;
    return assign(option, place, resolve(option, value, config), target, error);
}

static size_t count_paths(const struct tp_options *options)
{
    size_t count = 0;
    for (size_t i = 0; i < options->count; i++)
        count += options->table[i].kind == TP_OPTION_PATH;
    return count;
}

/* What a pipe or a terminal holds has no folder: paths in it are from the working folder. */
static int folder_length(const char *path, FILE *file)
{
    struct stat status;
    const char *slash = strrchr(path, '/');
    return slash && fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) ? (int)(slash - path + 1)
                                                                                 : 0;
}

/* *storage becomes the file's text, cut up in place, and room for paths; the texts of target point into it.
 */
static tileprop_status read_file(const struct tp_options *options, const char *path, void *target,
                                 enum tp_option_source *sources, char **storage, struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    size_t capacity = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return tp_fail(error, TILEPROP_USAGE, "--config: %s: %s", path, strerror(errno));
    errno = 0;
    ssize_t length = getdelim(storage, &capacity, '\0', file);
    if (ferror(file) || (length < 0 && !feof(file))) {
        status = tp_fail(error, errno == ENOMEM ? TILEPROP_FAILURE : TILEPROP_USAGE, "--config: %s: %s", path,
                         strerror(errno));
    } else if (length > 0 && !(*storage)[length - 1]) {
        status = tp_fail(error, TILEPROP_USAGE,
                         "--config: %s: expected text, found a zero byte at offset %zd", path, length - 1);
    }
    struct config config = {.path = path, .folder = folder_length(path, file)};
    fclose(file);

    char *rest = NULL;
    if (status == TILEPROP_OK && length > 0) {
        const size_t text = (size_t)length + 1;
        rest = realloc(*storage, text + count_paths(options) * (TP_OPTION_TEXT_MAX + 2));
        if (!rest)
            return tp_fail(error, TILEPROP_FAILURE, "--config: %s: out of memory", path);
        *storage = rest;
        config.room = rest + text;
    }
    for (size_t number = 1; status == TILEPROP_OK && rest; number++) {
        char place[512];
        char *line = strsep(&rest, "\n");
        snprintf(place, sizeof place, "%s:%zu: ", path, number);
        status = read_line(options, line, place, &config, target, sources, error);
    }
    return status;
}

tileprop_status tp_options_parse(const struct tp_options *options, int argc, char *const *argv, void *target,
                                 enum tp_option_source *sources, char **storage, struct tp_error *error)
{
    const char *path = NULL;
    *storage = NULL;
    for (size_t i = 0; i < options->count; i++)
        sources[i] = TP_FROM_DEFAULT;
    tileprop_status status = read_arguments(options, argc, argv, target, sources, error);
    for (size_t i = 0; i < options->count; i++) {
        if (options->table[i].kind == TP_OPTION_CONFIG)
            memcpy(&path, (char *)target + options->table[i].offset, sizeof path);
        sources[i] = TP_FROM_DEFAULT;
    }
    if (status == TILEPROP_OK && path)
        status = read_file(options, path, target, sources, storage, error);
    /* A second time, so that the command line wins over the file. */
    if (status == TILEPROP_OK)
        status = read_arguments(options, argc, argv, target, sources, error);
    return status == TILEPROP_OK ? tp_option_files_check(options, target, error) : status;
}

/* Writes the words of text between column and TP_HELP_WIDTH; the cursor stands at column. */
static void write_words(const char *text, FILE *out)
{
    size_t column = TP_HELP_COLUMN;
    while (*text) {
        size_t length = strcspn(text, " ");
        bool start = column == TP_HELP_COLUMN;
        if (!start && column + 1 + length > TP_HELP_WIDTH) {
            fprintf(out, "\n%*s", TP_HELP_COLUMN, "");
            column = TP_HELP_COLUMN;
            start = true;
        }
        fprintf(out, "%s%.*s", start ? "" : " ", (int)length, text);
        column += length + !start;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void write_option(const struct tp_option *option, const void *defaults, FILE *out)
{
    char left[64] = "";
    char text[TP_OPTION_HELP_MAX];
    tp_option_append(left, sizeof left, "  --%s", option->name);
    if (option->kind == TP_OPTION_SWITCH) {
        tp_option_append(left, sizeof left, " on|off");
    } else if (option->argument) {
        tp_option_append(left, sizeof left, " %s%s%s", option->argument, option->keyword ? "|" : "",
                         option->keyword ? option->keyword : "");
    }
    tp_option_explain(option, defaults, text, sizeof text);
    if (strlen(left) + 2 > TP_HELP_COLUMN)
        fprintf(out, "%s\n%*s", left, TP_HELP_COLUMN, "");
    else
        fprintf(out, "%-*s", TP_HELP_COLUMN, left);
    write_words(text, out);
}

void tp_options_write_help(const struct tp_options *options, const void *defaults, FILE *out)
{
    const char *group = "";
    fputs(options->usage, out);
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(group, options->table[i].group) != 0) {
            group = options->table[i].group;
            fprintf(out, "\n%s:\n", group);
        }
        write_option(&options->table[i], defaults, out);
    }
    fputs(options->notes, out);
}

/* What makes a path absolute: the working folder with a '/', or nothing. */
static void find_folder(const struct tp_option *option, const void *target, char folder[PATH_MAX])
{
    const char *path;
    memcpy(&path, (const char *)target + option->offset, sizeof path);
    if (path && *path != '/' && !tp_option_is_word(option, path) && getcwd(folder, PATH_MAX - 1))
        strcat(folder, "/");
}

void tp_options_write_config(const struct tp_options *options, const void *target, FILE *out)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct tp_option *option = &options->table[i];
        if (option->command_only || option->kind == TP_OPTION_CONFIG)
            continue;
        char value[TP_OPTION_TEXT_MAX + 1];
        tp_option_format(option, target, value, sizeof value);
        char folder[PATH_MAX] = "";
        if (option->kind == TP_OPTION_PATH)
            find_folder(option, target, folder);
        /* A blank or a '#' can only be part of a path, where it may need the quotes. */
        const char *quote = strpbrk(value, " #") || strpbrk(folder, " #") ? "\"" : "";
        fprintf(out, "%s = %s%s%s%s\n", option->name, quote, folder, value, quote);
    }
}

void tp_options_write_group(const struct tp_options *options, const char *group, const void *target,
                            FILE *out)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct tp_option *option = &options->table[i];
        if (strcmp(option->group, group) != 0 || option->kind == TP_OPTION_PATH)
            continue;
        char value[TP_OPTION_TEXT_MAX + 1];
        tp_option_format(option, target, value, sizeof value);
        fprintf(out, "%s = %s\n", option->name, value);
    }
}
