#include "readers/npy.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "data/label_encoder.h"
#include "data/offsets.h"
#include "readers/lost_digits.h"

#define TP_NPY_MAGIC      "\x93NUMPY"
#define TP_NPY_MAGIC_SIZE (sizeof TP_NPY_MAGIC - 1)
#define TP_NPY_DIMENSIONS 32 /* NumPy's own limit (before version 2, which has 64) */

/* Values that are not big-endian are used as they are in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "these arrays are little-endian");

struct array {
    char kind;    /* 'b', 'u', 'i' or 'f' */
    size_t width; /* bytes of a value; 0: not known yet */
    bool big_endian, fortran;
    size_t dimensions, shape[TP_NPY_DIMENSIONS];
    size_t values; /* 0: not known yet */
    size_t offset; /* of the values in the file */
    bool has_order;
};

/* The header's text: a Python dictionary literal. */
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

/* Whether an item ends here, with a comma or before the end of the list. */
static bool end_item(struct header *header, char list_end)
{
    return take(header, ",") || header->at == header->end || *header->at == list_end;
}

/* What is expected instead of a type that is not a number; the header then ends after the type, for the message. */
static const char *other_type(struct header *header)
{
#define EXPECTED "integers, floats of at most 8 bytes, or bools"
    static const struct {
        const char *kinds, *expected;
    } types[] = {
        {"c", EXPECTED ", not complex numbers; np.save(..., x.real.astype(np.float32)) keeps the real parts"},
        {"USaT", EXPECTED ", not text; np.save(..., x.astype(np.float32)) converts numbers written as text, "
                          "np.save(..., np.unique(y, return_inverse=True)[1]) turns labels into integers"},
        {"O", EXPECTED ", not objects; np.save(..., x.astype(np.float32)) converts objects that are numbers"},
        {"M", EXPECTED ", not dates; np.save(..., x.astype('M8[s]').astype(np.int64)) converts them to seconds"},
        {"m", EXPECTED ", not durations; np.save(..., x / np.timedelta64(1, 's')) converts them to seconds"},
        {"[V", EXPECTED ", not structured fields; np.save(..., "
                        "numpy.lib.recfunctions.structured_to_unstructured(x).astype(np.float32)) converts them to "
                        "columns"},
    };
    const bool is_list = take(header, "["), is_text = !is_list && take(header, "'");
    const char *begin = header->at - (is_list || is_text), *kind = header->at + 1;
    const char *end = memchr(header->at, is_list ? ']' : '\'', (size_t)(header->end - header->at));
    header->at = begin;
    header->end = end ? end + 1 : header->end;
    for (size_t i = 0; (is_list || is_text) && kind < header->end && i < sizeof types / sizeof *types; i++)
        if (is_list ? *types[i].kinds == '[' : *kind && strchr(types[i].kinds, *kind))
            return types[i].expected;
    return EXPECTED ", such as '<f4'; np.save(..., x.astype(np.float32)) converts numbers";
#undef EXPECTED
}

/* This and the following functions return NULL, or what was expected at header->at. */
static const char *read_type(struct header *header, struct array *array)
{
    static const char *const types[] = {"b1", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (const char *order = "<>=|"; *order; order++) {
            char text[8];
            snprintf(text, sizeof text, "'%c%s'", *order, types[i]);
            if (take(header, text)) {
                array->kind = types[i][0];
                array->width = (size_t)(types[i][1] - '0');
                array->big_endian = *order == '>';
                return NULL;
            }
        }
    }
    return other_type(header);
}

static const char *read_shape(struct header *header, struct array *array)
{
    if (!take(header, "("))
        return "a shape, such as (150, 4)";
    const char *begin = header->at - 1;
    array->values = 1;
    array->dimensions = 0;
    while (!take(header, ")")) {
        size_t dimension = 0;
        const char *digits = header->at;
        if (array->dimensions == TP_NPY_DIMENSIONS)
            return "at most 32 dimensions";
        while (header->at < header->end && isdigit((unsigned char)*header->at) && header->at - digits < 18)
            dimension = dimension * 10 + (size_t)(*header->at++ - '0');
        if (header->at > digits && dimension == 0) {
            const char *end = memchr(digits, ')', (size_t)(header->end - digits));
            *header = (struct header){.at = begin, .end = end ? end + 1 : header->end};
            return "at least one value; an array of this shape has none";
        }
        if (header->at == digits || dimension > SIZE_MAX / 8 / array->values) {
            header->at = digits;
            return "dimensions from 1, whose product is the number of values";
        }
        array->shape[array->dimensions++] = dimension;
        array->values *= dimension;
        take(header, "L"); /* as Python 2 writes integers */
        if (!end_item(header, ')'))
            return "a comma or the shape's end";
    }
    return NULL;
}

