/*
 * libsvm's text format for sparse data, described in the README of LIBSVM: one line per sample, with its label, a
 * number, then INDEX:VALUE for each nonzero feature. Indices ascend from 1, or from 0 in other programs' files; '#'
 * begins a comment.
 */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/notes.h"

enum tp_index_base {
    TP_INDEX_AUTO, /* as in the training data, whose indices begin at 0 if any index is 0, else at 1 */
    TP_INDEX_FROM_0,
    TP_INDEX_FROM_1
};

struct tp_libsvm_options {
    size_t features; /* of the training samples, where a larger index is an error; 0: the largest index decides */
    enum tp_index_base base;
    struct tp_notes *notes; /* or NULL */
};

/*
 * Whether the first line with more than a number or a comment begins with a label and a feature. True also for lines
 * that tp_libsvm_parse() refuses: those with several labels, or with the qid: of ranking data.
 */
bool tp_libsvm_is(const struct tp_file *file);

/* The most features per byte of text. */
#define TP_LIBSVM_RATIO_MAX 64

/*
 * Makes samples from a file, whose bytes are freed: csr, or f32 where that takes less memory or the schema has offsets.
 * An empty schema learns the number of features, the classes and where indices begin, but no offsets; a known one
 * determines all of these. Features that it lacks are left out, with a note.
 * Memory: four times the bytes for the samples, unless the schema has offsets.
 * Errors: TILEPROP_BAD_INPUT with path, line, what was found and what was expected; TILEPROP_FAILURE if out of
 * memory. On error *dataset is empty; the schema must be freed.
 */
tileprop_status tp_libsvm_parse(struct tp_file *file, const struct tp_libsvm_options *options, struct tp_schema *schema,
                                struct tp_dataset *dataset, struct tp_error *error);
