/*
 * IDX, the format of the MNIST files: a magic number (two zero bytes, a type code, the number of dimensions), then each
 * dimension as a big-endian 32-bit number, then the values, big-endian too, the last dimension varying fastest.
 * Described on the MNIST page of LeCun, Cortes and Burges. A data set is two such files: images, u8 or f32 with two or
 * more dimensions, the first of which counts them, and labels, u8 with one dimension.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"

/* Whether the file begins like an IDX file, which no text does. */
bool tp_idx_is(const struct tp_file *file);

/* Whether a file of this name may be one that tp_idx_load() finds, with any prefix. */
bool tp_idx_is_name(const char *name);

/*
 * Loads PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte (also with '.' for the last '-', each with or
 * without .gz) from a directory. The prefix is "train" or "t10k".
 * Errors: those of tp_gzip_read() and tp_idx_parse(); TILEPROP_BAD_INPUT if a file is missing. On error *dataset is
 * empty.
 */
tileprop_status tp_idx_load(const char *directory, const char *prefix, struct tp_dataset *dataset,
                            struct tp_error *error);

/*
 * Makes a data set from a file of images, whose bytes it takes over, and a file of labels, plain or gzip; if label_path
 * is NULL, there are no labels.
 * Errors: those of tp_gzip_read(), tp_idx_images() and tp_idx_labels(). On error *dataset is empty.
 */
tileprop_status tp_idx_parse(struct tp_file *file, const char *label_path, struct tp_dataset *dataset,
                             struct tp_error *error);

/*
 * Makes samples without labels from a file's bytes. It takes these over and moves the values to their front, so memory
 * never holds the data twice; *file is empty afterwards, on error too.
 * Errors: TILEPROP_BAD_INPUT with path, byte offset, found, expected: for a file that is not IDX or does not hold
 * images, for dimensions that are 0, overflow, or do not match the size of the file, and for f32 values that are not
 * finite. On error *dataset is empty.
 */
tileprop_status tp_idx_images(struct tp_file *file, struct tp_dataset *dataset, struct tp_error *error);

/*
 * Gives a data set, made from the images at image_path, its labels: bytes, or ints as in QMNIST, where the first of
 * eight columns is the class. The file's bytes are freed.
 * Errors: those of tp_idx_images(); TILEPROP_BAD_INPUT if there are not as many labels as images; TILEPROP_FAILURE if
 * out of memory.
 */
tileprop_status tp_idx_labels(struct tp_file *file, const char *image_path, struct tp_dataset *dataset,
                              struct tp_error *error);
