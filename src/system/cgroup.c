#include "system/cgroup.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

FILE *tp_system_open(const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length < 0 || (size_t)length >= sizeof path ? NULL : fopen(path, "re");
}

bool tp_system_number(const char *folder, const char *name, size_t *number)
{
    FILE *file = tp_system_open(folder, name);
    const bool found = file && fscanf(file, "%zu", number) == 1;
    if (file)
        fclose(file);
    return found;
}

struct search {
    const char *cgroup, *controller;
    size_t (*limit_of)(const char *group);
    struct tp_cgroup_limit least;
};

/* Looks at the group named by the first `length` bytes of a path in the hierarchy CGROUP/NAME. */
static void look_at(struct search *s, const char *name, const char *path, size_t length)
{
    char group[PATH_MAX];
    const int size = snprintf(group, sizeof group, "%s%s%s%.*s", s->cgroup, *name ? "/" : "", name, (int)length, path);
    const size_t limit = size < 0 || (size_t)size >= sizeof group ? SIZE_MAX : s->limit_of(group);
    if (limit < s->least.value) {
        s->least.value = limit;
        snprintf(s->least.group, sizeof s->least.group, "%.*s", (int)sizeof s->least.group - 1, group);
    }
}

/*
 * Looks at the group at `path` and its ancestors. A container may see its own group mounted as the root while `path` is
 * still the host's: a group that does not exist sets no limit, and the walk ends at the mount.
 */
static void look_up(struct search *s, const char *name, const char *path)
{
    const size_t length = strlen(path);
    if (length >= PATH_MAX)
        return;
    look_at(s, name, path, length);
    for (size_t end = length; end > 0; end--)
        if (path[end - 1] == '/')
            look_at(s, name, path, end - 1);
}

static bool is_among(const char *controller, const char *controllers)
{
    const size_t length = strlen(controller);
    for (const char *name = controllers; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL) {
        if (strcspn(name, ",") == length && strncmp(name, controller, length) == 0)
            return true;
    }
    return false;
}

/*
 * Handles one line of /proc/self/cgroup, "ID:CONTROLLERS:PATH". Version 2's hierarchy has no controllers and is mounted
 * at the root itself, each of version 1's in a directory named after its controllers; if that lists them in another
 * order, the controller's name is a link to it.
 */
static void look_along(struct search *s, char *line)
{
    strsep(&line, ":");
    const char *controllers = strsep(&line, ":"), *path = strsep(&line, "\n");
    if (!path)
        return;
    if (*controllers == '\0') {
        look_up(s, "", path);
    } else if (is_among(s->controller, controllers)) {
        look_up(s, controllers, path);
        look_up(s, s->controller, path);
    }
}

struct tp_cgroup_limit tp_cgroup_least(const char *proc, const char *cgroup, const char *controller,
                                       size_t (*limit_of)(const char *group))
{
    struct search search = {.cgroup = cgroup, .controller = controller, .limit_of = limit_of, .least.value = SIZE_MAX};
    FILE *file = tp_system_open(proc, "self/cgroup");
    size_t capacity = 0;
    char *line = NULL;
    while (file && getline(&line, &capacity, file) >= 0)
        look_along(&search, line);
    free(line);
    if (file)
        fclose(file);
    return search.least;
}