static const char *read_order(struct header *header, struct array *array)
{
    array->fortran = take(header, "True");
    array->has_order = array->fortran || take(header, "False");
    return array->has_order ? NULL : "True or False";
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
        return tp_file_fail(file, 0, error, "expected a NumPy array (.npy), found another format");
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
        return tp_file_fail(file, array->offset, error, "expected %zu values of %zu bytes each, found %zu bytes",
                            array->values, array->width, found);
    return TILEPROP_OK;
}

/* The place, in an array in Fortran order, of feature j of the first sample. */
static size_t fortran_place(const struct array *array, size_t j)
{
    size_t place = 0, stride = array->values;
    for (size_t d = array->dimensions; d-- > 1;) {
        stride /= array->shape[d];
        place += j % array->shape[d] * stride;
        j /= array->shape[d];
    }
    return place;
}

/* Stores the values in C order, a few samples at a time so that the samples being written stay in the cache. */
static void transpose(unsigned char *to, const unsigned char *from, const struct array *array)
{
    const size_t rows = array->shape[0], features = array->values / rows, width = array->width, few = 32;
    for (size_t begin = 0; begin < rows; begin += few) {
        const size_t end = rows - begin < few ? rows : begin + few;
        for (size_t j = 0; j < features; j++) {
            const unsigned char *column = from + fortran_place(array, j) * width;
            for (size_t i = begin; i < end; i++)
                memcpy(to + (i * features + j) * width, column + i * width, width);
        }
    }
}

static void swap_bytes(unsigned char *bytes, const struct array *array)
{
    for (size_t i = 0; i < array->values; i++, bytes += array->width) {
        for (size_t b = 0; b < array->width / 2; b++) {
            const unsigned char byte = bytes[b];
            bytes[b] = bytes[array->width - 1 - b];
            bytes[array->width - 1 - b] = byte;
        }
    }
}

/* Moves the values to the front of the file's bytes, in C order and little-endian. */
static tileprop_status arrange(struct tp_file *file, struct array *array, struct tp_error *error)
{
    const size_t size = array->values * array->width;
    if (array->fortran && array->dimensions > 1) {
        unsigned char *bytes = malloc(size);
        if (!bytes)
            return tp_fail_memory(error, file->path, "values in C order");
        tp_file_prefer_huge_pages(bytes, size);
        transpose(bytes, file->bytes + array->offset, array);
        free(file->bytes);
        file->bytes = bytes;
    } else {
        memmove(file->bytes, file->bytes + array->offset, size);
    }
    file->size = size;
    array->offset = 0;
    if (array->big_endian)
        swap_bytes(file->bytes, array);
    for (size_t i = 0; array->kind == 'b' && i < size; i++)
        file->bytes[i] = file->bytes[i] != 0;
    return TILEPROP_OK;
}

/* A value of f32 or f64, by its width. */
static double float_at(const struct tp_file *file, size_t width, size_t i)
{
    float narrow;
    double wide;
    if (width == sizeof narrow) {
        memcpy(&narrow, file->bytes + i * sizeof narrow, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, file->bytes + i * sizeof wide, sizeof wide);
    return wide;
}

/* An integer's 64 bits. */
static uint64_t bits_at(const struct tp_file *file, const struct array *array, size_t i)
{
    uint64_t bits = 0;
    memcpy(&bits, file->bytes + i * array->width, array->width);
    const unsigned unused = (unsigned)(64 - 8 * array->width);
    return array->kind == 'i' ? (uint64_t)((int64_t)(bits << unused) >> unused) : bits;
}

/* A value of an arranged array: exact, except integers of 8 bytes, which are rounded. */
static double value_at(const struct tp_file *file, const struct array *array, size_t i)
{
    if (array->kind == 'f' && array->width > 2)
        return float_at(file, array->width, i);
    const uint64_t bits = bits_at(file, array, i);
    return array->kind == 'f'   ? tp_half_value((uint16_t)bits)
           : array->kind == 'i' ? (double)(int64_t)bits
                                : (double)bits;
}

/* An integer as text, exactly. */
static int print_integer(char *text, size_t size, const struct array *array, uint64_t bits)
{
    return array->kind == 'i' ? snprintf(text, size, "%" PRId64, (int64_t)bits)
                              : snprintf(text, size, "%" PRIu64, bits);
}

/* Refuses integers that doubles cannot represent. */
static tileprop_status check_doubles(const struct tp_file *file, const struct array *array, size_t features,
                                     struct tp_error *error)
{
    for (size_t i = 0; array->kind != 'f' && array->width == 8 && i < array->values; i++) {
        const uint64_t bits = bits_at(file, array, i);
        const uint64_t size = array->kind == 'i' && bits >> 63 ? -bits : bits;
        char text[32];
        if (size >> DBL_MANT_DIG == 0 || size >> __builtin_ctzll(size) >> DBL_MANT_DIG == 0)
            continue;
        print_integer(text, sizeof text, array, bits);
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: %s in sample %zu, feature %zu (both from 0), expected an integer that a double holds "
                       "exactly; np.save(..., x.astype(np.float64)) rounds it",
                       file->path, text, i / features, i % features);
    }
    return TILEPROP_OK;
}

