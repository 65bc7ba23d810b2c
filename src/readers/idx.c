#include "readers/idx.h"
#include "readers/gzip.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TP_IDX_MAGIC_SIZE     4
#define TP_IDX_DIMENSION_SIZE 4

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const char *role_name(enum tp_idx_role role)
{
    return role == TP_IDX_IMAGES ? "images" : "labels";
}

/* The name of a type of the format but the unsigned byte. */
static const char *type_name(unsigned code)
{
    static const char *const names[] = {
        [0x09] = "signed byte", [0x0B] = "short", [0x0C] = "int", [0x0D] = "float", [0x0E] = "double"};
    return code < sizeof names / sizeof *names && names[code] ? names[code] : "unknown";
}

static tileprop_status check_not_html(const struct tp_file *file, struct tp_error *error)
{
    size_t start = 0;
    while (start < file->size && file->bytes[start] && strchr(" \t\r\n", file->bytes[start]))
        start++;
    if (start < file->size && file->bytes[start] == '<')
        return tp_file_fail(file, start, error,
                            "'<' found: this is an HTML page (a failed download?), expected an IDX file");
    return TILEPROP_OK;
}

static tileprop_status check_magic(const struct tp_file *file, enum tp_idx_role role, struct tp_error *error)
{
    const unsigned char *bytes = file->bytes;

    if (file->size < TP_IDX_MAGIC_SIZE)
        return tp_file_fail(file, file->size, error, "truncated: expected an IDX magic number of %d bytes",
                            TP_IDX_MAGIC_SIZE);
    if (bytes[0] != 0 || bytes[1] != 0)
        return tp_file_fail(file, 0, error, "magic number 0x%08x found, expected 0x%08x (IDX %s)",
                            big_endian(bytes), role == TP_IDX_IMAGES ? 0x803u : 0x801u, role_name(role));

    const unsigned type = bytes[2], dimensions = bytes[3];
    if (role == TP_IDX_IMAGES && dimensions == 1)
        return tp_file_fail(file, 3, error,
                            "1 dimension found: this is a label file, expected images (2 or more)");
    if (role == TP_IDX_LABELS && dimensions > 1)
        return tp_file_fail(file, 3, error,
                            "%u dimensions found: this is an image file, expected labels (1 dimension)",
                            dimensions);
    if (dimensions == 0)
        return tp_file_fail(file, 3, error, "0 dimensions found, expected %s",
                            role == TP_IDX_IMAGES ? "2 or more" : "1");
    if (type != TP_IDX_U8 && (role == TP_IDX_LABELS || type != TP_IDX_F32))
        return tp_file_fail(file, 2, error, "type 0x%02x (%s) found, expected 0x08 (unsigned byte)%s", type,
                            type_name(type), role == TP_IDX_IMAGES ? " or 0x0d (float)" : "");
    return TILEPROP_OK;
}

/*
 * Fills type, count and features from a header whose magic number is good, checks them against the size of
 * the file and stores the size of the header.
 */
static tileprop_status read_shape(struct tp_idx *idx, const struct tp_file *file, size_t *header_size,
                                  struct tp_error *error)
{
    const size_t dimensions = file->bytes[3];
    const size_t header = TP_IDX_MAGIC_SIZE + dimensions * TP_IDX_DIMENSION_SIZE;

    if (file->size < header)
        return tp_file_fail(file, file->size, error,
                            "truncated in the header: %zu dimensions expected, %zu bytes in all", dimensions,
                            header);

    idx->type = file->bytes[2] == TP_IDX_F32 ? TP_IDX_F32 : TP_IDX_U8;
    idx->features = 1;
    size_t expected = idx->type == TP_IDX_F32 ? sizeof(float) : 1; /* bytes of values */
    for (size_t i = 0; i < dimensions; i++) {
        const size_t offset = TP_IDX_MAGIC_SIZE + i * TP_IDX_DIMENSION_SIZE;
        const size_t dimension = big_endian(file->bytes + offset);
        if (dimension == 0)
            return tp_file_fail(file, offset, error, "dimension %zu of %zu is 0, expected 1 or more", i + 1,
                                dimensions);
        if (dimension > SIZE_MAX / expected)
            return tp_file_fail(file, offset, error,
                                "dimension %zu of %zu is %zu: their product overflows, expected the %zu "
                                "bytes that follow the header",
                                i + 1, dimensions, dimension, file->size - header);
        expected *= dimension;
        if (i == 0)
            idx->count = dimension;
        else
            idx->features *= dimension;
    }

    const size_t found = file->size - header;
    if (found < expected)
        return tp_file_fail(file, file->size, error,
                            "truncated: %zu bytes of values found, the header says %zu", found, expected);
    if (found > expected)
        return tp_file_fail(file, header + expected, error,
                            "%zu trailing bytes found, expected the end after %zu bytes of values",
                            found - expected, expected);
    *header_size = header;
    return TILEPROP_OK;
}

/*
 * Moves big-endian floats from behind the header to the front of the same bytes, in the order of this
 * machine. A write never reaches a value that is still to be read, because the header is not shorter than a
 * float.
 */
static tileprop_status unpack_floats(const struct tp_idx *idx, const struct tp_file *file, size_t header,
                                     struct tp_error *error)
{
    for (size_t i = 0; i < idx->count * idx->features; i++) {
        const size_t offset = header + i * sizeof(float);
        const uint32_t bits = big_endian(file->bytes + offset);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            return tp_file_fail(file, offset, error,
                                "%s in sample %zu, feature %zu (both from 0), expected a finite number",
                                isnan(value) ? "NaN" : "infinity", i / idx->features, i % idx->features);
        memcpy(file->bytes + i * sizeof value, &value, sizeof value);
    }
    return TILEPROP_OK;
}

bool tp_idx_is(const struct tp_file *file)
{
    return file->size >= 2 && file->bytes[0] == 0 && file->bytes[1] == 0;
}

tileprop_status tp_idx_parse(struct tp_idx *idx, struct tp_file *file, enum tp_idx_role role,
                             struct tp_error *error)
{
    *idx = (struct tp_idx){0};
    size_t header = 0;
    tileprop_status status;

    if (file->size == 0) {
        status = tp_file_fail(file, 0, error, "empty, expected IDX %s", role_name(role));
        goto done;
    }
    status = check_not_html(file, error);
    if (status == TILEPROP_OK)
        status = check_magic(file, role, error);
    if (status == TILEPROP_OK)
        status = read_shape(idx, file, &header, error);
    if (status != TILEPROP_OK)
        goto done;

    if (idx->type == TP_IDX_F32)
        status = unpack_floats(idx, file, header, error);
    else
        memmove(file->bytes, file->bytes + header, file->size - header);
    if (status == TILEPROP_OK) {
        idx->values = file->bytes;
        file->bytes = NULL;
    }

done:
    if (status != TILEPROP_OK)
        *idx = (struct tp_idx){0};
    tp_file_free(file);
    return status;
}

tileprop_status tp_idx_read(struct tp_idx *idx, const char *path, enum tp_idx_role role,
                            struct tp_error *error)
{
    *idx = (struct tp_idx){0};
    struct tp_file file;
    const tileprop_status status = tp_gzip_read(&file, path, error);
    return status == TILEPROP_OK ? tp_idx_parse(idx, &file, role, error) : status;
}

void tp_idx_free(struct tp_idx *idx)
{
    free(idx->values);
    *idx = (struct tp_idx){0};
}
