#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TP_TRIES     100
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

static bool is_named(int descriptor, const char *path)
{
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* False: another program is writing the file. Where the file system cannot lock, this is not detected. */
static bool lock(int descriptor)
{
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/*
 * Removes anything with the temporary's name, whether left by a killed program or put there by somebody else. False,
 * with errno, if it stays; EWOULDBLOCK: another program is writing it.
 */
static bool remove_temporary(const char *temporary)
{
    struct stat info;
    if (lstat(temporary, &info) != 0)
        return errno == ENOENT;
    int descriptor = -1;
    if (S_ISREG(info.st_mode)) /* network file systems lock only what is open for writing */
        descriptor = open(temporary, (info.st_uid == geteuid() ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return unlink(temporary) == 0 || errno == ENOENT;

    const bool removed = lock(descriptor) && (!is_named(descriptor, temporary) || unlink(temporary) == 0);
    const int number = errno;
    close(descriptor);
    errno = number;
    return removed;
}

/*
 * Creates the temporary for this process alone. An existing file is never written: it may be a link to another file or
 * belong to somebody else. Before the new file is locked, another program may take it for a leftover and remove it;
 * then this tries again.
 */
static tileprop_status create_temporary(const struct tp_safe_file *safe, const char *path, mode_t mode, int *descriptor,
                                        struct tp_error *error)
{
    for (int tries = 0;; tries++) {
        *descriptor = open(safe->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (*descriptor >= 0 && lock(*descriptor) && is_named(*descriptor, safe->temporary))
            return TILEPROP_OK;
        if (*descriptor >= 0)
            close(*descriptor);
        else if (errno != EEXIST)
            return fail_errno(safe->option, path, errno, error);
        else if (tries < TP_TRIES && remove_temporary(safe->temporary))
            continue;
        else if (tries < TP_TRIES && errno != EWOULDBLOCK)
            return tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s exists and cannot be removed: %s", safe->option, path,
                           safe->temporary, strerror(errno));
        else
            return tp_fail(error, TILEPROP_FAILURE,
                           "%s: %s: is already being written, by another program or for another option", safe->option,
                           path);
    }
}

/* Whether the file at safe->path may be replaced; path is the user's name for it. */
static tileprop_status check_replaceable(const struct tp_safe_file *safe, const char *path, const struct stat *file,
                                         struct tp_error *error)
{
    /* The directory's permission would suffice for renaming, but a read-only file is meant to stay. */
    if (access(safe->path, W_OK) != 0)
        return fail_errno(safe->option, path, errno, error);
    /* In a sticky directory one needs to own the file or the directory. */
    char folder[PATH_MAX];
    struct stat info;
    const uid_t user = geteuid();
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(safe->path, '/') + 1 - safe->path), safe->path);
    if (stat(folder, &info) == 0 && info.st_mode & S_ISVTX && user != 0 && user != info.st_uid && user != file->st_uid)
        return fail_errno(safe->option, path, EPERM, error);
    return TILEPROP_OK;
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

    /* A symbolic link is kept: the file that it leads to is replaced. */
    safe->replaces = exists;
    mode_t mode = exists ? info.st_mode & 0777 : 0666;
    int descriptor = -1;
    tileprop_status status = TILEPROP_OK;
    safe->path = exists ? realpath(path, NULL) : strdup(path);
    if (!safe->path || asprintf(&safe->temporary, "%s" TP_TEMPORARY, safe->path) < 0) {
        safe->temporary = NULL;
        status = fail_errno(option, path, errno, error);
    }
    if (status == TILEPROP_OK && exists)
        status = check_replaceable(safe, path, &info, error);
    if (status == TILEPROP_OK)
        status = create_temporary(safe, path, mode, &descriptor, error);
    if (status == TILEPROP_OK && exists && fchown(descriptor, (uid_t)-1, info.st_gid) != 0)
        mode &= ~(mode_t)S_IRWXG; /* members of another group */
    /* Restore permissions that the umask removed but the replaced file had. */
    if (status == TILEPROP_OK &&
        ((exists && fchmod(descriptor, mode) != 0) || !(safe->file = fdopen(descriptor, "w")))) {
        status = fail_errno(option, path, errno, error);
        close(descriptor);
        unlink(safe->temporary);
    }
    if (status != TILEPROP_OK)
        close_file(safe);
    return status;
}

void tp_safe_file_write(struct tp_safe_file *safe, const void *bytes, size_t size)
{
    errno = EIO; /* for a stream that does not set errno */
    if (fwrite(bytes, 1, size, safe->file) != size && !safe->error)
        safe->error = errno;
}

/* Where directories cannot be synced (some network file systems), a crash loses no more than the new name. */
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
