/*
 * A data set in two IDX files, of images and of their labels.
 */
#ifndef TP_IDX_PAIR_H
#define TP_IDX_PAIR_H

#include <stdbool.h>

#include "base/file.h"
#include "data/dataset.h"

/*
 * Loads a pair of IDX files, PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte (also with '.' for the
 * last '-', each with or without .gz), from a directory. Prefix "train" or "t10k".
 * Errors: TILEPROP_BAD_INPUT with file, byte offset, found, expected; TILEPROP_FAILURE without memory. On
 * error *dataset is empty.
 */
tileprop_status tp_idx_pair_load(const char *directory, const char *prefix, struct tp_dataset *dataset,
                                 struct tp_error *error);

/* Whether a file of this name may be one of such a pair, of any prefix. */
bool tp_idx_pair_is_name(const char *name);

/*
 * Makes a data set of a file of images, whose bytes it takes over, and one of labels; without that (NULL) all
 * samples are of class 0.
 * Errors: as tp_idx_parse() and tp_idx_read(); TILEPROP_BAD_INPUT if there are not as many labels as images;
 * TILEPROP_FAILURE without memory. On error *dataset is empty.
 */
tileprop_status tp_idx_pair_parse(struct tp_dataset *dataset, struct tp_file *file, const char *label_path,
                                  struct tp_error *error);

#endif
