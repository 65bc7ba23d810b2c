/*
 * Arrays in NumPy's archives (.npz): zip files, as np.savez() and np.savez_compressed() write them.
 */
#pragma once

#include "base/file.h"

/*
 * Reads a file as tp_gzip_read() does. For a zip archive, *file becomes its only array. If no file is named `path`, but
 * one is named like the part before a colon, it becomes the array named after the colon. path must outlive *file.
 * Memory: the archive, and at most 1032 times the array's packed size. Errors: those of tp_gzip_read();
 * TILEPROP_BAD_INPUT for archives of anything else, an array that is not there or not the only one, and what is
 * encrypted, damaged or packed by another method than deflate; TILEPROP_FAILURE if out of memory. On error *file is
 * empty.
 */
tileprop_status tp_npz_read(struct tp_file *file, const char *path, struct tp_error *error);

/*
 * The name of an array, behind a colon in a path that no file has; archive[PATH_MAX] becomes what is before, which a
 * file is called. NULL: the path names none.
 */
const char *tp_npz_split(const char *path, char *archive);

/* The same as tp_npz_read() of a file that was read. member NULL: the only array. Other files than zip archives stay as
 * they are without a member, and are errors with one. On error *file is to be freed. */
tileprop_status tp_npz_unpack(struct tp_file *file, const char *member, struct tp_error *error);
