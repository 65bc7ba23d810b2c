#include "readers/idx.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/gzip.h"

#define TP_MAGIC_SIZE     4
#define TP_DIMENSION_SIZE 4
#define TP_TYPE_U8        0x08
#define TP_TYPE_I32       0x0C
#define TP_TYPE_F32       0x0D
#define TP_TYPE_F64       0x0E

enum role {
    IMAGES, /* u8 or f32, two or more dimensions, the first of which counts the images */
    LABELS  /* u8, one dimension; or int, the first column of two dimensions, as in QMNIST */
};

static const char *const role_names[] = {"images", "labels"};

/* What may follow the prefix in a file's name, by role, in search order. */
#define TP_ENDINGS 4
static const char *const endings[][TP_ENDINGS] = {
    {"-images-idx3-ubyte", "-images-idx3-ubyte.gz", "-images.idx3-ubyte", "-images.idx3-ubyte.gz"},
    {"-labels-idx1-ubyte", "-labels-idx1-ubyte.gz", "-labels.idx1-ubyte", "-labels.idx1-ubyte.gz"}};

/* The contents of a header. */
struct shape {
    size_t size; /* of the header */
    size_t count, features;
    bool is_f32, is_i32;
};

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static tileprop_status check_magic(const struct tp_file *file, enum role role, struct tp_error *error)
{
    const unsigned char *bytes = file->bytes;
    if (file->size == 0)
        return tp_file_fail(file, 0, error, "empty, expected IDX %s", role_names[role]);
    size_t start = 0;
    while (start < file->size && bytes[start] && strchr(" \t\r\n", bytes[start]))
        start++;
    if (start < file->size && bytes[start] == '<')
        return tp_file_fail(file, start, error,
                            "expected an IDX file, found '<': this is an HTML page (a failed download?)");
    if (file->size < TP_MAGIC_SIZE)
        return tp_file_fail(file, file->size, error, "truncated: expected an IDX magic number of %d bytes",
                            TP_MAGIC_SIZE);
    if (bytes[0] != 0 || bytes[1] != 0)
        return tp_file_fail(file, 0, error, "expected magic number 0x%08x (IDX %s), found 0x%08x",
                            role == IMAGES ? 0x803u : 0x801u, role_names[role], big_endian(bytes));

    const unsigned type = bytes[2], dimensions = bytes[3];
    if (role == IMAGES && dimensions == 1)
        return tp_file_fail(file, 3, error,
                            "expected images (2 or more dimensions), found 1 dimension: this is a label file");
    const bool is_i32 = role == LABELS && type == TP_TYPE_I32;
    if (role == LABELS && dimensions > (is_i32 ? 2 : 1))
        return tp_file_fail(file, 3, error, "expected labels (1 dimension), found %u dimensions%s", dimensions,
                            dimensions > 2 ? ": this is an image file" : "");
    if (dimensions == 0)
        return tp_file_fail(file, 3, error, "expected %s, found 0",
                            role == IMAGES ? "2 or more dimensions" : "1 dimension");
    static const char *const types[256] = {
        [0x09] = "signed byte", [0x0B] = "short", [0x0C] = "int", [0x0D] = "float", [0x0E] = "double"};
    if (type != TP_TYPE_U8 && !is_i32 && (role == LABELS || type != TP_TYPE_F32))
        return tp_file_fail(file, 2, error, "expected type 0x08 (unsigned byte) or %s, found 0x%02x (%s)",
                            role == IMAGES ? "0x0d (float)" : "0x0c (int)", type,
                            types[type] ? types[type] : "unknown");
    return TILEPROP_OK;
}

/* Reads a header and checks it against the role and the size of the file. */
static tileprop_status read_header(struct shape *shape, const struct tp_file *file, enum role role,
                                   struct tp_error *error)
{
    const tileprop_status status = check_magic(file, role, error);
    if (status != TILEPROP_OK)
        return status;
    const size_t dimensions = file->bytes[3];
    const size_t header = TP_MAGIC_SIZE + dimensions * TP_DIMENSION_SIZE;

    if (file->size < header)
        return tp_file_fail(file, file->size, error,
                            "truncated in the header: %zu dimensions expected, %zu bytes in all", dimensions, header);

    *shape = (struct shape){.size = header,
                            .count = 1,
                            .features = 1,
                            .is_f32 = file->bytes[2] == TP_TYPE_F32,
                            .is_i32 = file->bytes[2] == TP_TYPE_I32};
    size_t expected = shape->is_f32 || shape->is_i32 ? sizeof(float) : 1; /* bytes of values */
    for (size_t i = 0; i < dimensions; i++) {
        const size_t offset = TP_MAGIC_SIZE + i * TP_DIMENSION_SIZE;
        const size_t dimension = big_endian(file->bytes + offset);
        if (dimension == 0)
            return tp_file_fail(file, offset, error, "dimension %zu of %zu: expected 1 or more, found 0", i + 1,
                                dimensions);
        if (dimension > SIZE_MAX / expected)
            return tp_file_fail(file, offset, error,
                                "dimension %zu of %zu is %zu: their product overflows, expected the %zu "
                                "bytes that follow the header",
                                i + 1, dimensions, dimension, file->size - header);
        expected *= dimension;
        *(i == 0 ? &shape->count : &shape->features) *= dimension;
    }

    const size_t found = file->size - header;
    if (found < expected)
        return tp_file_fail(file, file->size, error,
                            "truncated: expected %zu bytes of values as the header says, found %zu", expected, found);
    if (found > expected)
        return tp_file_fail(file, header + expected, error,
                            "expected the end after %zu bytes of values, found %zu trailing bytes", expected,
                            found - expected);
    return TILEPROP_OK;
}

