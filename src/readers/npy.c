#include "readers/npy.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/label_encoder.h"
#include "data/offsets.h"

#define TP_NPY_MAGIC      "\x93NUMPY"
#define TP_NPY_MAGIC_SIZE (sizeof TP_NPY_MAGIC - 1)
#define TP_NPY_DIMENSIONS 32 /* NumPy's own limit (before version 2, which has 64) */

/* Values are read as they lie in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "these arrays are little-endian");

struct array {
    char kind;    /* 'u', 'i' or 'f' */
    size_t width; /* bytes of a value; 0: not said yet */
    size_t dimensions, shape[TP_NPY_DIMENSIONS];
    size_t values; /* 0: not said yet */
    size_t offset; /* of the values in the file */
    bool has_order;
};

/* The header's text, which is a dictionary as Python writes one. */
struct header {
    const char *at, *end;
};

bool tp_npy_is(const struct tp_file *file)
{
    return file->size >= TP_NPY_MAGIC_SIZE && memcmp(file->bytes, TP_NPY_MAGIC, TP_NPY_MAGIC_SIZE) == 0;
}

static bool take(struct header *header, const char *text)
{
    const size_t length = strlen(text);
    while (header->at < header->end && (*header->at == ' ' || *header->at == '\n'))
        header->at++;
    if ((size_t)(header->end - header->at) < length || memcmp(header->at, text, length) != 0)
        return false;
    header->at += length;
    return true;
}

/* Whether an item ends here, with a comma or before what ends the list. */
static bool end_item(struct header *header, char list_end)
{
    return take(header, ",") || header->at == header->end || *header->at == list_end;
}

/* This and the next ones return NULL, or what was expected at header->at. */
static const char *read_type(struct header *header, struct array *array)
{
    static const char *const types[] = {"'|u1'", "'|i1'", "'<u2'", "'<i2'", "'<u4'", "'<i4'",
                                        "'<u8'", "'<i8'", "'<f4'", "'<f8'", "'|b1'"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (take(header, types[i])) {
            array->kind = types[i][2] == 'b' ? 'u' : types[i][2];
            array->width = (size_t)(types[i][3] - '0');
            return NULL;
        }
    }
    return "a type of little-endian integers or floats of at most 8 bytes, as '<f4'";
}

static const char *read_shape(struct header *header, struct array *array)
{
    if (!take(header, "("))
        return "a shape, as (150, 4)";
    array->values = 1;
    array->dimensions = 0;
    while (!take(header, ")")) {
        size_t dimension = 0;
        const char *digits = header->at;
        if (array->dimensions == TP_NPY_DIMENSIONS)
            return "at most 32 dimensions";
        while (header->at < header->end && isdigit((unsigned char)*header->at) && header->at - digits < 18)
            dimension = dimension * 10 + (size_t)(*header->at++ - '0');
        if (header->at == digits || dimension == 0 || dimension > SIZE_MAX / 8 / array->values) {
            header->at = digits;
            return "dimensions from 1, whose product is the number of values";
        }
        array->shape[array->dimensions++] = dimension;
        array->values *= dimension;
        if (!end_item(header, ')'))
            return "a comma or the shape's end";
    }
    return NULL;
}

static const char *read_order(struct header *header, struct array *array)
{
    array->has_order = take(header, "False");
    return array->has_order ? NULL : "False: an array in C order, as numpy.ascontiguousarray() makes one";
}

static const char *read_dictionary(struct header *header, struct array *array)
{
    if (!take(header, "{"))
        return "a dictionary";
    while (!take(header, "}")) {
        const char *expected = "'descr', 'fortran_order' or 'shape'";
        if (take(header, "'descr':"))
            expected = read_type(header, array);
        else if (take(header, "'shape':"))
            expected = read_shape(header, array);
        else if (take(header, "'fortran_order':"))
            expected = read_order(header, array);
        if (expected)
            return expected;
        if (!end_item(header, '}'))
            return "a comma or the dictionary's end";
    }
    return array->width && array->has_order && array->values ? NULL : "'descr', 'fortran_order' and 'shape' before";
}

static tileprop_status read_header(const struct tp_file *file, struct array *array, struct tp_error *error)
{
    const unsigned char *bytes = file->bytes;
    const size_t fixed = TP_NPY_MAGIC_SIZE + 2;
    size_t length = 0;
    *array = (struct array){0};
    if (!tp_npy_is(file))
        return tp_file_fail(file, 0, error, "no NumPy array found, expected one (.npy)");
    if (file->size < fixed || bytes[fixed - 2] < 1 || bytes[fixed - 2] > 3)
        return tp_file_fail(file, fixed - 2, error, "expected version 1, 2 or 3 of the format, found %d",
                            file->size < fixed ? -1 : bytes[fixed - 2]);
    const size_t length_size = bytes[fixed - 2] == 1 ? 2 : 4;
    for (size_t i = 0; i < length_size && fixed + i < file->size; i++)
        length |= (size_t)bytes[fixed + i] << (8 * i);
    array->offset = fixed + length_size;
    if (array->offset > file->size || length > file->size - array->offset)
        return tp_file_fail(file, file->size, error, "truncated in the header");
    const char *text = (const char *)bytes + array->offset;
    struct header header = {.at = text, .end = text + length};
    const char *expected = read_dictionary(&header, array);
    if (expected)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: header at \"%s\": expected %s", file->path,
                       tp_show(header.at, (size_t)(header.end - header.at)).text, expected);
    array->offset += length;
    const size_t found = file->size - array->offset;
    if (found % array->width || found / array->width != array->values)
        return tp_file_fail(file, array->offset, error, "%zu bytes of values found, expected %zu of %zu bytes each",
                            found, array->values, array->width);
    return TILEPROP_OK;
}

