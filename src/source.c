#include "source.h"

#include "libsvm.h"
#include "npy.h"

static enum tp_status read_array(const struct tp_source *source, struct tp_file *samples,
                                 struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    enum tp_status status = tp_npy_samples(samples, source->table.missing, schema, dataset, error);
    if (status != TP_OK || (!source->labels && source->table.may_lack_label))
        return status;
    struct tp_file labels;
    status = source->labels ? tp_file_read(&labels, source->labels, error)
                            : tp_fail(error, TP_USAGE, "--labels: expected the file with the labels of %s",
                                      source->path);
    if (status == TP_OK)
        status = tp_npy_labels(&labels, schema, dataset, error);
    if (status != TP_OK)
        tp_dataset_free(dataset);
    return status;
}

enum tp_status tp_source_parse(const struct tp_source *source, struct tp_file *file, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    if (tp_npy_is(file))
        return read_array(source, file, schema, dataset, error);
    if (!source->labels)
        return tp_libsvm_is(file) ? tp_libsvm_parse(file, schema, dataset, error)
                                  : tp_table_parse(file, &source->table, schema, dataset, error);
    tp_file_free(file);
    return tp_fail(error, TP_USAGE, "--labels: expected with a NumPy array only, found with %s",
                   source->path);
}

enum tp_status tp_source_read(const struct tp_source *source, struct tp_schema *schema,
                              struct tp_dataset *dataset, struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    struct tp_file file;
    const enum tp_status status = tp_file_read(&file, source->path, error);
    return status == TP_OK ? tp_source_parse(source, &file, schema, dataset, error) : status;
}