/* Whether floats would lose digits that an offset could keep: doubles, and integers of 4 or 8 bytes. */
static bool is_wide(const struct array *array)
{
    return array->width == 8 || (array->width == 4 && array->kind != 'f');
}

/* Converts an arranged array to floats, or to doubles if is_wide(); in place if they fit. */
static tileprop_status widen(struct tp_file *file, struct array *array, size_t features, struct tp_error *error)
{
    const size_t width = is_wide(array) ? sizeof(double) : sizeof(float);
    unsigned char *to = file->bytes;
    const tileprop_status status = check_doubles(file, array, features, error);
    if (status != TILEPROP_OK || (array->kind == 'f' && array->width == width))
        return status;
    if (array->width < width) {
        to = array->values > SIZE_MAX / width ? NULL : malloc(array->values * width);
        if (!to)
            return tp_fail_memory(error, file->path, "values as floats");
        tp_file_prefer_huge_pages(to, array->values * width);
    }
    for (size_t i = 0; i < array->values; i++) {
        const double wide = value_at(file, array, i);
        const float narrow = (float)wide;
        memcpy(to + i * width, width == sizeof wide ? (const void *)&wide : &narrow, width);
    }
    if (to != file->bytes)
        free(file->bytes);
    file->bytes = to;
    array->kind = 'f';
    array->width = width;
    return TILEPROP_OK;
}

/* What is expected instead of a value that became this float; or NULL. exact: it is an integer, less this offset. */
static const char *expected_value(double wide, float value, bool exact, double offset, enum tp_missing missing)
{
    if (isnan(value))
        return missing == TP_MISSING_MEAN ? NULL : "a finite number; train --missing mean imputes the feature's mean";
    if (isinf(value))
        return "a finite number";
    /* An offset that is not an integer was not learned from integers: their differences are rounded anyway. */
    return exact && rint(offset) == offset && (double)value + offset != wide
               ? "an integer that a float holds exactly; np.save(..., x.astype(np.float64)) allows rounding"
               : NULL;
}

/* Notes values that become the same float. */
static tileprop_status note_merged(const struct tp_file *file, const struct array *array, struct tp_notes *notes,
                                   const struct tp_schema *schema, struct tp_error *error)
{
    const size_t rows = array->shape[0], features = schema->features;
    double *room = malloc(rows * sizeof *room);
    if (!room)
        return tp_fail_memory(error, file->path, "an array");
    for (size_t j = 0; j < features; j++) {
        const struct tp_values values = {(const double *)(const void *)file->bytes + j, rows, features, features};
        char name[48];
        snprintf(name, sizeof name, "feature %zu (from 0)", j);
        tp_lost_digits_note(notes, file->path, name, &values, schema->offset ? schema->offset[j] : 0, room);
    }
    free(room);
    return TILEPROP_OK;
}

/*
 * Converts the values to floats. None overwrites one that is still to be read. No offset is learned from values that
 * are not wide: those have already lost what an offset could keep, or have too few digits to lose any.
 */
static tileprop_status make_floats(struct tp_file *file, struct array *array, enum tp_missing missing,
                                   struct tp_notes *notes, struct tp_schema *schema, struct tp_error *error)
{
    const size_t features = schema->features;
    const bool exact = array->kind != 'f';
    tileprop_status status = widen(file, array, features, error);
    if (status == TILEPROP_OK && array->width == sizeof(double))
        status = tp_offsets_learn(schema, (const double *)(const void *)file->bytes, array->shape[0], features, error);
    if (status == TILEPROP_OK && array->width == sizeof(double) && notes)
        status = note_merged(file, array, notes, schema, error);
    for (size_t i = 0; status == TILEPROP_OK && i < array->values; i++) {
        const size_t j = i % features;
        const double wide = float_at(file, array->width, i);
        const float value = tp_offsets_narrow(wide, schema->offset, j);
        memcpy(file->bytes + i * sizeof value, &value, sizeof value);
        if (isfinite(value) && !exact)
            continue;
        const char *expected = expected_value(wide, value, exact, schema->offset ? schema->offset[j] : 0, missing);
        char found[64];
        if (!expected)
            continue;
        snprintf(found, sizeof found, "%.0f", wide);
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s in sample %zu, feature %zu (both from 0), expected %s",
                         file->path,
                         isnan(value)   ? "NaN"
                         : isinf(value) ? "infinity, or a number too large for a float,"
                                        : found,
                         i / features, j, expected);
    }
    return status;
}

