/*
 * libFuzzer target for tables as text, and for reading a table with the schema of another. The first two bytes of the
 * input choose options; a byte 0xff, which UTF-8 never contains, separates the training table from the other one, used
 * for validation or prediction.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/table.h"

/* Fields of the first byte, and from LEAVE_OUT on of the second. */
enum {
    HEADER = 3,
    SKIP = 4,
    FIRST = 8,
    MEAN = 16,
    CATEGORICAL = 32,
    PREDICT = 64,
    WEIGHT = 128,
    LEAVE_OUT = 3 << 8,
    BY_NAME = 4 << 8,
    UNSEEN = 8 << 8,
    OFFSETS = 16 << 8,
    ONE_OFFSET = 32 << 8,
    BY_TEXT = 64 << 8,    /* the schema is that of a model */
    OTHER_AUTO = 128 << 8 /* the header of the other table is not specified */
};

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

static struct tp_table_options make_options(unsigned choices, struct tp_notes *notes)
{
    static const char *const left_out[] = {NULL, "1", "2,4", "id"};
    const unsigned header = choices & HEADER;
    return (struct tp_table_options){.header = header == 1   ? TP_HEADER_YES
                                               : header == 2 ? TP_HEADER_NO
                                                             : TP_HEADER_AUTO,
                                     .skip_lines = choices & SKIP ? 1 : 0,
                                     .label = choices & BY_NAME ? "y"
                                              : choices & FIRST ? "first"
                                                                : "last",
                                     .categorical = choices & CATEGORICAL ? "2" : NULL,
                                     .leave_out = left_out[(choices & LEAVE_OUT) >> 8],
                                     .weight = !(choices & WEIGHT) ? NULL
                                               : choices & BY_NAME ? "w"
                                                                   : "3",
                                     .missing = choices & MEAN ? TP_MISSING_MEAN : TP_MISSING_ERROR,
                                     .notes = notes};
}

/* Of the other table: as the training's for validation, fewer for prediction. */
static struct tp_table_options make_other(unsigned choices, struct tp_notes *notes)
{
    struct tp_table_options options = make_options(choices, notes);
    if (choices & OTHER_AUTO)
        options.header = TP_HEADER_AUTO;
    if (!(choices & PREDICT))
        return options;
    options.label = options.categorical = options.leave_out = options.weight = NULL;
    options.unseen = choices & UNSEEN ? TP_UNSEEN_MISSING : TP_UNSEEN_ERROR;
    options.may_lack_label = true;
    return options;
}

static void check_notes(const struct tp_notes *notes)
{
    require(notes->count <= TP_NOTES_MAX);
    for (size_t i = 0; i < notes->count; i++)
        require(strncmp(notes->lines[i].text, "fuzz: ", 6) == 0 && !strchr(notes->lines[i].text, '\n'));
}

static void check_data(const struct tp_dataset *data, const struct tp_schema *schema, size_t size, bool learned,
                       bool may_be_nan)
{
    require(data->count > 0 && data->features > 0 && data->features == schema->features);
    require(data->places && data->classes == schema->class_count && data->schema == schema);
    require(!learned || tp_dataset_bytes(data) <= TP_TABLE_RATIO_MAX * size);
    require(data->count <= size);
    for (size_t i = 0; i < data->count; i++) {
        require(data->places[i] >= 1 && data->places[i] <= size && (i == 0 || data->places[i] > data->places[i - 1]));
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
                                  struct tp_schema *schema, struct tp_dataset *data)
{
    struct tp_file file = make_file(bytes, size);
    struct tp_error error = {""};
    const bool learned = schema->features == 0;
    options->notes->count = 0;
    const tileprop_status status = tp_table_parse(&file, options, schema, data, &error);
    require(file.bytes == NULL);
    check_notes(options->notes);
    if (status == TILEPROP_OK) {
        check_data(data, schema, size, learned, options->missing == TP_MISSING_MEAN);
        require(data->labels || options->may_lack_label);
        require(!data->sample_weights == !options->weight);
    } else {
        require(status == TILEPROP_BAD_INPUT && data->samples == NULL && data->labels == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    return status;
}

static void check_same(const void *one, const void *other, size_t size)
{
    require(!one == !other && (!one || memcmp(one, other, size) == 0));
}

/* What a table taught is enough to read it again. */
static void check_again(const uint8_t *bytes, size_t size, const struct tp_table_options *options,
                        struct tp_schema *schema, const struct tp_dataset *data)
{
    struct tp_dataset again;
    require(read_table(bytes, size, options, schema, &again) == TILEPROP_OK);
    require(again.count == data->count && again.type == data->type);
    require(tp_dataset_bytes(&again) == tp_dataset_bytes(data));
    const size_t entries = data->type == TILEPROP_CSR ? (size_t)data->indptr[data->count] : 0;
    check_same(again.samples, data->samples, (entries ? entries : data->count * data->features) * sizeof(float));
    check_same(again.indices, data->indices, entries * sizeof *data->indices);
    check_same(again.indptr, data->indptr, (data->count + 1) * sizeof *data->indptr);
    check_same(again.labels, data->labels, data->count * sizeof *data->labels);
    check_same(again.sample_weights, data->sample_weights, data->count * sizeof *data->sample_weights);
    check_same(again.places, data->places, data->count * sizeof *data->places);
    tp_dataset_free(&again);
}

/* Replaces a schema by the parts that a model keeps. */
static void pass_on(struct tp_schema *schema)
{
    struct tp_schema kept;
    struct tp_error error = {""};
    char *text = tp_schema_text_write(schema), *classes = tp_schema_text_write_classes(schema);
    require(text && classes);
    require(tp_schema_text_read(&kept, text, schema->features, "fuzz", &error) == TILEPROP_OK);
    require(tp_schema_text_read_classes(&kept, classes, schema->class_count, "fuzz", &error) == TILEPROP_OK);
    free(text);
    free(classes);
    tp_schema_free(schema);
    *schema = kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return -1;
    const unsigned choices = data[0] | (unsigned)data[1] << 8;
    struct tp_notes notes = {0};
    const struct tp_table_options options = make_options(choices, &notes), by_schema = make_other(choices, &notes);
    struct tp_schema schema = {.offsets = choices & ONE_OFFSET ? TP_OFFSETS_ONE
                                          : choices & OFFSETS  ? TP_OFFSETS_EACH
                                                               : TP_OFFSETS_KNOWN};
    struct tp_dataset learned, read;
    const uint8_t *first = data + 2, *other = memchr(first, 0xff, size - 2);
    const size_t first_size = other ? (size_t)(other - first) : size - 2;
    if (read_table(first, first_size, &options, &schema, &learned) == TILEPROP_OK) {
        check_again(first, first_size, &options, &schema, &learned);
        tp_dataset_free(&learned);
        if (choices & BY_TEXT)
            pass_on(&schema);
        if (other) {
            read_table(other + 1, size - 3 - first_size, &by_schema, &schema, &read);
            tp_dataset_free(&read);
        }
    }
    tp_schema_free(&schema);
    return 0;
}
