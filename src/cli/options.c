#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "readers/file_list.h"
#include "readers/idx.h"

#define TP_HELP_WIDTH  80
#define TP_HELP_COLUMN 26 /* where the explanations begin */
#define TP_TYPO_MAX    2  /* edits between an unknown name and the one suggested for it */
#define TP_PREFIX_MIN  5  /* letters of a name that a longer one may begin with */
#define TP_NAME_MAX    31 /* longest name for which a suggestion is sought */
#define TP_BLANKS      " \t\r\v\f"
#define TP_PATH_ROOM   (TP_OPTION_TEXT_MAX + 16) /* with what stands beside it */

const tileprop_choice tp_help_choices[] = {{"off", TP_HELP_OFF}, {"on", TP_HELP_ON}, {"all", TP_HELP_ALL}, {NULL, 0}};

struct tp_option tp_options_at(const struct tp_options *options, size_t index)
{
    const tileprop_option *training;
    index = index < TP_OPTIONS_MAX ? index : SIZE_MAX;
    for (size_t i = 0; i < options->count; i++) {
        const struct tp_option *entry = &options->table[i];
        if (entry->is && index-- == 0)
            return *entry;
        for (size_t t = 0; !entry->is && (training = tileprop_option_at(t)); t++)
            if (index-- == 0)
                return (struct tp_option){.is = training};
    }
    return (struct tp_option){0};
}

