/*
 * libsvm's text for sparse data: a line per sample with its label, which is a number, then INDEX:VALUE for
 * features that are not 0, in ascending order of the index, which counts from 1; '#' begins a comment. As in
 * the README of LIBSVM.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"

/*
 * Whether the first line of the file that holds more than a number, or a comment, is a number and a feature,
 * also one that tp_libsvm_parse() refuses: of index 0, or the qid: of data for ranking.
 */
bool tp_libsvm_is(const struct tp_file *file);

/* Features for a byte of text, at most. */
#define TP_LIBSVM_RATIO_MAX 64

/*
 * Makes samples of a file, whose bytes are freed: csr, or f32 where that takes less memory or the schema has offsets.
 * An empty schema learns the number of features, which is the largest index, and the classes, but no offsets; a known
 * one says all of them.
 * Memory: four times the bytes for the samples, unless the schema has offsets.
 * Errors: TILEPROP_BAD_INPUT with path, line, what was found and what was expected; TILEPROP_FAILURE without
 * memory. On error *dataset is empty; the schema is to be freed.
 */
tileprop_status tp_libsvm_parse(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                                struct tp_error *error);
