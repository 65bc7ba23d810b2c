/*
 * libFuzzer target for NumPy arrays. A fuzzer cannot guess a size that is the product of dimensions, so the first byte
 * of the input chooses the role and whether to prepend a header that may fit; the second byte chooses how offsets are
 * found.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/npy.h"

/* Fields of the first byte; the lowest bits choose the type. MEAN and FORTRAN make a column or one-hot rows of labels.
 */
enum { TYPE = 15, LABELS = 16, WITH_HEADER = 32, MEAN = 64, FORTRAN = 128 };

static const char *const types[] = {"|u1", "|i1", "<u2", "<i4", "<f4", "<f8", "<i8", "|b1",
                                    ">u8", ">i2", ">u4", ">f4", ">f8", "<f2", ">f2", "=i8"};

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct tp_file make_file(unsigned choices, const uint8_t *bytes, size_t size)
{
    const char *type = types[choices & TYPE];
    const size_t width = (size_t)(type[2] - '0'), values = size / width;
    char header[128];
    int length = 0;
    if (choices & WITH_HEADER) {
        char shape[64];
        if (choices & LABELS && !(choices & (MEAN | FORTRAN)))
            snprintf(shape, sizeof shape, "(%zu,)", values);
        else if (choices & LABELS)
            snprintf(shape, sizeof shape, "(%zu, %d)", choices & MEAN ? values : values / 3, choices & MEAN ? 1 : 3);
        else
            snprintf(shape, sizeof shape, choices & FORTRAN ? "(%zu, 1, %d)" : "(%zu, %d)", values / 3, 3);
        length = snprintf(header, sizeof header, "\x93NUMPY\x01%c%c%c{'descr': '%s', 'fortran_order': %s, 'shape': %s}",
                          0, 0, 0, type, choices & FORTRAN ? "True" : "False", shape);
        header[8] = (char)(length - 10);
        size = ((choices & LABELS) && ((choices & MEAN) || !(choices & FORTRAN)) ? values : values / 3 * 3) * width;
    }
    struct tp_file file = {.path = "fuzz", .bytes = malloc((size_t)length + size + 1), .size = (size_t)length + size};
    require(file.bytes != NULL);
    memcpy(file.bytes, header, (size_t)length);
    if (size)
        memcpy(file.bytes + length, bytes, size);
    return file;
}

static void check_samples(const struct tp_dataset *data, size_t size, int may_be_nan)
{
    const size_t values = data->count * data->features;
    require(values > 0 && data->count * tp_dataset_sample_size(data) < 4 * size);
    unsigned sum = 0;
    for (size_t i = 0; i < values; i++) {
        const float value = data->type == TILEPROP_F32 ? ((const float *)data->samples)[i] : 0;
        require(isfinite(value) || (may_be_nan && isnan(value)));
        sum += data->type == TILEPROP_U8 ? ((const uint8_t *)data->samples)[i] : 0;
    }
    require(sum <= 255 * values);
}

/* A file's samples or labels, and again with the learned schema, which must succeed. */
static void check_again(const uint8_t *data, size_t size, struct tp_schema *schema, const struct tp_dataset *read)
{
    struct tp_file file = make_file(data[0], data + 2, size - 2);
    struct tp_error error = {""};
    struct tp_dataset again = {.count = read->count};
    if (data[0] & LABELS) {
        require(tp_npy_labels(&file, schema, &again, &error) == TILEPROP_OK && again.classes == read->classes);
        require(memcmp(again.labels, read->labels, read->count * sizeof *read->labels) == 0);
    } else {
        const enum tp_missing missing = data[0] & MEAN ? TP_MISSING_MEAN : TP_MISSING_ERROR;
        require(tp_npy_samples(&file, missing, NULL, schema, &again, &error) == TILEPROP_OK);
        require(again.count == read->count && again.type == read->type);
        require(memcmp(again.samples, read->samples, read->count * tp_dataset_sample_size(read)) == 0);
    }
    tp_dataset_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return -1;
    struct tp_file file = make_file(data[0], data + 2, size - 2);
    struct tp_schema schema = {.offsets = data[1] % 3};
    struct tp_dataset dataset = {0};
    struct tp_notes notes = {0};
    struct tp_error error = {""};
    const size_t file_size = file.size;
    const enum tp_missing missing = data[0] & MEAN ? TP_MISSING_MEAN : TP_MISSING_ERROR;
    tileprop_status status;
    if (data[0] & LABELS) {
        dataset.count = (size - 2) / (size_t)(types[data[0] & TYPE][2] - '0');
        dataset.count /= (data[0] & FORTRAN) && !(data[0] & MEAN) ? 3 : 1;
        status = tp_npy_labels(&file, &schema, &dataset, &error);
        require(status != TILEPROP_OK || (dataset.count > 0 && dataset.classes == schema.class_count));
        for (size_t i = 0; status == TILEPROP_OK && i < dataset.count; i++)
            require(dataset.labels[i] < dataset.classes);
    } else {
        status = tp_npy_samples(&file, missing, &notes, &schema, &dataset, &error);
        for (size_t i = 0; i < notes.count; i++)
            require(strncmp(notes.lines[i].text, "fuzz: ", 6) == 0 && !strchr(notes.lines[i].text, '\n'));
        require(status != TILEPROP_OK || dataset.features == schema.features);
        if (status == TILEPROP_OK)
            check_samples(&dataset, file_size, missing == TP_MISSING_MEAN);
    }
    require(file.bytes == NULL);
    if (status == TILEPROP_OK) {
        check_again(data, size, &schema, &dataset);
    } else {
        require(status == TILEPROP_BAD_INPUT && dataset.samples == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_dataset_free(&dataset);
    tp_schema_free(&schema);
    return 0;
}
