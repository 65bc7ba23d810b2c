/* Finds the data that ship with the project. */
#pragma once

#include <stddef.h>

#include "base/status.h"

/*
 * Writes the absolute path of the shipped MNIST to path[size] (size: PATH_MAX): as seen from the directory of
 * the running program ../data/mnist, which is in a build tree, or ../share/tileprop/mnist, which `make
 * install` makes, or else `elsewhere`. Errors: TILEPROP_BAD_INPUT if none of them is a directory, naming all.
 */
tileprop_status tp_data_path_find(const char *elsewhere, char *path, size_t size, struct tp_error *error);

/*
 * The same for what --data says: `asked`, or, if that is NULL, where the shipped data are, which may be in a
 * data directory that the build was told of.
 */
tileprop_status tp_data_path_choose(const char *asked, char *path, size_t size, struct tp_error *error);
