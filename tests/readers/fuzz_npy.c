/*
 * libFuzzer target for NumPy's arrays. A fuzzer does not guess a size that is the product of dimensions, so
 * the first byte of the input chooses the role and whether a header that may fit is put before the rest.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/npy.h"

/* Fields of the first byte; the lowest bits choose the type. */
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
        if (choices & LABELS)
            snprintf(shape, sizeof shape, "(%zu,)", values);
        else
            snprintf(shape, sizeof shape, choices & FORTRAN ? "(%zu, 1, %d)" : "(%zu, %d)", values / 3, 3);
        length = snprintf(header, sizeof header, "\x93NUMPY\x01%c%c%c{'descr': '%s', 'fortran_order': %s, 'shape': %s}",
                          0, 0, 0, type, choices & FORTRAN ? "True" : "False", shape);
        header[8] = (char)(length - 10);
        size = (choices & LABELS ? values : values / 3 * 3) * width;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    struct tp_file file = make_file(data[0], data + 1, size - 1);
    struct tp_schema schema = {0};
    struct tp_dataset dataset = {0};
    struct tp_error error = {""};
    const size_t file_size = file.size;
    const enum tp_missing missing = data[0] & MEAN ? TP_MISSING_MEAN : TP_MISSING_ERROR;
    tileprop_status status;
    if (data[0] & LABELS) {
        dataset.count = (size - 1) / (size_t)(types[data[0] & TYPE][2] - '0');
        status = tp_npy_labels(&file, &schema, &dataset, &error);
        for (size_t i = 0; status == TILEPROP_OK && i < dataset.count; i++)
            require(dataset.labels[i] < dataset.classes);
    } else {
        status = tp_npy_samples(&file, missing, NULL, &schema, &dataset, &error);
        if (status == TILEPROP_OK)
            check_samples(&dataset, file_size, missing == TP_MISSING_MEAN);
    }
    require(file.bytes == NULL);
    if (status != TILEPROP_OK) {
        require(status == TILEPROP_BAD_INPUT && dataset.samples == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_dataset_free(&dataset);
    tp_schema_free(&schema);
    return 0;
}
