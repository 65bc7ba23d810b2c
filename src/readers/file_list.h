/*
 * Tables or libsvm text in several files, such as a.csv,b.csv.
 */
#pragma once

#include "base/file.h"

struct tp_file_list {
    bool may_have_names; /* line 1 may be a header row: if files begin with the same line, it is kept once */
    size_t skip_lines;   /* of each file */
};

/* Whether a path names several files: no file has this name, but one has the part before the first comma. */
bool tp_file_list_is(const char *path);

/*
 * Stores one of the files that a path stands for in file[size], cut off if it is longer, and moves *path behind it: one
 * of several, an archive of which the path names an array, or the path itself. False, if there are no more.
 */
bool tp_file_list_next(const char **path, char *file, size_t size);

/*
 * Reads a file as tp_npz_read() does, or several files as one text, each as tp_gzip_read() does; file->parts then say
 * which lines are whose. Errors: those; TILEPROP_BAD_INPUT for several files that are no text. On error *file is empty.
 */
tileprop_status tp_file_list_read(struct tp_file *file, const char *path, const struct tp_file_list *several,
                                  struct tp_error *error);
