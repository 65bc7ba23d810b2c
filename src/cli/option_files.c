#include "cli/option_files.h"

#include <string.h>
#include <sys/stat.h>

#include "readers/idx_pair.h"

#define TP_PATH_ROOM (TP_OPTION_TEXT_MAX + 16) /* with what stands beside it */

/* What the option names; NULL where it names no file. */
static const char *path_of(const tileprop_option *option, const void *target)
{
    const char *path;
    if (option->kind != TILEPROP_OPTION_PATH)
        return NULL;
    memcpy(&path, (const char *)target + option->offset, sizeof path);
    return path && !tp_option_is_word(option, path) ? path : NULL;
}

/* The files of an option, by number from 0: the one that it names, and what it writes beside that one. */
static bool file_of(const struct tp_option *option, const char *path, size_t number, char file[TP_PATH_ROOM])
{
    const char *dot = strrchr(path, '.'), *suffix = "";
    int stem = (int)strlen(path);
    if (number > 0) {
        suffix = option->side_outputs ? option->side_outputs[number - 1] : NULL;
        stem = dot ? (int)(dot - path) : stem;
    }
    if (suffix)
        snprintf(file, TP_PATH_ROOM, "%.*s%s", stem, path, suffix);
    return suffix;
}

/* Finds the folder of a file; *name is its name there. */
static bool find_folder(const char *path, struct stat *folder, const char **name)
{
    char text[TP_PATH_ROOM];
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    snprintf(text, sizeof text, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    return stat(text, folder) == 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether writing to a file would change what another path names, or is meant to name. */
static bool same_file(const char *file, const char *path)
{
    struct stat a, b, folders[2];
    const char *names[2];
    const bool found[2] = {stat(file, &a) == 0, stat(path, &b) == 0};
    if (!find_folder(file, &folders[0], &names[0]) || !find_folder(path, &folders[1], &names[1]))
        return false;
    if (found[0] && found[1] && S_ISDIR(b.st_mode))
        return same(&folders[0], &b) && tp_idx_pair_is_name(names[0]);
    if (found[0] && found[1])
        return S_ISREG(a.st_mode) && same(&a, &b);
    return !found[0] && !found[1] && same(&folders[0], &folders[1]) && strcmp(names[0], names[1]) == 0;
}

/* Whether one of an option's files is this one. */
static bool has_file(const struct tp_option *option, const char *path, const char *file)
{
    char own[TP_PATH_ROOM];
    for (size_t number = 0; file_of(option, path, number, own); number++)
        if (same_file(file, own))
            return true;
    return false;
}

/* Whether a file of the option at a place is none that another one reads, or that one before it writes. */
static tileprop_status check_file(const struct tp_options *options, size_t place, const char *file,
                                  const void *target, struct tp_error *error)
{
    const struct tp_option writer = tp_options_at(options, place);
    struct tp_option other;
    for (size_t i = 0; (other = tp_options_at(options, i)).is; i++) {
        const char *path = path_of(other.is, target);
        if (!path || (other.writes && i >= place) ||
            (writer.may_replace && strcmp(writer.may_replace, other.is->name) == 0))
            continue;
        if (has_file(&other, path, file))
            return tp_fail(error, TILEPROP_USAGE, "--%s: %s found, which --%s %s, expected another file",
                           writer.is->name, tp_show(file, strlen(file)).text, other.is->name,
                           other.writes ? "writes" : "reads");
    }
    return TILEPROP_OK;
}

tileprop_status tp_option_files_check(const struct tp_options *options, const void *target,
                                      struct tp_error *error)
{
    char file[TP_PATH_ROOM];
    struct tp_option option;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++) {
        const char *path = option.writes ? path_of(option.is, target) : NULL;
        for (size_t number = 0; status == TILEPROP_OK && path && file_of(&option, path, number, file);
             number++)
            status = check_file(options, i, file, target, error);
    }
    return status;
}
