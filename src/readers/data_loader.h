/*
 * Samples from one file in any format: a text table, libsvm text, or a NumPy array, also one in an archive. The content
 * decides which.
 */
#pragma once

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/libsvm.h"
#include "readers/table.h"

struct tp_data_loader {
    const char *path;         /* this and `labels`: as for tp_npz_read() */
    const char *labels;       /* of an array: the file with its labels; else NULL */
    const char *table_option; /* an option that only tables have, which rules out libsvm text; or NULL */
    struct tp_table_options table;
    struct tp_libsvm_options libsvm;
};

/*
 * Reads the samples and their labels. An empty schema is filled in; a known one must fit them.
 * Errors: those of the formats and of tp_file_list_read(); TILEPROP_BAD_INPUT for IDX files, which idx.h reads;
 * TILEPROP_USAGE for missing or unexpected labels, and for options of another format. On error *dataset is empty; the
 * schema must be freed.
 */
tileprop_status tp_data_loader_read(const struct tp_data_loader *loader, struct tp_schema *schema,
                                    struct tp_dataset *dataset, struct tp_error *error);

/* The same for a file already read, whose bytes are freed or become the samples. */
tileprop_status tp_data_loader_parse(const struct tp_data_loader *loader, struct tp_file *file,
                                     struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error);