/*
 * Moves big-endian floats from after the header to the front of the same bytes, in the order of this
 * machine. A write never reaches a value that is still to be read, because the header is not shorter than a
 * float.
 */
static tileprop_status unpack_floats(const struct shape *shape, const struct tp_file *file, struct tp_error *error)
{
    for (size_t i = 0; i < shape->count * shape->features; i++) {
        const size_t offset = shape->size + i * sizeof(float);
        const uint32_t bits = big_endian(file->bytes + offset);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            return tp_file_fail(file, offset, error,
                                "%s in sample %zu, feature %zu (both from 0), expected a finite number",
                                isnan(value) ? "NaN" : "infinity", i / shape->features, i % shape->features);
        memcpy(file->bytes + i * sizeof value, &value, sizeof value);
    }
    return TILEPROP_OK;
}

bool tp_idx_is(const struct tp_file *file)
{
    const unsigned char *magic = file->bytes;
    return file->size >= TP_MAGIC_SIZE && !magic[0] && !magic[1] && magic[2] >= TP_TYPE_U8 && magic[2] <= TP_TYPE_F64;
}

bool tp_idx_is_name(const char *name)
{
    for (size_t i = 0; i < 2 * TP_ENDINGS; i++) {
        const char *ending = endings[i / TP_ENDINGS][i % TP_ENDINGS];
        const size_t length = strlen(name), size = strlen(ending);
        if (length >= size && strcmp(name + length - size, ending) == 0)
            return true;
    }
    return false;
}

tileprop_status tp_idx_images(struct tp_file *file, struct tp_dataset *dataset, struct tp_error *error)
{
    struct shape shape;
    *dataset = (struct tp_dataset){0};
    tileprop_status status = read_header(&shape, file, IMAGES, error);
    if (status == TILEPROP_OK && shape.is_f32)
        status = unpack_floats(&shape, file, error);
    else if (status == TILEPROP_OK)
        memmove(file->bytes, file->bytes + shape.size, file->size - shape.size);
    if (status == TILEPROP_OK) {
        *dataset = (struct tp_dataset){.type = shape.is_f32 ? TILEPROP_F32 : TILEPROP_U8,
                                       .samples = file->bytes,
                                       .count = shape.count,
                                       .features = shape.features,
                                       .classes = 1};
        file->bytes = NULL;
    }
    tp_file_free(file);
    return status;
}

tileprop_status tp_idx_labels(struct tp_file *file, const char *image_path, struct tp_dataset *dataset,
                              struct tp_error *error)
{
    struct shape shape;
    tileprop_status status = read_header(&shape, file, LABELS, error);
    if (status == TILEPROP_OK && shape.count != dataset->count)
        status = tp_file_fail(file, 4, error, "expected %zu labels, one for each image of %s, found %zu",
                              dataset->count, image_path, shape.count);
    if (status == TILEPROP_OK && !(dataset->labels = malloc(shape.count * sizeof *dataset->labels)))
        status = tp_fail_memory(error, file->path, "labels");
    for (size_t i = 0; status == TILEPROP_OK && i < shape.count; i++) {
        const size_t offset = shape.size + i * shape.features * (shape.is_i32 ? sizeof(int32_t) : 1);
        const size_t label = shape.is_i32 ? big_endian(file->bytes + offset) : file->bytes[offset];
        if (label >= TP_CLASSES_MAX)
            status = tp_file_fail(file, offset, error, "expected a label from 0 to %d, found %" PRId32,
                                  TP_CLASSES_MAX - 1, (int32_t)label);
        dataset->labels[i] = (uint16_t)label;
        dataset->classes = label < dataset->classes ? dataset->classes : label + 1;
    }
    tp_file_free(file);
    return status;
}

tileprop_status tp_idx_parse(struct tp_file *file, const char *label_path, struct tp_dataset *dataset,
                             struct tp_error *error)
{
    const char *image_path = file->path;
    struct tp_file labels;
    tileprop_status status = tp_idx_images(file, dataset, error);
    if (status == TILEPROP_OK && label_path) {
        status = tp_gzip_read(&labels, label_path, error);
        if (status == TILEPROP_OK)
            status = tp_idx_labels(&labels, image_path, dataset, error);
    }
    if (status != TILEPROP_OK)
        tp_dataset_free(dataset);
    return status;
}

/* Stores the path of the first file that exists, which the caller frees. Its type is checked when it is read. */
static tileprop_status find_file(const char *directory, const char *prefix, enum role role, char **path,
                                 struct tp_error *error)
{
    const char *const *any = endings[role];
    for (size_t i = 0; i < TP_ENDINGS; i++) {
        char *found;
        if (asprintf(&found, "%s/%s%s", directory, prefix, any[i]) < 0)
            return tp_fail_memory(error, directory, "a file name");
        if (access(found, F_OK) == 0 || errno != ENOENT) {
            *path = found;
            return TILEPROP_OK;
        }
        free(found);
    }
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected one of %s%s, %s%s, %s%s, %s%s, found none", directory,
                   prefix, any[0], prefix, any[1], prefix, any[2], prefix, any[3]);
}

tileprop_status tp_idx_load(const char *directory, const char *prefix, struct tp_dataset *dataset,
                            struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    char *image_path = NULL, *label_path = NULL;
    struct tp_file images;

    tileprop_status status = find_file(directory, prefix, IMAGES, &image_path, error);
    if (status == TILEPROP_OK)
        status = find_file(directory, prefix, LABELS, &label_path, error);
    if (status == TILEPROP_OK)
        status = tp_gzip_read(&images, image_path, error);
    if (status == TILEPROP_OK)
        status = tp_idx_parse(&images, label_path, dataset, error);
    free(image_path);
    free(label_path);
    return status;
}
