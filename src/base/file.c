#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void tp_file_prefer_huge_pages(unsigned char *block, size_t size)
{
    const uintptr_t page = (uintptr_t)2 << 20, begin = ((uintptr_t)block + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)block + size) / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* on error the pages stay small */
}

static tileprop_status read_all(struct tp_file *file, int descriptor, struct tp_error *error)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: cannot be read: %s", file->path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a file, found a directory", file->path);
    if (!S_ISREG(info.st_mode))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a regular file, found a special file", file->path);

    const size_t size = (size_t)info.st_size;
    file->bytes = malloc(size ? size : 1);
    if (!file->bytes)
        return tp_fail(error, TILEPROP_FAILURE, "%s: out of memory: %zu bytes needed", file->path, size);
    tp_file_prefer_huge_pages(file->bytes, size);
    while (file->size < size) {
        const ssize_t got = read(descriptor, file->bytes + file->size, size - file->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tp_file_fail(file, file->size, error, "cannot be read: %s", strerror(errno));
        if (got == 0)
            return tp_file_fail(file, file->size, error, "expected %zu bytes, but the file ended while it was read",
                                size);
        file->size += (size_t)got;
    }
    return TILEPROP_OK;
}

tileprop_status tp_file_read(struct tp_file *file, const char *path, struct tp_error *error)
{
    *file = (struct tp_file){.path = path};

    /* Without O_NONBLOCK, opening a FIFO would block before its type can be checked. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: cannot be opened: %s", path, strerror(errno));

    tileprop_status status = read_all(file, descriptor, error);
    close(descriptor);
    if (status != TILEPROP_OK)
        tp_file_free(file);
    return status;
}

tileprop_status tp_file_fail(const struct tp_file *file, size_t offset, struct tp_error *error, const char *format, ...)
{
    struct tp_error what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what.text, sizeof what.text, format, arguments);
    va_end(arguments);
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: byte %zu%s: %s", file->path, offset,
                   file->unpacked ? " of the unpacked data" : "", what.text);
}

void tp_file_free(struct tp_file *file)
{
    for (size_t i = 0; i < file->part_count; i++)
        free(file->parts[i].path);
    free(file->parts);
    free(file->bytes);
    *file = (struct tp_file){0};
}
