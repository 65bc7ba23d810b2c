/*
 * libFuzzer target for decompressing and parsing IDX files. A fuzzer can guess neither checksums nor a size that is the
 * product of dimensions, so the first byte of the input chooses the role, how the rest is compressed, and whether to
 * prepend a header that may fit.
 */
#include <libdeflate.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/gzip.h"
#include "readers/idx.h"

/* Fields of the first byte. */
enum {
    LABELS = 1,
    WITH_HEADER = 2,
    FLOATS = 4,
    PACKED = 8,
    TWO_MEMBERS = 16,
    INTS = 32,
    COLUMNS = 64 /* two of labels */
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct tp_file new_file(size_t capacity)
{
    struct tp_file file = {.path = "fuzz", .bytes = malloc(capacity ? capacity : 1)};
    require(file.bytes != NULL);
    return file;
}

static void append(struct tp_file *file, const uint8_t *bytes, size_t size)
{
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

/* The bytes, with a header for one to four images or all labels before them if choices say so. */
static struct tp_file make_plain(unsigned choices, const uint8_t *bytes, size_t size)
{
    struct tp_file file = new_file(size + 12);
    if (choices & WITH_HEADER) {
        const uint8_t type = choices & FLOATS ? 0x0D : choices & INTS ? 0x0C : 0x08;
        const size_t value = type == 0x08 ? 1 : 4, columns = choices & COLUMNS ? 2 : 1;
        const size_t count = choices & LABELS ? size / value / columns : size % 4 + 1;
        const size_t features = choices & LABELS ? columns : size / count / value;
        const uint8_t dimensions = choices & LABELS && columns == 1 ? 1 : 2;
        const uint8_t header[12] = {0,
                                    0,
                                    type,
                                    dimensions,
                                    0,
                                    0,
                                    (uint8_t)(count >> 8),
                                    (uint8_t)count,
                                    0,
                                    0,
                                    (uint8_t)(features >> 8),
                                    (uint8_t)features};
        append(&file, header, 4 + 4 * (size_t)dimensions);
        size = choices & LABELS ? count * value * columns : size;
    }
    append(&file, bytes, size);
    return file;
}

static void append_member(struct tp_file *file, size_t capacity, const uint8_t *bytes, size_t size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    require(compressor != NULL);
    file->size += libdeflate_gzip_compress(compressor, bytes, size, file->bytes + file->size, capacity - file->size);
    libdeflate_free_compressor(compressor);
}

static struct tp_file make_file(unsigned choices, const uint8_t *bytes, size_t size)
{
    struct tp_file plain = make_plain(choices, bytes, size);
    if (!(choices & PACKED))
        return plain;
    const size_t capacity = 2 * libdeflate_gzip_compress_bound(NULL, plain.size);
    const size_t cut = choices & TWO_MEMBERS ? plain.size / 2 : plain.size;
    struct tp_file file = new_file(capacity);
    append_member(&file, capacity, plain.bytes, cut);
    if (choices & TWO_MEMBERS)
        append_member(&file, capacity, plain.bytes + cut, plain.size - cut);
    tp_file_free(&plain);
    return file;
}

static void check_images(const struct tp_dataset *images, size_t size)
{
    const size_t values = images->count * images->features;
    require(images->count > 0 && images->features > 0);
    if (images->type == TILEPROP_F32) {
        require(values * sizeof(float) < size);
        for (size_t i = 0; i < values; i++)
            require(isfinite(((const float *)images->samples)[i]));
        return;
    }
    unsigned sum = 0;
    for (size_t i = 0; i < values; i++)
        sum += ((const uint8_t *)images->samples)[i];
    require(values < size && sum <= 255 * values);
}

static void check_labels(const struct tp_dataset *labels, size_t size)
{
    require(labels->count > 0 && labels->count < size && labels->classes <= 65535);
    for (size_t i = 0; i < labels->count; i++)
        require(labels->labels[i] < labels->classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    const bool labels = data[0] & LABELS;
    struct tp_file file = make_file(data[0], data + 1, size - 1);
    struct tp_error error = {""};
    struct tp_dataset dataset = {.classes = 1};

    tileprop_status status = tp_gzip_unpack(&file, &error);
    if (status == TILEPROP_OK) {
        const size_t file_size = file.size;
        for (size_t i = 4; labels && i < 8 && i < file_size; i++) /* as many images as the labels claim */
            dataset.count = dataset.count << 8 | file.bytes[i];
        status = labels ? tp_idx_labels(&file, "images", &dataset, &error) : tp_idx_images(&file, &dataset, &error);
        if (status == TILEPROP_OK)
            (labels ? check_labels : check_images)(&dataset, file_size);
    }
    if (status != TILEPROP_OK) {
        require(status == TILEPROP_BAD_INPUT && dataset.samples == NULL);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_file_free(&file);
    tp_dataset_free(&dataset);
    return 0;
}
