/*
 * IDX, the format of the MNIST files: a magic number of two zero bytes, a type code and the number of
 * dimensions, then each dimension as a big-endian 32-bit number, then the values, the last dimension fastest
 * and big-endian too. Described at the MNIST page of LeCun, Cortes and Burges. A data set is two such files:
 * images, u8 or f32 in two dimensions or more, the first of which counts them, and labels, u8 in one.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"

/* Whether the file begins as such files do, which no text does. */
bool tp_idx_is(const struct tp_file *file);

/* Whether a file of this name may be one that tp_idx_load() finds, with any prefix. */
bool tp_idx_is_name(const char *name);

/*
 * Loads PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte (also with '.' for the last '-', each with or
 * without .gz) from a directory. Prefix "train" or "t10k".
 * Errors: as tp_gzip_read() and tp_idx_parse(); TILEPROP_BAD_INPUT if one is not there. On error *dataset is
 * empty.
 */
tileprop_status tp_idx_load(const char *directory, const char *prefix, struct tp_dataset *dataset,
                            struct tp_error *error);

/*
 * Makes a data set of a file of images, whose bytes it takes over, and one of labels, plain or gzip; without
 * that (NULL) it has no labels.
 * Errors: those of tp_gzip_read(), tp_idx_images() and tp_idx_labels(). On error *dataset is empty.
 */
tileprop_status tp_idx_parse(struct tp_file *file, const char *label_path, struct tp_dataset *dataset,
                             struct tp_error *error);

/*
 * Makes samples without labels of a file's bytes. It takes those over and moves the values to their front, so
 * that memory never holds the data twice; *file is empty afterwards, on error too.
 * Errors: TILEPROP_BAD_INPUT with path, byte offset, found, expected: for a file that is not IDX or none of
 * images, for dimensions that are 0, overflow, or do not match the size of the file, for f32 values that are
 * not finite. On error *dataset is empty.
 */
tileprop_status tp_idx_images(struct tp_file *file, struct tp_dataset *dataset, struct tp_error *error);

/*
 * Gives a data set, of the images at image_path, its labels, which are bytes, or int as QMNIST has them, where the
 * first of eight columns is the class; the file's bytes are freed.
 * Errors: as tp_idx_images(); TILEPROP_BAD_INPUT if there are not as many labels as images; TILEPROP_FAILURE
 * without memory.
 */
tileprop_status tp_idx_labels(struct tp_file *file, const char *image_path, struct tp_dataset *dataset,
                              struct tp_error *error);