/* Levenshtein distance: insertions, deletions and replacements. b has at most TP_NAME_MAX bytes. */
static size_t edit_distance(const char *a, size_t size, const char *b)
{
    size_t row[TP_NAME_MAX + 1]; /* row[j]: distance of the bytes of a read so far to the first j of b */
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; i < size; i++) {
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

/* The target of a command line or a file. */
struct reader {
    const struct tp_options *options;
    void *target;
    enum tp_option_source *sources;
    struct tp_error *error;
};

/* place: the text before the name in a message: dashes, or file and line. */
static tileprop_status fail_unknown(const struct reader *r, const char *place, const char *name, size_t length)
{
    const char *nearest = NULL;
    size_t least = TP_TYPO_MAX + 1;
    const struct tp_shown shown = tp_show(name, length);
    struct tp_option option;
    for (size_t i = 0; length <= TP_NAME_MAX && (option = tp_options_at(r->options, i)).is; i++) {
        const size_t own = strlen(option.is->name);
        if (own >= TP_PREFIX_MIN && own < length && strncmp(name, option.is->name, own) == 0) { /* --early-stopping */
            nearest = option.is->name;
            break;
        }
        size_t distance = edit_distance(name, length, option.is->name);
        /* Of a two-letter name at least one letter has to be right. */
        if (distance < least && 2 * distance <= length) {
            nearest = option.is->name;
            least = distance;
        }
    }
    return tp_fail(r->error, TILEPROP_USAGE, "%s%s: no such option; %s%s%s", place, shown.text,
                   nearest ? "did you mean --" : "--help all lists them", nearest ? nearest : "", nearest ? "?" : "");
}

static size_t find_option(const struct tp_options *options, const char *name, size_t length)
{
    size_t i = 0;
    struct tp_option option;
    while ((option = tp_options_at(options, i)).is &&
           (strncmp(option.is->name, name, length) != 0 || option.is->name[length]))
        i++;
    return i;
}

size_t tp_options_index(const struct tp_options *options, const char *name)
{
    return find_option(options, name, strlen(name));
}

/* Takes a value; each source may set an option once. */
static tileprop_status take(const struct reader *r, size_t index, enum tp_option_source source, const char *place,
                            const char *value)
{
    const tileprop_option *option = tp_options_at(r->options, index).is;
    if (r->sources[index] == source)
        return tp_fail(r->error, TILEPROP_USAGE, "%s%s: expected once, found twice", place, option->name);
    r->sources[index] = source;
    return tp_option_parse(option, place, value, r->target, r->error);
}

/* Takes one option and, if separate, its value; *next moves past them. */
static tileprop_status read_argument(const struct reader *r, char *const *argv, int argc, int *next)
{
    const char *given = argv[(*next)++], *argument = strcmp(given, "-h") == 0 ? "--help" : given;
    const char *name = argument + strspn(argument, "-");
    const size_t length = strcspn(name, "=");
    const int dashes = (int)(name - argument);
    const size_t index = find_option(r->options, name, length);
    const struct tp_option option = tp_options_at(r->options, index);
    const char *value = name[length] ? name + length + 1 : NULL;
    const char *found = *next < argc ? argv[*next] : "nothing";

    if (strcmp(argument, "--") == 0)
        return *next == argc ? TILEPROP_OK
                             : tp_fail(r->error, TILEPROP_USAGE, "expected nothing after --, found \"%s\"",
                                       tp_show(found, strlen(found)).text);
    if (dashes == 0 && r->options->operand)
        return take(r, tp_options_index(r->options, r->options->operand), TP_FROM_COMMAND, "--", argument);
    if (dashes == 0 || !argument[1])
        return tp_fail(r->error, TILEPROP_USAGE, "expected an option, found \"%s\"",
                       tp_show(argument, strlen(argument)).text);
    if (!option.is || dashes != 2) {
        char place[8];
        snprintf(place, sizeof place, "%.*s", dashes, argument);
        return fail_unknown(r, place, name, length);
    }
    if (!value && option.flag)
        value = option.apart && strcmp(found, option.apart) == 0 ? argv[(*next)++] : "on";
    if (!value && *next < argc && strncmp(found, "--", 2) != 0)
        value = argv[(*next)++];
    if (value)
        return take(r, index, TP_FROM_COMMAND, "--", value);
    char expected[512];
    tp_option_describe(option.is, expected, sizeof expected);
    return tp_fail(r->error, TILEPROP_USAGE, "--%s: expected %s, found %s", option.is->name, expected,
                   tp_show(found, strlen(found)).text);
}

static tileprop_status read_arguments(const struct reader *r, int argc, char *const *argv)
{
    tileprop_status status = TILEPROP_OK;
    for (int next = 1; status == TILEPROP_OK && next < argc;)
        status = read_argument(r, argv, argc, &next);
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

/* Whether the path means standard input, which is in no folder. */
static bool is_standard_input(const struct tp_option *option, const char *path)
{
    return option->streams && strcmp(path, "-") == 0;
}

static bool is_several(const struct tp_option *option)
{
    return option->streams || option->several;
}

/* Writes a path, or each path of a list, after a folder's name of so many bytes. */
static void put_in_folder(const struct tp_option *option, const char *folder, int bytes, const char *path, char *out,
                          size_t size)
{
    size_t length = 0;
    for (const char *at = path; at && length < size;) { /* treated as a list, because it may be one */
        const size_t part = strcspn(at, ",");
        const bool stays = *at == '/' || (part == 1 && *at == '-');
        length += (size_t)snprintf(out + length, size - length, "%s%.*s%.*s", length ? "," : "", stays ? 0 : bytes,
                                   folder, (int)part, at);
        at = at[part] ? at + part + 1 : NULL;
    }
    if (!is_several(option) || !tp_file_list_is(out))
        snprintf(out, size, "%.*s%s", bytes, folder, path);
}

static tileprop_status read_line(const struct reader *r, char *line, const char *place, struct config *config)
{
    cut_comment(line);
    line = trim(line);
    char *value = strchr(line, '=');
    if (!*line)
        return TILEPROP_OK;
    if (!value)
        return tp_fail(r->error, TILEPROP_USAGE, "%sexpected key = value, found \"%s\"", place,
                       tp_show(line, strlen(line)).text);
    *value = '\0';
    const char *name = trim(line);
    const size_t index = tp_options_index(r->options, name);
    const struct tp_option option = tp_options_at(r->options, index);
    if (!option.is)
        return fail_unknown(r, place, name, strlen(name));
    if (option.command_only)
        return tp_fail(r->error, TILEPROP_USAGE, "%s%s: valid only on the command line", place, name);
    const tileprop_status status = take(r, index, TP_FROM_FILE, place, unquote(trim(value + 1)));
    const char *file = status == TILEPROP_OK ? tp_option_file(option.is, r->target) : NULL;
    if (!file || *file == '/' || !config->folder || is_standard_input(&option, file))
        return status;
    /* A path that is too long is cut to one byte more than a path may have. */
    char *path = config->room;
    put_in_folder(&option, config->path, config->folder, file, path, TP_OPTION_TEXT_MAX + 2);
    config->room += strlen(path) + 1;
    return tp_option_parse(option.is, place, path, r->target, r->error);
}

/* A pipe or terminal has no folder: paths in its text are relative to the working folder. */
static int folder_length(const char *path, FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) ? (int)(basename(path) - path) : 0;
}

/* *storage becomes the file's text, cut up in place, and room for paths; the texts
 * of target point into it. */
static tileprop_status read_file(const struct reader *r, const char *path, char **storage)
{
    struct tp_error *error = r->error;
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
        status = tp_fail(error, TILEPROP_USAGE, "--config: %s: expected text, found a zero byte at offset %zd", path,
                         length - 1);
    }
    struct config config = {.path = path, .folder = folder_length(path, file)};
    fclose(file);

    char *rest = NULL;
    if (status == TILEPROP_OK && length > 0) {
        const size_t text = (size_t)length + 1;
        rest = realloc(*storage, text + TP_OPTIONS_MAX * (TP_OPTION_TEXT_MAX + 2));
        if (!rest)
            return tp_fail(error, TILEPROP_FAILURE, "--config: %s: out of memory", path);
        *storage = rest;
        config.room = rest + text;
        rest += tp_file_text(rest, (size_t)length) - rest;
    }
    for (size_t number = 1; status == TILEPROP_OK && rest; number++) {
        char place[512];
        char *line = strsep(&rest, "\n");
        snprintf(place, sizeof place, "%s:%zu: ", path, number);
        status = read_line(r, line, place, &config);
    }
    return status;
}

