#include "cli/data_path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_DATA_BESIDE "/../data/mnist"

static bool resolve_directory(const char *name, char *path, size_t size)
{
    char resolved[PATH_MAX];
    struct stat info;
    if (!realpath(name, resolved) || stat(resolved, &info) != 0 || !S_ISDIR(info.st_mode))
        return false;
    return snprintf(path, size, "%s", resolved) < (int)size;
}

tileprop_status tp_data_path_find(const char *installed, char *path, size_t size, struct tp_error *error)
{
    char beside[PATH_MAX + sizeof TP_DATA_BESIDE];
    /* The kernel's link is resolved already: a symbolic link to the program leads to its real place. */
    ssize_t length = readlink("/proc/self/exe", beside, PATH_MAX - 1);
    beside[length > 0 ? length : 0] = '\0';
    char *name = strrchr(beside, '/');
    strcpy(name ? name : beside, name ? TP_DATA_BESIDE : "");

    if (resolve_directory(beside, path, size) || (installed && resolve_directory(installed, path, size)))
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "--data: expected a directory with MNIST at \"%s\" or \"%s\", found none", beside,
                   installed ? installed : "");
}

tileprop_status tp_data_path_choose(const char *asked, char *path, size_t size, struct tp_error *error)
{
    if (!asked)
        return tp_data_path_find(TP_INSTALLED_DATA, path, size, error);
    if (snprintf(path, size, "%s", asked) >= (int)size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "--data: expected a path of less than %zu bytes", size);
    return TILEPROP_OK;
}