tileprop_status tp_npy_samples(struct tp_file *file, enum tp_missing missing, struct tp_notes *notes,
                               struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    struct array array;
    *dataset = (struct tp_dataset){0};
    tileprop_status status = read_header(file, &array, error);
    if (status == TILEPROP_OK && array.dimensions < 2)
        status =
            tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected 2 or more dimensions (samples, then features), found %zu",
                    file->path, array.dimensions);
    const bool is_u8 = array.width == 1 && array.kind != 'i';
    const size_t features = status == TILEPROP_OK ? array.values / array.shape[0] : 0;
    if (status == TILEPROP_OK && schema->features && schema->features != features)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected %zu features as in the training data, found %zu",
                         file->path, schema->features, features);
    if (status == TILEPROP_OK)
        status = arrange(file, &array, error);
    if (status == TILEPROP_OK)
        schema->features = features;
    if (!is_wide(&array)) /* validation samples, read later, must be like the training samples */
        schema->offsets = TP_OFFSETS_KNOWN;
    if (status == TILEPROP_OK && !is_u8)
        status = make_floats(file, &array, missing, notes, schema, error);
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

/* Whether each row has a single 1 and is 0 elsewhere. */
static bool is_one_hot(const struct tp_file *file, const struct array *array)
{
    const size_t columns = array->values / array->shape[0];
    size_t ones = 0;
    for (size_t i = 0; i < array->values; i++) {
        const double value = value_at(file, array, i);
        ones += value == 1;
        if ((value != 0 && value != 1) || ones > i / columns + 1 || ((i + 1) % columns == 0 && ones <= i / columns))
            return false;
    }
    return true;
}

/* A label for each sample, in one dimension or in a column. */
static tileprop_status check_labels(const struct tp_file *file, const struct array *array, size_t count,
                                    struct tp_error *error)
{
    const bool is_column = array->dimensions == 2 && array->shape[1] == 1;
    if (array->values == count && (array->dimensions == 1 || is_column))
        return TILEPROP_OK;
    if (array->dimensions == 2 && array->shape[0] == count && is_one_hot(file, array))
        return tp_fail(
            error, TILEPROP_BAD_INPUT,
            "%s: expected one label per sample, found %zu one-hot columns; np.save(..., y.argmax(1)) converts them",
            file->path, array->shape[1]);
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "%s: expected %zu labels in one dimension, one per sample, found %zu in %zu dimension%s", file->path,
                   count, array->values, array->dimensions, array->dimensions == 1 ? "" : "s");
}

static tileprop_status read_label(struct tp_label_encoder *encoder, const struct tp_file *file,
                                  const struct array *array, size_t i, uint16_t *label, struct tp_error *error)
{
    char place[512], text[32];
    const double value = value_at(file, array, i);
    snprintf(place, sizeof place, "%s: label %zu (from 0)", file->path, i);
    if (!isfinite(value))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected an integer, found %f", place, value);
    const int size = array->kind == 'f' ? snprintf(text, sizeof text, "%.17g", value)
                                        : print_integer(text, sizeof text, array, bits_at(file, array, i));
    return tp_label_encoder_label(encoder, place, text, (size_t)size, label, error);
}

tileprop_status tp_npy_labels(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                              struct tp_error *error)
{
    struct array array;
    struct tp_label_encoder encoder = {0};
    tileprop_status status = read_header(file, &array, error);
    if (status == TILEPROP_OK)
        status = arrange(file, &array, error);
    if (status == TILEPROP_OK)
        status = check_labels(file, &array, dataset->count, error);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_begin(&encoder, schema, file->path, error);
    if (status == TILEPROP_OK && !(dataset->labels = malloc(array.values * sizeof *dataset->labels)))
        status = tp_fail_memory(error, file->path, "labels");
    for (size_t i = 0; status == TILEPROP_OK && i < array.values; i++)
        status = read_label(&encoder, file, &array, i, &dataset->labels[i], error);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_finish(&encoder, schema, dataset->labels, dataset->count, error);
    dataset->classes = schema->class_count;
    tp_string_table_free(&encoder.names);
    tp_file_free(file);
    return status;
}
