#include "readers/data_loader.h"

#include "readers/file_list.h"
#include "readers/idx.h"
#include "readers/libsvm.h"
#include "readers/npy.h"
#include "readers/npz.h"

static tileprop_status read_array(const struct tp_data_loader *loader, struct tp_file *samples,
                                  struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    const char *path = samples->path;
    tileprop_status status =
        tp_npy_samples(samples, loader->table.missing, loader->table.notes, schema, dataset, error);
    if (status != TILEPROP_OK || (!loader->labels && loader->table.may_lack_label))
        return status;
    struct tp_file labels;
    status = loader->labels ? tp_npz_read(&labels, loader->labels, error)
                            : tp_fail(error, TILEPROP_USAGE, "--labels: expected the file with the labels of %s", path);
    if (status == TILEPROP_OK)
        status = tp_npy_labels(&labels, schema, dataset, error);
    if (status != TILEPROP_OK)
        tp_dataset_free(dataset);
    return status;
}

/* Refuses an option that has no meaning for this format. */
static tileprop_status check_options(const struct tp_data_loader *loader, const struct tp_schema *schema,
                                     const char *path, bool is_array, bool is_libsvm, struct tp_error *error)
{
    const struct tp_libsvm_options *libsvm = &loader->libsvm;
    const char *option = NULL, *expected = NULL;
    if (is_array && loader->table_option) {
        option = loader->table_option;
        expected = "a table";
    } else if (!is_libsvm && (libsvm->features || libsvm->base)) {
        option = libsvm->features ? "features" : "index-base";
        expected = "libsvm text";
    } else if (is_libsvm && loader->table.missing && !schema->means) {
        option = "missing";
        expected = "a table or an array";
    } else if (!is_array && loader->labels) {
        option = "labels";
        expected = "a NumPy array";
    }
    return option ? tp_fail(error, TILEPROP_USAGE, "--%s: valid only with %s, found with %s, which is %s", option,
                            expected, path,
                            is_array    ? "a NumPy array"
                            : is_libsvm ? "libsvm text"
                                        : "a table")
                  : TILEPROP_OK;
}

tileprop_status tp_data_loader_parse(const struct tp_data_loader *loader, struct tp_file *file,
                                     struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    const bool is_table = loader->table_option || tp_schema_has_categories(schema);
    const bool is_array = tp_npy_is(file), is_libsvm = !is_array && !is_table && tp_libsvm_is(file);
    tileprop_status status = TILEPROP_OK;
    *dataset = (struct tp_dataset){0};
    if (tp_idx_is(file))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected the directory that holds it and its label file, found an IDX file", file->path);
    else
        status = check_options(loader, schema, file->path, is_array, is_libsvm, error);
    if (status != TILEPROP_OK) {
        tp_file_free(file);
        return status;
    }
    if (loader->table.notes)
        loader->table.notes->format = is_array ? "array" : is_libsvm ? "libsvm" : "table";
    return is_array    ? read_array(loader, file, schema, dataset, error)
           : is_libsvm ? tp_libsvm_parse(file, &loader->libsvm, schema, dataset, error)
                       : tp_table_parse(file, &loader->table, schema, dataset, error);
}

tileprop_status tp_data_loader_read(const struct tp_data_loader *loader, struct tp_schema *schema,
                                    struct tp_dataset *dataset, struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    struct tp_file file;
    const struct tp_file_list list = {loader->table.header != TP_HEADER_NO, loader->table.skip_lines};
    const tileprop_status status = tp_file_list_read(&file, loader->path, &list, error);
    return status == TILEPROP_OK ? tp_data_loader_parse(loader, &file, schema, dataset, error) : status;
}
