/*
 * Where the data that ship with the project are.
 */
#ifndef TP_DATA_PATH_H
#define TP_DATA_PATH_H

#include <stddef.h>

#include "base/status.h"

/* Where `make install` puts them: the Makefile tells programs. */
#ifdef TP_DATADIR
#define TP_INSTALLED_DATA TP_DATADIR "/mnist"
#else
#define TP_INSTALLED_DATA NULL
#endif

/*
 * Writes the absolute path of the shipped MNIST to path[size] (size: PATH_MAX): ../data/mnist beside the
 * directory of the running program, so that a build tree works from any working directory, or the directory
 * `installed`, if it is not NULL.
 * Errors: TILEPROP_BAD_INPUT if neither is a directory, naming both.
 */
tileprop_status tp_data_path_find(const char *installed, char *path, size_t size, struct tp_error *error);

/* The same for what --data says: `asked`, or where the shipped data are if that is NULL. */
tileprop_status tp_data_path_choose(const char *asked, char *path, size_t size, struct tp_error *error);

#endif
