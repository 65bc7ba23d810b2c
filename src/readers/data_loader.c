#include "readers/data_loader.h"

#include "readers/idx.h"
#include "readers/libsvm.h"
#include "readers/npy.h"
#include "readers/npz.h"

static tileprop_status read_array(const struct tp_data_loader *loader, struct tp_file *samples,
                                  struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    if (loader->table.notes)
        loader->table.notes->format = "array";
    const char *path = samples->path;
    tileprop_status status = tp_npy_samples(samples, loader->table.missing, schema, dataset, error);
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

/* What to say of a file that holds data, but not in the form that is read here; or NULL. */
static const char *refusal(const struct tp_file *file)
{
    if (tp_idx_is(file))
        return "an IDX file found, expected the directory that it and the file of its labels are in";
    return NULL;
}

tileprop_status tp_data_loader_parse(const struct tp_data_loader *loader, struct tp_file *file,
                                     struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    const char *path = file->path, *refused = refusal(file);
    const bool is_libsvm = !refused && !loader->is_table && !tp_npy_is(file) && tp_libsvm_is(file);
    *dataset = (struct tp_dataset){0};
    if (!refused && !is_libsvm && (loader->libsvm.features || loader->libsvm.base)) {
        tp_file_free(file);
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected with libsvm's text only, found with %s",
                       loader->libsvm.features ? "features" : "index-base", path);
    }
    if (tp_npy_is(file) && loader->is_table) {
        tp_file_free(file);
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: a NumPy array found, expected a table, as an option of tables is given", path);
    }
    if (tp_npy_is(file))
        return read_array(loader, file, schema, dataset, error);
    if (loader->table.notes)
        loader->table.notes->format = is_libsvm ? "libsvm" : "table";
    if (!refused && !loader->labels)
        return is_libsvm ? tp_libsvm_parse(file, &loader->libsvm, schema, dataset, error)
                         : tp_table_parse(file, &loader->table, schema, dataset, error);
    tp_file_free(file);
    return refused ? tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s", path, refused)
                   : tp_fail(error, TILEPROP_USAGE, "--labels: expected with a NumPy array only, found with %s", path);
}

tileprop_status tp_data_loader_read(const struct tp_data_loader *loader, struct tp_schema *schema,
                                    struct tp_dataset *dataset, struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    struct tp_file file;
    const tileprop_status status = tp_npz_read(&file, loader->path, error);
    return status == TILEPROP_OK ? tp_data_loader_parse(loader, &file, schema, dataset, error) : status;
}
