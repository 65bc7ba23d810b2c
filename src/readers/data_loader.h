/*
 * Samples from one file of any format: a table as text, libsvm's text, or a NumPy array, also one in an archive. The
 * content decides which.
 */
#pragma once

#include "base/file.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/schema.h"
#include "readers/libsvm.h"
#include "readers/table.h"

struct tp_data_loader {
    const char *path;         /* this and the next as for tp_npz_read() */
    const char *labels;       /* of an array: the file with its labels; else NULL */
    const char *table_option; /* an option for tables alone, which rules out libsvm text; or NULL */
    struct tp_table_options table;
    struct tp_libsvm_options libsvm;
};

/*
 * Reads the samples and their labels. An empty schema is filled; a known one is what they have to fit.
 * Errors: those of the formats and of tp_file_list_read(); TILEPROP_BAD_INPUT for IDX files, which idx.h reads;
 * TILEPROP_USAGE for labels that are missing or not wanted, and for options of another format. On error *dataset is
 * empty; the schema is to be freed.
 */
tileprop_status tp_data_loader_read(const struct tp_data_loader *loader, struct tp_schema *schema,
                                    struct tp_dataset *dataset, struct tp_error *error);

/* The same for a file already read, whose bytes are freed or become the samples. */
tileprop_status tp_data_loader_parse(const struct tp_data_loader *loader, struct tp_file *file,
                                     struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error);
