#include "readers/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/memory.h"

#define TP_FIRST_CAPACITY ((size_t)1 << 16)
#define TP_WAIT_MS        100 /* milliseconds between checks whether to stop: a signal may come just before a wait */

static int never(void)
{
    return 0;
}

static int (*is_stopped)(void) = never;

void tp_stream_stop_when(int (*stopped)(void))
{
    is_stopped = stopped;
}

const char *tp_stream_name(const char *path)
{
    return path && strcmp(path, "-") == 0 ? "standard input" : path;
}

/* Doubles the capacity. The bytes become samples, which take as much again: without that memory they are useless. */
static tileprop_status grow(struct tp_file *file, size_t *capacity, struct tp_error *error)
{
    struct tp_error why;
    const size_t wanted = *capacity ? 2 * *capacity : TP_FIRST_CAPACITY;
    if (tp_memory_check("/proc", "/sys/fs/cgroup", wanted, 0, &why) != TILEPROP_OK)
        return tp_fail(error, TILEPROP_FAILURE, "%s: no end found after %zu bytes: %s", file->path, file->size,
                       why.text);
    unsigned char *grown = realloc(file->bytes, wanted);
    if (!grown)
        return tp_fail(error, TILEPROP_FAILURE, "%s: out of memory: %zu bytes needed", file->path, wanted);
    file->bytes = grown;
    *capacity = wanted;
    tp_file_prefer_huge_pages(file->bytes, wanted);
    return TILEPROP_OK;
}

/* Reads some bytes; *ended: there are no more. */
static tileprop_status read_some(struct tp_file *file, int descriptor, size_t room, bool *ended, struct tp_error *error)
{
    /* Unlike open() and read(), poll() waits for a FIFO's first writer without being resumed after a signal. */
    struct pollfd waited = {.fd = descriptor, .events = POLLIN};
    do {
        if (is_stopped())
            return tp_fail(error, TILEPROP_FAILURE, "%s: stopped by a signal while reading", file->path);
    } while (poll(&waited, 1, TP_WAIT_MS) <= 0);
    const ssize_t got = read(descriptor, file->bytes + file->size, room);
    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return tp_file_fail(file, file->size, error, "cannot be read: %s", strerror(errno));
    *ended = got == 0;
    file->size += got > 0 ? (size_t)got : 0;
    return TILEPROP_OK;
}

static tileprop_status read_to_end(struct tp_file *file, int descriptor, struct tp_error *error)
{
    struct stat info;
    size_t capacity = 0;
    bool ended = false;
    if (fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a file, found a directory", file->path);
    tileprop_status status = TILEPROP_OK;
    while (status == TILEPROP_OK && !ended) {
        if (file->size == capacity)
            status = grow(file, &capacity, error);
        if (status == TILEPROP_OK)
            status = read_some(file, descriptor, capacity - file->size, &ended, error);
    }
    if (status != TILEPROP_OK)
        return status;
    unsigned char *shrunk = realloc(file->bytes, file->size ? file->size : 1);
    file->bytes = shrunk ? shrunk : file->bytes;
    return TILEPROP_OK;
}

tileprop_status tp_stream_read(struct tp_file *file, const char *path, struct tp_error *error)
{
    const bool standard = strcmp(path, "-") == 0;
    struct stat info;
    if (!standard && (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))
        return tp_file_read(file, path, error);
    *file = (struct tp_file){.path = tp_stream_name(path)};
    /* O_NONBLOCK: poll() waits for a FIFO's writer. */
    const int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    const tileprop_status status = read_to_end(file, descriptor, error);
    if (!standard)
        close(descriptor);
    if (status != TILEPROP_OK)
        tp_file_free(file);
    return status;
}
