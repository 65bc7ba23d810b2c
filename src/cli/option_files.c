#include "cli/option_files.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/option_value.h"
#include "data/dataset.h"

#define TP_PATH_ROOM (TP_OPTION_TEXT_MAX + 16) /* with what stands beside it */

/* What the option names; NULL where it names no file. */
static const char *path_of(const struct tp_option *option, const void *target)
{
    const char *path;
    if (option->kind != TP_OPTION_PATH && option->kind != TP_OPTION_CONFIG)
        return NULL;
    memcpy(&path, (const char *)target + option->offset, sizeof path);
    return path && !tp_option_is_word(option, path) ? path : NULL;
}

/* The files of an option, by number from 0: the one that it names, and what it writes beside that one. */
static bool file_of(const struct tp_option *option, const char *path, size_t number, char file[TP_PATH_ROOM])
{
    const char *dot = strrchr(path, '.');
    const int stem = (int)(dot ? (size_t)(dot - path) : strlen(path));
    if (number > 0 && (!option->side_outputs || !option->side_outputs[number - 1]))
        return false;
    if (number > 0)
        snprintf(file, TP_PATH_ROOM, "%.*s%s", stem, path, option->side_outputs[number - 1]);
    else
        snprintf(file, TP_PATH_ROOM, "%s", path);
    return true;
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
        return same(&folders[0], &b) && tp_dataset_is_idx_name(names[0]);
    if (found[0] && found[1])
        return S_ISREG(a.st_mode) && same(&a, &b);
    return !found[0] && !found[1] && same(&folders[0], &folders[1]) && strcmp(names[0], names[1]) == 0;
}

/*
 * Whether a file that option `writer` writes is one of another option's: what it reads, or writes and stands
 * before.
 */
static bool clashes(const struct tp_option *writer, const char *file, const struct tp_option *other,
                    const void *target)
{
    char theirs[TP_PATH_ROOM];
    const char *path = path_of(other, target);
    if (!path || (other->writes && other >= writer) ||
        (writer->may_replace && strcmp(writer->may_replace, other->name) == 0))
        return false;
    for (size_t number = 0; file_of(other, path, number, theirs); number++)
        if (same_file(file, theirs))
            return true;
    return false;
}

static tileprop_status check_file(const struct tp_options *options, const struct tp_option *writer,
                                  const char *file, const void *target, struct tp_error *error)
{
    char shown[64];
    size_t i = 0;
    while (i < options->count && !clashes(writer, file, &options->table[i], target))
        i++;
    if (i == options->count)
        return TILEPROP_OK;
    const struct tp_option *other = &options->table[i];
    tp_option_show(file, shown, sizeof shown);
    return tp_fail(error, TILEPROP_USAGE, "--%s: %s found, which --%s %s, expected another file",
                   writer->name, shown, other->name, other->writes ? "writes" : "reads");
}

tileprop_status tp_option_files_check(const struct tp_options *options, const void *target,
                                      struct tp_error *error)
{
    char file[TP_PATH_ROOM];
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < options->count; i++) {
        const struct tp_option *option = &options->table[i];
        const char *path = option->writes ? path_of(option, target) : NULL;
        for (size_t number = 0; status == TILEPROP_OK && path && file_of(option, path, number, file);
             number++)
            status = check_file(options, option, file, target, error);
    }
    return status;
}
