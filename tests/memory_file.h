/*
 * For fuzz targets linked with --wrap=fopen: fopen() always opens this file in memory, so no other file is touched,
 * whatever names the fuzzer invents.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int memory_file = -1;

static inline void memory_file_set(const void *bytes, size_t size)
{
    if (memory_file < 0)
        memory_file = memfd_create("fuzz", MFD_CLOEXEC);
    if (ftruncate(memory_file, 0) != 0 || pwrite(memory_file, bytes, size, 0) != (ssize_t)size)
        abort();
}

FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    (void)path;
    const int copy = dup(memory_file);
    if (copy < 0 || lseek(copy, 0, SEEK_SET) != 0)
        abort();
    return fdopen(copy, mode);
}
