/*
 * libFuzzer target for libsvm text, and for reading a text with the schema of another. The first byte of the input
 * chooses options; a byte 0xff separates the training text from the other one.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/libsvm.h"

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Fields of the first byte. */
enum { BASE = 3, FEATURES = 4, OFFSETS = 8, FEATURES_MOST = 1000 /* that have offsets: samples are dense then */ };

static void check_data(const struct tp_dataset *dataset, const struct tp_schema *schema, size_t size)
{
    require(dataset->count > 0 && dataset->features > 0 && dataset->features == schema->features);
    require(dataset->labels && dataset->places && dataset->classes == schema->class_count);
    require(schema->offset || tp_dataset_bytes(dataset) <= 4 * size + 8);
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tp_row row = tp_dataset_row(dataset, i);
        require(dataset->labels[i] < dataset->classes);
        require(dataset->places[i] >= 1 && dataset->places[i] <= size);
        require(i == 0 || dataset->places[i] > dataset->places[i - 1]);
        for (size_t k = 0; k < row.count; k++) {
            require(tp_row_feature(&row, k) < dataset->features && isfinite(row.values[k]));
            require(k == 0 || tp_row_feature(&row, k) > tp_row_feature(&row, k - 1));
        }
    }
}

static tileprop_status read_text(const uint8_t *bytes, size_t size, const struct tp_libsvm_options *options,
                                 struct tp_schema *schema, struct tp_dataset *dataset)
{
    struct tp_file file = {.path = "fuzz", .bytes = malloc(size ? size : 1), .size = size};
    struct tp_error error = {""};
    require(file.bytes != NULL);
    if (size)
        memcpy(file.bytes, bytes, size);
    options->notes->count = 0;
    const int recognised = tp_libsvm_is(&file);
    const tileprop_status status = tp_libsvm_parse(&file, options, schema, dataset, &error);
    require(file.bytes == NULL);
    for (size_t i = 0; i < options->notes->count; i++)
        require(strncmp(options->notes->lines[i].text, "fuzz: ", 6) == 0 &&
                !strchr(options->notes->lines[i].text, '\n'));
    if (status == TILEPROP_OK) {
        require(recognised);
        check_data(dataset, schema, size);
    } else {
        require(status == TILEPROP_BAD_INPUT && dataset->samples == NULL && dataset->labels == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    return status;
}

static void check_same(const struct tp_dataset *one, const struct tp_dataset *other)
{
    const size_t entries = one->type == TILEPROP_CSR ? (size_t)one->indptr[one->count] : one->count * one->features;
    require(one->count == other->count && one->type == other->type);
    require(entries == 0 || memcmp(one->samples, other->samples, entries * sizeof(float)) == 0);
    require(one->type != TILEPROP_CSR || entries == 0 ||
            memcmp(one->indices, other->indices, entries * sizeof *one->indices) == 0);
    require(memcmp(one->labels, other->labels, one->count * sizeof *one->labels) == 0);
    require(memcmp(one->places, other->places, one->count * sizeof *one->places) == 0);
}

/* The text again with the schema learned from it, which must succeed, and then the other one. */
static void read_more(const uint8_t *text, size_t size, const uint8_t *end, const struct tp_libsvm_options *options,
                      struct tp_schema *schema, const struct tp_dataset *learned)
{
    struct tp_dataset again, other;
    require(read_text(text, size, options, schema, &again) == TILEPROP_OK);
    check_same(learned, &again);
    tp_dataset_free(&again);
    if (text + size == end)
        return;
    read_text(text + size + 1, (size_t)(end - text) - size - 1, options, schema, &other);
    tp_dataset_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    struct tp_notes notes = {0};
    const struct tp_libsvm_options options = {
        .base = (data[0] & BASE) % 3, .features = data[0] & FEATURES ? 3 : 0, .notes = &notes};
    struct tp_schema schema = {0};
    struct tp_dataset learned;
    const uint8_t *text = data + 1, *end = data + size, *found = memchr(text, 0xff, size - 1);
    const size_t text_size = (size_t)((found ? found : end) - text);
    if (read_text(text, text_size, &options, &schema, &learned) == TILEPROP_OK) {
        require(schema.features == options.features || schema.features <= TP_LIBSVM_RATIO_MAX * text_size);
        read_more(text, text_size, end, &options, &schema, &learned);
        if ((data[0] & OFFSETS) && schema.features <= FEATURES_MOST) {
            schema.offset = calloc(schema.features, sizeof *schema.offset);
            require(schema.offset != NULL);
            schema.offset[0] = 1e9;
            tp_dataset_free(&learned);
            require(read_text(text, text_size, &options, &schema, &learned) == TILEPROP_OK);
        }
        tp_dataset_free(&learned);
    }
    tp_schema_free(&schema);
    return 0;
}