/* A file that an option names, or writes beside it. All 0: before the first. */
struct file {
    size_t place, next; /* of the option; its next file */
    struct tp_option option;
    char path[TP_PATH_ROOM];
};

static bool find_next(struct file *file, const struct tp_options *options, const void *target)
{
    while ((file->option = tp_options_at(options, file->place)).is) {
        const char *path = tp_option_file(file->option.is, target), *suffix = "", *dot;
        const size_t number = file->next++;
        if (path && number > 0)
            suffix = file->option.side_outputs ? file->option.side_outputs[number - 1] : NULL;
        if (path && suffix) {
            const bool cut = number > 0 && (dot = strrchr(path, '.'));
            snprintf(file->path, sizeof file->path, "%.*s%s", (int)(cut ? (size_t)(dot - path) : strlen(path)), path,
                     suffix);
            return true;
        }
        file->place++;
        file->next = 0;
    }
    return false;
}

/* Finds the file, or the folder that it would be in; *name is then its name there, else empty. */
static bool find(const char *path, struct stat *info, const char **name)
{
    char folder[TP_PATH_ROOM];
    *name = "";
    if (stat(path, info) == 0)
        return true;
    *name = basename(path);
    snprintf(folder, sizeof folder, "%.*s.", (int)(*name - path), path);
    return stat(folder, info) == 0;
}

/* Whether writing to a file would change the file at another path, which may not exist yet. */
static bool same_file(const char *file, const char *path)
{
    struct stat a, b;
    const char *names[2];
    char inside[2 * TP_PATH_ROOM];
    if (!find(file, &a, &names[0]) || !find(path, &b, &names[1]))
        return false;
    if (!*names[1] && S_ISDIR(b.st_mode) && tp_idx_is_name(basename(file))) {
        snprintf(inside, sizeof inside, "%s/%s", path, basename(file));
        if (stat(inside, &b) != 0)
            return false;
    }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && strcmp(names[0], names[1]) == 0 &&
           (*names[0] || S_ISREG(a.st_mode));
}

