/*
 * NumPy's array files (.npy, versions 1 to 3; numpy.lib.format): little-endian, in C order.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/table.h"

/* Whether the file begins as such files do. */
bool tp_npy_is(const struct tp_file *file);

/*
 * Makes samples of an array of u8, f32 or f64 with two dimensions or more, the first of which counts the
 * samples: u8 stays what it is, f64 is narrowed to f32 after subtracting offsets. The samples have no labels. It takes
 * the file's bytes over; *file is empty afterwards, on error too. An empty schema learns the number of features; a
 * known one says it. Errors: TILEPROP_BAD_INPUT with path, place, what was found and what was expected, also for values
 * that are not finite (`missing` may allow NaN); TILEPROP_FAILURE without memory. On error *dataset is empty.
 */
tileprop_status tp_npy_samples(struct tp_file *file, enum tp_missing missing, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error);

/*
 * Gives a data set the labels of an array with one dimension of integers or floats, one for each sample; the
 * file's bytes are freed. An empty schema learns the classes; a known one says them.
 * Errors: as tp_npy_samples() and tp_label_encoder_label().
 */
tileprop_status tp_npy_labels(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                              struct tp_error *error);