/* One value of at most 8 bytes, as a double: what is no double is no label. */
static double value_at(const struct tp_file *file, const struct array *array, size_t i)
{
    union {
        float narrow;
        double wide;
        uint64_t bits;
    } value = {.bits = 0};
    memcpy(&value, file->bytes + array->offset + i * array->width, array->width);
    if (array->kind == 'f')
        return array->width == sizeof(float) ? (double)value.narrow : value.wide;
    const size_t unused = 64 - 8 * array->width;
    return array->kind == 'i' ? (double)((int64_t)(value.bits << unused) >> unused) : (double)value.bits;
}

/*
 * Moves the values to the front of the bytes, as floats. None overwrites one that is still to be read. No offset is
 * learned from an f32 array, which has already lost what an offset could keep.
 */
static tileprop_status make_floats(struct tp_file *file, const struct array *array, enum tp_missing missing,
                                   struct tp_schema *schema, struct tp_error *error)
{
    const size_t features = schema->features;
    if (array->width == sizeof(double)) {
        memmove(file->bytes, file->bytes + array->offset, array->values * sizeof(double));
        const tileprop_status status =
            tp_offsets_learn(schema, (const double *)(const void *)file->bytes, array->shape[0], features, error);
        if (status != TILEPROP_OK)
            return status;
    }
    const struct array from = {
        .kind = 'f', .width = array->width, .offset = array->width == sizeof(double) ? 0 : array->offset};
    for (size_t i = 0; i < array->values; i++) {
        const float value = tp_offsets_narrow(value_at(file, &from, i), schema->offset, i % features);
        if (!isfinite(value) && !(isnan(value) && missing == TP_MISSING_MEAN))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: %s in sample %zu, feature %zu (both from 0), expected a finite number%s", file->path,
                           isnan(value) ? "NaN" : "infinity, or what is too large for a float,", i / features,
                           i % features, isnan(value) ? "; train's --missing mean puts the feature's mean there" : "");
        memcpy(file->bytes + i * sizeof value, &value, sizeof value);
    }
    return TILEPROP_OK;
}

tileprop_status tp_npy_samples(struct tp_file *file, enum tp_missing missing, struct tp_schema *schema,
                               struct tp_dataset *dataset, struct tp_error *error)
{
    struct array array;
    *dataset = (struct tp_dataset){0};
    tileprop_status status = read_header(file, &array, error);
    if (status == TILEPROP_OK && array.dimensions < 2)
        status =
            tp_fail(error, TILEPROP_BAD_INPUT, "%s: %zu dimension%s found, expected 2 or more: samples, then features",
                    file->path, array.dimensions, array.dimensions == 1 ? "" : "s");
    const bool is_u8 = array.kind == 'u' && array.width == 1;
    if (status == TILEPROP_OK && !is_u8 && array.kind != 'f')
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: integers of %zu bytes found, expected u8, f32 or f64",
                         file->path, array.width);
    const size_t features = status == TILEPROP_OK ? array.values / array.shape[0] : 0;
    if (status == TILEPROP_OK && schema->features && schema->features != features)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: %zu features found, expected %zu as in the training data",
                         file->path, features, schema->features);
    if (status == TILEPROP_OK && is_u8)
        memmove(file->bytes, file->bytes + array.offset, array.values);
    if (status == TILEPROP_OK)
        schema->features = features;
    if (is_u8 || array.width != sizeof(double)) /* what follows, validation samples, is like the training samples */
        schema->offsets = TP_OFFSETS_KNOWN;
    if (status == TILEPROP_OK && !is_u8)
        status = make_floats(file, &array, missing, schema, error);
    if (status == TILEPROP_OK) {
        *dataset = (struct tp_dataset){.type = is_u8 ? TILEPROP_U8 : TILEPROP_F32,
                                       .samples = file->bytes,
                                       .count = array.shape[0],
                                       .features = features,
                                       .schema = schema,
                                       .offset = is_u8 ? NULL : schema->offset};
        file->bytes = NULL;
    }
    tp_file_free(file);
    return status;
}

tileprop_status tp_npy_labels(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                              struct tp_error *error)
{
    struct array array;
    struct tp_label_encoder encoder = {0};
    tileprop_status status = read_header(file, &array, error);
    if (status == TILEPROP_OK && (array.dimensions != 1 || array.values != dataset->count))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: %zu labels in %zu dimension%s found, expected %zu in one, one for each sample",
                         file->path, array.values, array.dimensions, array.dimensions == 1 ? "" : "s", dataset->count);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_begin(&encoder, schema, file->path, error);
    if (status == TILEPROP_OK && !(dataset->labels = malloc(array.values * sizeof *dataset->labels)))
        status = tp_fail_memory(error, file->path, "labels");
    for (size_t i = 0; status == TILEPROP_OK && i < array.values; i++) {
        char place[512], text[32];
        const double value = value_at(file, &array, i);
        snprintf(place, sizeof place, "%s: label %zu (from 0)", file->path, i);
        const size_t size = (size_t)snprintf(text, sizeof text, "%.17g", value);
        status = isfinite(value)
                     ? tp_label_encoder_label(&encoder, place, text, size, &dataset->labels[i], error)
                     : tp_fail(error, TILEPROP_BAD_INPUT, "%s: %f found, expected an integer", place, value);
    }
    if (status == TILEPROP_OK)
        status = tp_label_encoder_finish(&encoder, schema, dataset->labels, dataset->count, error);
    dataset->classes = schema->class_count;
    tp_string_table_free(&encoder.names);
    tp_file_free(file);
    return status;
}