/* The same for any of the files that another option names. */
static bool is_among(const char *file, const struct file *other)
{
    const char *path = other->path;
    char one[TP_PATH_ROOM];
    if (!is_several(&other->option))
        return same_file(file, path);
    while (tp_file_list_next(&path, one, sizeof one))
        if (same_file(file, one))
            return true;
    return false;
}

/*
 * Compares the files that options write with those that all others name, through links and other spellings, and with
 * the IDX files of a data directory. An option may write the file of its may_replace. No file may be called -, which
 * means standard output elsewhere.
 */
static tileprop_status check_files(const struct tp_options *options, const void *target, struct tp_error *error)
{
    struct file file = {0};
    const char *input = NULL; /* the option that reads standard input */
    while (find_next(&file, options, target)) {
        if (is_standard_input(&file.option, file.path)) {
            if (input)
                return tp_fail(error, TILEPROP_USAGE, "--%s: expected a file, found -: --%s reads standard input",
                               file.option.is->name, input);
            input = file.option.is->name;
        }
        const char *renewed = file.option.may_replace;
        struct file other = {0};
        if (file.option.prints && strcmp(file.path, "-") == 0)
            continue;
        if (file.option.writes && strcmp(basename(file.path), "-") == 0)
            return tp_fail(error, TILEPROP_USAGE, "--%s: expected a file%s, found \"%s\"", file.option.is->name,
                           file.option.prints ? ", or - for standard output" : " (standard output has the report)",
                           tp_show(file.path, strlen(file.path)).text);
        while (file.option.writes && find_next(&other, options, target)) {
            if ((other.option.writes && other.place >= file.place) ||
                (renewed && strcmp(renewed, other.option.is->name) == 0) || !is_among(file.path, &other))
                continue;
            return tp_fail(error, TILEPROP_USAGE, "--%s: expected another file, found %s, which --%s %s",
                           file.option.is->name, tp_show(file.path, strlen(file.path)).text, other.option.is->name,
                           other.option.writes ? "writes" : "reads");
        }
    }
    return TILEPROP_OK;
}

