/*
 * NumPy's array files (.npy, versions 1 to 3; numpy.lib.format) of bools, integers and floats of up to 8 bytes, in any
 * byte order and in C or Fortran order.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/table.h"

/* Whether the file begins like an .npy file. */
bool tp_npy_is(const struct tp_file *file);

/*
 * Makes samples from an array with two or more dimensions, the first of which counts the samples: u8 stays u8, bool
 * becomes u8 of 0 and 1, anything else f32. f64 and integers of 4 or 8 bytes are narrowed after subtracting offsets; an
 * integer that a float then cannot hold exactly is an error, while f64 is rounded. The samples have no labels. It takes
 * over the file's bytes; *file is empty afterwards, on error too. An empty schema learns the number of features; a
 * known one prescribes it. Errors: TILEPROP_BAD_INPUT with path, place, what was found and what was expected, also for
 * values that are not finite (`missing` may allow NaN); TILEPROP_FAILURE if out of memory. On error *dataset is empty.
 */
tileprop_status tp_npy_samples(struct tp_file *file, enum tp_missing missing, struct tp_notes *notes,
                               struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error);

/*
 * Gives a data set the labels from an array of shape (samples) or (samples, 1); the file's bytes are freed. An empty
 * schema learns the classes; a known one prescribes them. Errors: those of tp_npy_samples() and
 * tp_label_encoder_label().
 */
tileprop_status tp_npy_labels(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                              struct tp_error *error);
