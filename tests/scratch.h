/*
 * A temporary folder for the files of one test, and gzip streams to write there.
 */
#pragma once

#include <ftw.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

/* Makes the folder and stores its path, to be passed to scratch_remove. */
static inline int scratch_make(void **state)
{
    const char *parent = getenv("TMPDIR");
    char *directory = NULL;
    if (asprintf(&directory, "%s/tileprop-test-XXXXXX", parent ? parent : P_tmpdir) < 0)
        return -1;
    *state = mkdtemp(directory);
    return *state ? 0 : -1;
}

static inline int scratch_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static inline int scratch_remove(void **state)
{
    const int result = nftw(*state, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

/* The path of a name in the folder, to be freed. */
static inline char *scratch_path(const char *directory, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
    return path;
}

static inline void scratch_write(const char *directory, const char *name, const void *bytes, size_t size)
{
    char *path = scratch_path(directory, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(path);
}

/* A file of a made-up tree, such as /proc's. */
struct scratch_entry {
    const char *path, *text;
};

/* Makes the folder with these files, ended by one without a path, and the folders that they are in. */
static inline void scratch_make_tree(void **root, const struct scratch_entry *entries)
{
    assert_int_equal(scratch_make(root), 0);
    for (const struct scratch_entry *entry = entries; entry->path; entry++) {
        char *path = scratch_path(*root, entry->path);
        for (char *slash = path + strlen(*root) + 1; (slash = strchr(slash, '/')); slash++) {
            *slash = '\0';
            mkdir(path, 0700);
            *slash = '/';
        }
        free(path);
        scratch_write(*root, entry->path, entry->text, strlen(entry->text));
    }
}

/* One gzip member, to be freed. */
static inline unsigned char *scratch_gzip(const void *bytes, size_t size, size_t *packed_size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    assert_non_null(compressor);
    const size_t bound = libdeflate_gzip_compress_bound(compressor, size);
    unsigned char *packed = malloc(bound);
    assert_non_null(packed);
    *packed_size = libdeflate_gzip_compress(compressor, bytes, size, packed, bound);
    assert_true(*packed_size > 0);
    libdeflate_free_compressor(compressor);
    return packed;
}