tileprop_status tp_options_parse(const struct tp_options *options, int argc, char *const *argv, void *target,
                                 enum tp_option_source sources[TP_OPTIONS_MAX], char **storage, struct tp_error *error)
{
    const struct reader r = {options, target, sources, error};
    const char *path = NULL;
    *storage = NULL;
    memset(sources, 0, TP_OPTIONS_MAX * sizeof *sources); /* TP_FROM_DEFAULT */
    tileprop_status status = read_arguments(&r, argc, argv);
    if (options->config)
        path = tp_option_file(tp_options_at(options, tp_options_index(options, options->config)).is, target);
    memset(sources, 0, TP_OPTIONS_MAX * sizeof *sources);
    if (status == TILEPROP_OK && path)
        status = read_file(&r, path, storage);
    /* A second time, so that the command line wins over the file. */
    if (status == TILEPROP_OK)
        status = read_arguments(&r, argc, argv);
    return status == TILEPROP_OK ? check_files(options, target, error) : status;
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

void tp_options_explain(const struct tp_option *option, const void *defaults, char *text, size_t size)
{
    char value[TP_OPTION_TEXT_MAX + 1];
    snprintf(text, size, "%s", option->is->help);
    for (const tileprop_choice *choice = option->flag ? NULL : option->is->choices; choice && choice->name; choice++) {
        tp_option_append(text, size, "%s%s%s", choice == option->is->choices ? " {" : " ", choice->name,
                         choice[1].name ? "," : "}");
    }
    tp_option_format(option->is, defaults, value, sizeof value);
    if (*value && !option->flag)
        tp_option_append(text, size, " [%s]", value);
}

static void write_option(const struct tp_option *option, const void *defaults, FILE *out)
{
    char left[64] = "";
    char text[TP_OPTION_HELP_MAX];
    const tileprop_option *is = option->is;
    tp_option_append(left, sizeof left, "  --%s", is->name);
    if (is->argument)
        tp_option_append(left, sizeof left, " %s%s%s", is->argument, is->keyword ? "|" : "",
                         is->keyword ? is->keyword : "");
    else if (!option->flag)
        tp_option_append(left, sizeof left, " on|off");
    tp_options_explain(option, defaults, text, sizeof text);
    if (strlen(left) + 2 > TP_HELP_COLUMN)
        fprintf(out, "%s\n%*s", left, TP_HELP_COLUMN, "");
    else
        fprintf(out, "%-*s", TP_HELP_COLUMN, left);
    write_words(text, out);
}

/*
 * Writes text up to end (NULL: all). Examples are lines of two blanks and a command, whose program may have been
 * installed with a prefix, like this one.
 */
static void write_notes(const char *notes, const char *end, const char *prefix, size_t size, FILE *out)
{
    for (size_t length; notes != end && *notes; notes += length) {
        length = strcspn(notes, "\n") + 1;
        const bool example = strncmp(notes, "  ", 2) == 0 && islower((unsigned char)notes[2]);
        if (example)
            fprintf(out, "  %.*s%.*s", (int)size, prefix, (int)length - 2, notes + 2);
        else
            fprintf(out, "%.*s", (int)length, notes);
    }
}

static bool is_basic(const struct tp_options *options, const char *name)
{
    const char *const *basic = options->basics;
    while (*basic && strcmp(*basic, name) != 0)
        basic++;
    return *basic;
}

static void write_help(const struct tp_options *options, bool all, const void *defaults, FILE *out)
{
    const char *group = "";
    struct tp_option option;
    const char *called = program_invocation_short_name, *own = options->usage + strlen("Usage: ");
    const size_t length = strcspn(own, " \n"), size = strlen(called);
    const bool prefixed = size > length && strncmp(called + size - length, own, length) == 0;
    fprintf(out, "Usage: %s%s", called, own + length);
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++) {
        if (!all && !is_basic(options, option.is->name))
            continue;
        if (strcmp(group, option.is->group) != 0) {
            group = option.is->group;
            fprintf(out, "\n%s:\n", group);
        }
        write_option(&option, defaults, out);
    }
    write_notes(options->notes, all ? NULL : strstr(options->notes, "\nExit codes:"), called,
                prefixed ? size - length : 0, out);
    if (!all)
        fprintf(out, "\n%s --help all lists all options and the exit codes.\n", called);
}

void tp_options_write_help(const struct tp_options *options, const void *defaults, FILE *out)
{
    write_help(options, true, defaults, out);
}

void tp_options_write_basic_help(const struct tp_options *options, const void *defaults, FILE *out)
{
    write_help(options, false, defaults, out);
}

/* Writes a value. Not inlined: a small stack could not hold its buffers where they are not needed. */
static __attribute__((noinline)) void write_path(const struct tp_option *option, const char *file, const char *value,
                                                 FILE *out)
{
    char folder[PATH_MAX] = "", path[TP_OPTION_TEXT_MAX + PATH_MAX];
    if (*file != '/' && !is_standard_input(option, file) && getcwd(folder, PATH_MAX - 1))
        strcat(folder, "/");
    put_in_folder(option, folder, (int)strlen(folder), value, path, sizeof path);
    /* A blank or a '#' may need quotes. */
    const char *quote = strpbrk(path, " #") ? "\"" : "";
    fprintf(out, "%s = %s%s%s\n", option->is->name, quote, path, quote);
}

void tp_options_write_config(const struct tp_options *options, const char *group, const void *target, FILE *out)
{
    struct tp_option option;
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++) {
        if (group ? option.is->kind == TILEPROP_OPTION_PATH || strcmp(option.is->group, group) != 0
                  : option.command_only)
            continue;
        char value[TP_OPTION_TEXT_MAX + 1];
        const char *file = tp_option_file(option.is, target);
        tp_option_format(option.is, target, value, sizeof value);
        if (file)
            write_path(&option, file, value, out);
        else
            fprintf(out, !group && strpbrk(value, " #") ? "%s = \"%s\"\n" : "%s = %s\n", option.is->name, value);
    }
}
