#include "cli/option_files.h"

#include <string.h>
#include <sys/stat.h>

#include "readers/idx.h"

#define TP_PATH_ROOM (TP_OPTION_TEXT_MAX + 16) /* with what stands beside it */

/* A file that an option names, or that it writes beside that one. All 0: before the first. */
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
            snprintf(file->path, sizeof file->path, "%.*s%s",
                     (int)(cut ? (size_t)(dot - path) : strlen(path)), path, suffix);
            return true;
        }
        file->place++;
        file->next = 0;
    }
    return false;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Finds the file, or else the folder that it would be in: *name is then its name there, else empty. */
static bool find(const char *path, struct stat *info, const char **name)
{
    char folder[TP_PATH_ROOM];
    *name = "";
    if (stat(path, info) == 0)
        return true;
    *name = name_of(path);
    snprintf(folder, sizeof folder, "%.*s.", (int)(*name - path), path);
    return stat(folder, info) == 0;
}

/* Whether writing to a file would change what another path names, or is meant to name. */
static bool same_file(const char *file, const char *path)
{
    struct stat a, b;
    const char *names[2];
    char inside[2 * TP_PATH_ROOM];
    if (!find(file, &a, &names[0]) || !find(path, &b, &names[1]))
        return false;
    if (!*names[1] && S_ISDIR(b.st_mode) && tp_idx_is_name(name_of(file))) {
        snprintf(inside, sizeof inside, "%s/%s", path, name_of(file));
        if (stat(inside, &b) != 0)
            return false;
    }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && strcmp(names[0], names[1]) == 0 &&
           (*names[0] || S_ISREG(a.st_mode));
}

tileprop_status tp_option_files_check(const struct tp_options *options, const void *target,
                                      struct tp_error *error)
{
    struct file file = {0};
    while (find_next(&file, options, target)) {
        const char *renewed = file.option.may_replace;
        struct file other = {0};
        while (file.option.writes && find_next(&other, options, target)) {
            if ((other.option.writes && other.place >= file.place) ||
                (renewed && strcmp(renewed, other.option.is->name) == 0) || !same_file(file.path, other.path))
                continue;
            return tp_fail(error, TILEPROP_USAGE, "--%s: %s found, which --%s %s, expected another file",
                           file.option.is->name, tp_show(file.path, strlen(file.path)).text,
                           other.option.is->name, other.option.writes ? "writes" : "reads");
        }
    }
    return TILEPROP_OK;
}
