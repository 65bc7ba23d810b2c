#include "cli/data_path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "readers/stream.h"

static const char *const beside[] = {"../data/mnist", "../share/tileprop/mnist"};

static bool resolve_directory(const char *name, char *path, size_t size)
{
    char resolved[PATH_MAX];
    struct stat info;
    if (!realpath(name, resolved) || stat(resolved, &info) != 0 || !S_ISDIR(info.st_mode))
        return false;
    return snprintf(path, size, "%s", resolved) < (int)size;
}

tileprop_status tp_data_path_find(const char *elsewhere, char *path, size_t size, struct tp_error *error)
{
    /* Follows symbolic links to the program. Without /proc, uses the name that the program was started with. */
    char program[PATH_MAX];
    if (!realpath("/proc/self/exe", program) && !realpath((const char *)getauxval(AT_EXECFN), program))
        program[0] = '\0';
    char *name = strrchr(program, '/');
    if (name)
        *name = '\0';

    for (size_t i = 0; name && i < sizeof beside / sizeof beside[0]; i++) {
        char place[PATH_MAX + 32];
        snprintf(place, sizeof place, "%s/%s", program, beside[i]);
        if (resolve_directory(place, path, size))
            return TILEPROP_OK;
    }
    if (resolve_directory(elsewhere, path, size))
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "--data: expected a directory with MNIST at \"%s/%s\", \"%s/%s\" or \"%s\", found none", program,
                   beside[0], program, beside[1], elsewhere);
}

tileprop_status tp_data_path_choose(const char *asked, char *path, size_t size, struct tp_error *error)
{
    if (!asked)
        return tp_data_path_find(TP_DATADIR "/mnist", path, size, error);
    if (snprintf(path, size, "%s", tp_stream_name(asked)) >= (int)size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "--data: expected a path of less than %zu bytes, found %zu", size,
                       strlen(asked));
    return TILEPROP_OK;
}
