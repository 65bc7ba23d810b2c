/*
 * libFuzzer target for tables as text, and for reading one by the schema of another. The first byte of the
 * input chooses options; a byte 0xff, which no text in UTF-8 has, ends the table that is trained on and
 * begins the other one.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/table.h"

/* Fields of the first byte. */
enum { HEADER = 3, SKIP = 4, FIRST = 8, MEAN = 16, CATEGORICAL = 32, MAY_LACK_LABEL = 64, WEIGHT = 128 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct tp_file make_file(const uint8_t *bytes, size_t size)
{
    struct tp_file file = {.path = "fuzz", .bytes = malloc(size ? size : 1), .size = size};
    require(file.bytes != NULL);
    if (size)
        memcpy(file.bytes, bytes, size);
    return file;
}

static struct tp_table_options make_options(unsigned choices)
{
    const unsigned header = choices & HEADER;
    return (struct tp_table_options){.header = header == 1   ? TP_HEADER_YES
                                               : header == 2 ? TP_HEADER_NO
                                                             : TP_HEADER_AUTO,
                                     .skip_lines = choices & SKIP ? 1 : 0,
                                     .label = choices & FIRST ? "first" : "last",
                                     .categorical = choices & CATEGORICAL ? "2" : NULL,
                                     .weight = choices & WEIGHT ? "3" : NULL,
                                     .missing = choices & MEAN ? TP_MISSING_MEAN : TP_MISSING_ERROR,
                                     .may_lack_label = choices & MAY_LACK_LABEL};
}

static void check_data(const struct tp_dataset *data, const struct tp_schema *schema, size_t size, bool learned,
                       bool may_be_nan)
{
    require(data->count > 0 && data->features > 0 && data->features == schema->features);
    require(!learned || tp_dataset_bytes(data) <= TP_TABLE_RATIO_MAX * size);
    require(data->count <= size);
    for (size_t i = 0; i < data->count; i++) {
        const struct tp_row row = tp_dataset_row(data, i);
        for (size_t k = 0; k < row.count; k++) {
            require(isfinite(row.values[k]) || (may_be_nan && isnan(row.values[k])));
            require(tp_row_feature(&row, k) < data->features);
            require(k == 0 || tp_row_feature(&row, k) > tp_row_feature(&row, k - 1));
        }
    }
    for (size_t i = 0; data->labels && i < data->count; i++)
        require(data->labels[i] < data->classes);
    for (size_t i = 0; data->sample_weights && i < data->count; i++)
        require(isfinite(data->sample_weights[i]) && data->sample_weights[i] >= 0);
    for (size_t k = 0; learned && k < schema->class_count; k++)
        require(strlen(schema->classes[k]) <= size + 8); /* 1e7 is called 10000000 */
}

static tileprop_status read_table(const uint8_t *bytes, size_t size, const struct tp_table_options *options,
                                  struct tp_schema *schema)
{
    struct tp_file file = make_file(bytes, size);
    struct tp_dataset data;
    struct tp_error error = {""};
    const bool learned = schema->features == 0;
    const tileprop_status status = tp_table_parse(&file, options, schema, &data, &error);
    require(file.bytes == NULL);
    if (status == TILEPROP_OK) {
        check_data(&data, schema, size, learned, options->missing == TP_MISSING_MEAN);
    } else {
        require(status == TILEPROP_BAD_INPUT && data.samples == NULL && data.labels == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_dataset_free(&data);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    const struct tp_table_options options = make_options(data[0]);
    struct tp_schema schema = {0};
    const uint8_t *first = data + 1, *other = memchr(first, 0xff, size - 1);
    const size_t first_size = other ? (size_t)(other - first) : size - 1;
    if (read_table(first, first_size, &options, &schema) == TILEPROP_OK && other)
        read_table(other + 1, size - 2 - first_size, &options, &schema);
    tp_schema_free(&schema);
    return 0;
}
