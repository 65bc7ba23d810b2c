/* Arrays in NumPy's archives (.npz): zip files, as written by np.savez() and np.savez_compressed(). */
#pragma once

#include "base/file.h"

/*
 * Reads a file as tp_gzip_read() does. For a zip archive, *file becomes its only array. If no file is named `path`, but
 * one is named like the part before a colon, it becomes the array named after the colon. path must outlive *file.
 * Memory: the archive, and at most 1032 times the array's packed size. Errors: those of tp_gzip_read();
 * TILEPROP_BAD_INPUT for an archive without arrays, a named array that is missing, several arrays and no name, and
 * anything encrypted, damaged or packed by a method other than deflate; TILEPROP_FAILURE if out of memory. On error
 * *file is empty.
 */
tileprop_status tp_npz_read(struct tp_file *file, const char *path, struct tp_error *error);

/*
 * The name of an array, after a colon in a path that is not itself a file; archive[PATH_MAX] receives the part before
 * the colon, which is. NULL: the path names no array.
 */
const char *tp_npz_split(const char *path, char *archive);

/* The same as tp_npz_read() for a file in memory. member NULL: the only array. A file that is not a zip archive stays
 * as it is if member is NULL, and is an error otherwise. On error *file must be freed. */
tileprop_status tp_npz_unpack(struct tp_file *file, const char *member, struct tp_error *error);
