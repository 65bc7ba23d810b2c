#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_TEMPORARY ".tileprop-tmp" /* after the file's name, as long as the file is being written */

static tileprop_status fail_errno(const char *option, const char *path, int number, struct tp_error *error)
{
    return tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s", option, path, strerror(number));
}

static void close_file(struct tp_safe_file *safe)
{
    if (safe->file)
        fclose(safe->file);
    free(safe->path);
    free(safe->temporary);
    *safe = (struct tp_safe_file){0};
}

/*
 * Opens the temporary, or one that a killed program left, for this process alone; -1 and errno, EWOULDBLOCK
 * if another one writes it. That one may rename or remove it before it is locked here: then there is a next
 * try.
 */
static int open_temporary(const char *temporary)
{
    for (;;) {
        struct stat opened, named;
        const int descriptor = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor < 0)
            return -1;
        /* Some file systems cannot lock, which leaves each to itself. */
        const bool busy = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        const bool same = !busy && fstat(descriptor, &opened) == 0 && lstat(temporary, &named) == 0 &&
                          opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
        if (same && ftruncate(descriptor, 0) == 0)
            return descriptor;
        const int number = busy ? EWOULDBLOCK : errno;
        if (same)
            unlink(temporary);
        close(descriptor);
        errno = number;
        if (busy || same)
            return -1;
    }
}

tileprop_status tp_safe_file_open(struct tp_safe_file *safe, const char *option, const char *path,
                                  struct tp_error *error)
{
    *safe = (struct tp_safe_file){.option = option};
    if (!path)
        return TILEPROP_OK;
    struct stat info;
    const bool exists = stat(path, &info) == 0, link = !exists && lstat(path, &info) == 0;
    if (link || (exists && !S_ISREG(info.st_mode)))
        return tp_fail(error, TILEPROP_FAILURE, "%s: %s: expected a regular file or a new name, found %s", option, path,
                       link                    ? "a symbolic link to no file"
                       : S_ISDIR(info.st_mode) ? "a directory"
                                               : "a special file");
    /* The directory's permission would do for the renaming, but a read-only file is meant to stay. */
    if (exists && access(path, W_OK) != 0)
        return fail_errno(option, path, errno, error);

    /* A symbolic link stays one: the file that it leads to is replaced. */
    int descriptor = -1;
    safe->path = exists ? realpath(path, NULL) : strdup(path);
    if (safe->path && asprintf(&safe->temporary, "%s" TP_TEMPORARY, safe->path) < 0)
        safe->temporary = NULL;
    if (safe->temporary)
        descriptor = open_temporary(safe->temporary);
    if (descriptor >= 0 && (safe->file = fdopen(descriptor, "w")))
        return TILEPROP_OK;

    const int number = errno;
    if (descriptor >= 0) {
        close(descriptor);
        unlink(safe->temporary);
    }
    close_file(safe);
    if (number == EWOULDBLOCK)
        return tp_fail(error, TILEPROP_FAILURE, "%s: %s: is being written, by another program or for another option",
                       option, path);
    return fail_errno(option, path, number, error);
}

void tp_safe_file_write(struct tp_safe_file *safe, const void *bytes, size_t size)
{
    errno = EIO; /* for a stream that says nothing */
    if (fwrite(bytes, 1, size, safe->file) != size && !safe->error)
        safe->error = errno;
}

/* Directories that cannot be synced (some network file systems) lose no more than the name in a crash. */
static void sync_directory(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    const int descriptor = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

tileprop_status tp_safe_file_commit(struct tp_safe_file *safe, struct tp_error *error)
{
    if (!safe->file)
        return TILEPROP_OK;
    if (!safe->error && ferror(safe->file))
        safe->error = EIO;
    if (!safe->error &&
        (fflush(safe->file) != 0 || fsync(fileno(safe->file)) != 0 || rename(safe->temporary, safe->path) != 0))
        safe->error = errno;

    tileprop_status status = TILEPROP_OK;
    if (safe->error) {
        status = fail_errno(safe->option, safe->path, safe->error, error);
        unlink(safe->temporary);
    } else {
        sync_directory(safe->path);
    }
    close_file(safe);
    return status;
}

void tp_safe_file_discard(struct tp_safe_file *safe)
{
    if (safe->file)
        unlink(safe->temporary);
    close_file(safe);
}
