/* Tables or libsvm text in several files, such as a.csv,b.csv. */
#pragma once

#include "base/file.h"

struct tp_file_list {
    bool may_have_names; /* line 1 may be a header row: if files begin with the same line, it is kept once */
    size_t skip_lines;   /* of each file */
};

/* Whether a path names several files: no file has that name, but one is named like the part before the first comma. */
bool tp_file_list_is(const char *path);

/*
 * Stores the name of the next file that a path stands for in file[size], truncated if longer, and advances *path past
 * it: one of several, the archive whose array the path names, or the path itself. False if there are no more.
 */
bool tp_file_list_next(const char **path, char *file, size_t size);

/*
 * Reads a file as tp_npz_read() does, or several files as one text, each as tp_gzip_read() does; file->parts then tells
 * which lines come from which file. Errors: as for those; TILEPROP_BAD_INPUT if one of several files is not text. On
 * error *file is empty.
 */
tileprop_status tp_file_list_read(struct tp_file *file, const char *path, const struct tp_file_list *options,
                                  struct tp_error *error);
