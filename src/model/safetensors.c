#include "model/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/json_text.h"
#include "model/unsupported_model.h"

#define TP_LENGTH_BYTES 8
#define TP_DEPTH_MAX    3 /* the header, a tensor in it, its shape */

/* Tensors are read and written as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors is little-endian");

static const struct {
    const char *name;
    size_t size;
} types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
             {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};

static tileprop_status fail_tensor(const struct tp_safetensors *read, const char *name, const char *what,
                                   struct tp_error *error)
{
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: tensor \"%s\": %s", read->file.path,
                   tp_show(name, strlen(name)).text, what);
}

/*
 * Checks, before parsing, that a header nests no deeper than a valid one, which limits the parser's recursion, and does
 * not have too many values, each of which costs memory and time.
 */
static tileprop_status check_extent(const struct tp_safetensors *read, const char *text, size_t length,
                                    struct tp_error *error)
{
    size_t depth = 0, values = 1;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (quoted) {
            continue;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > TP_DEPTH_MAX)
                return tp_file_fail(&read->file, TP_LENGTH_BYTES + i, error,
                                    "expected at most %d levels of brackets, found more", TP_DEPTH_MAX);
        } else if (text[i] == '}' || text[i] == ']') {
            depth -= depth > 0;
        } else if (text[i] == ',' && ++values > TP_SAFETENSORS_VALUES_MAX) {
            return tp_file_fail(&read->file, TP_LENGTH_BYTES + i, error,
                                "expected a header of at most %d values, found more", TP_SAFETENSORS_VALUES_MAX);
        }
    }
    return TILEPROP_OK;
}

static tileprop_status parse_header(struct tp_safetensors *read, size_t *header_size, struct tp_error *error)
{
    const char *path = read->file.path;
    const size_t size = read->file.size;
    if (size < TP_LENGTH_BYTES)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a safetensors file of at least %d bytes, found %zu",
                       path, TP_LENGTH_BYTES, size);
    const size_t behind = size - TP_LENGTH_BYTES;
    const size_t most = behind < TP_SAFETENSORS_HEADER_MAX ? behind : TP_SAFETENSORS_HEADER_MAX;
    size_t length;
    memcpy(&length, read->file.bytes, sizeof length);
    const char *text = (const char *)read->file.bytes + TP_LENGTH_BYTES;
    const char *other = length > most || length == 0 || text[0] != '{' ? tp_unsupported_model(&read->file) : NULL;
    if (other)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s", path, other);
    if (length > most && (behind == 0 || text[0] != '{'))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a safetensors file, as train saves it, found no header",
                       path);
    if (length > most)
        return tp_file_fail(&read->file, 0, error,
                            "expected a header of at most %zu bytes in a safetensors file of this size, found %zu",
                            most, length);
    if (length == 0 || text[0] != '{')
        return tp_file_fail(&read->file, TP_LENGTH_BYTES, error, "expected {, the start of a safetensors header");
    const tileprop_status status = check_extent(read, text, length, error);
    if (status != TILEPROP_OK)
        return status;
    json_error_t wrong;
    read->header = tp_json_text_read(text, length, JSON_REJECT_DUPLICATES, &wrong);
    if (!read->header && errno == ENOMEM)
        return tp_fail_memory(error, path, "the header");
    if (!read->header)
        return tp_file_fail(&read->file, TP_LENGTH_BYTES + (size_t)wrong.position, error, "the header is not JSON: %s",
                            tp_show(wrong.text, strlen(wrong.text)).text);
    *header_size = TP_LENGTH_BYTES + length;
    return TILEPROP_OK;
}

static tileprop_status check_texts(const struct tp_safetensors *read, json_t *texts, struct tp_error *error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(texts))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: expected an object of texts", read->file.path);
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: \"%s\": expected a text", read->file.path,
                           tp_show(key, strlen(key)).text);
    }
    return TILEPROP_OK;
}

/* Reads a count; false if it is not one. */
static bool get_size(const json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

/* Fills in the tensor from its entry in the header. */
static tileprop_status parse_tensor(const struct tp_safetensors *read, const char *name, json_t *said,
                                    size_t header_size, struct tp_tensor *tensor, struct tp_error *error)
{
    const json_t *type = json_object_get(said, "dtype"), *shape = json_object_get(said, "shape");
    const json_t *places = json_object_get(said, "data_offsets");
    const size_t values_size = read->file.size - header_size;
    size_t begin = 0, end = 0;
    if (!json_is_string(type) || !json_is_array(shape) || !json_is_array(places) || json_object_size(said) != 3)
        return fail_tensor(read, name, "expected dtype, shape and data_offsets, and nothing else", error);
    *tensor = (struct tp_tensor){.name = name, .dimensions = json_array_size(shape)};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(json_string_value(type), types[i].name) == 0) {
            tensor->type = types[i].name;
            tensor->size = types[i].size;
        }
    }
    if (!tensor->type)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: tensor \"%s\": expected dtype F32, found %s; convert the tensor to F32", read->file.path,
                       tp_show(name, strlen(name)).text,
                       tp_show(json_string_value(type), json_string_length(type)).text);
    if (tensor->dimensions > TP_TENSOR_DIMENSIONS_MAX)
        return fail_tensor(read, name, "expected at most 8 dimensions, found more", error);
    bool fits = true;
    for (size_t d = 0; d < tensor->dimensions; d++) {
        if (!get_size(json_array_get(shape, d), &tensor->shape[d]))
            return fail_tensor(read, name, "shape: expected integers >= 0", error);
        fits &= !__builtin_mul_overflow(tensor->size, tensor->shape[d], &tensor->size);
    }
    if (json_array_size(places) != 2 || !get_size(json_array_get(places, 0), &begin) ||
        !get_size(json_array_get(places, 1), &end) || begin > end || end > values_size)
        return fail_tensor(read, name, "data_offsets: expected two offsets within the file's data", error);
    if (!fits || end - begin != tensor->size)
        return fail_tensor(read, name, "data_offsets: expected as many bytes as dtype and shape imply", error);
    tensor->bytes = read->file.bytes + header_size + begin;
    return TILEPROP_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct tp_tensor *x = a, *y = b;
    const char *p = x->bytes, *q = y->bytes;
    return p != q ? (p > q) - (p < q) : (x->size > y->size) - (x->size < y->size);
}

/* Checks that every byte of the values belongs to exactly one tensor. */
static tileprop_status check_places(const struct tp_safetensors *read, size_t header_size, struct tp_error *error)
{
    const unsigned char *next = read->file.bytes + header_size;
    for (size_t i = 0; i < read->count; i++) {
        if (read->tensors[i].bytes != (const void *)next)
            return fail_tensor(read, read->tensors[i].name,
                               "data_offsets: expected adjacent tensors, found a gap or an overlap", error);
        next += read->tensors[i].size;
    }
    const size_t end = (size_t)(next - read->file.bytes);
    if (end != read->file.size)
        return tp_file_fail(&read->file, end, error, "expected the end after the last tensor, found %zu bytes",
                            read->file.size - end);
    return TILEPROP_OK;
}

static tileprop_status parse_tensors(struct tp_safetensors *read, size_t header_size, struct tp_error *error)
{
    const char *name;
    json_t *said;
    tileprop_status status = TILEPROP_OK;
    read->tensors = malloc((json_object_size(read->header) + 1) * sizeof *read->tensors);
    if (!read->tensors)
        return tp_fail_memory(error, read->file.path, "tensors");
    json_object_foreach(read->header, name, said)
    {
        if (strcmp(name, "__metadata__") == 0)
            status = check_texts(read, said, error);
        else
            status = parse_tensor(read, name, said, header_size, &read->tensors[read->count++], error);
        if (status != TILEPROP_OK)
            return status;
    }
    qsort(read->tensors, read->count, sizeof *read->tensors, by_place);
    return check_places(read, header_size, error);
}

uint64_t tp_safetensors_checksum(const struct tp_tensor *tensors, size_t count, json_t *texts)
{
    uint64_t sum = 0;
    const char *key;
    json_t *value;
    for (size_t i = 0; i < count; i++) {
        char shape[256];
        tp_tensor_describe(&tensors[i], shape, sizeof shape);
        const uint64_t name = XXH3_64bits(tensors[i].name, strlen(tensors[i].name));
        const uint64_t seed = XXH3_64bits_withSeed(shape, strlen(shape), name);
        sum += XXH3_64bits_withSeed(tensors[i].bytes, tensors[i].size, seed);
    }
    json_object_foreach(texts, key, value)
    {
        if (strcmp(key, TP_CHECKSUM_KEY) != 0)
            sum += XXH3_64bits_withSeed(json_string_value(value), json_string_length(value),
                                        XXH3_64bits(key, strlen(key)));
    }
    return sum;
}

static tileprop_status verify(const struct tp_safetensors *read, struct tp_error *error)
{
    const char *found = tp_safetensors_text(read, TP_CHECKSUM_KEY);
    json_t *texts = json_object_get(read->header, "__metadata__");
    char expected[17];
    if (!found)
        return TILEPROP_OK;
    snprintf(expected, sizeof expected, "%016" PRIx64, tp_safetensors_checksum(read->tensors, read->count, texts));
    if (strcmp(found, expected) == 0)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "%s: __metadata__: " TP_CHECKSUM_KEY ": expected %s for this content, found %s: the file is damaged "
                   "or was edited; without this key an edited file is accepted",
                   read->file.path, expected, tp_show(found, strlen(found)).text);
}

tileprop_status tp_safetensors_parse(struct tp_safetensors *read, struct tp_file *file, struct tp_error *error)
{
    *read = (struct tp_safetensors){.file = *file};
    *file = (struct tp_file){0};
    size_t header_size;
    tileprop_status status = parse_header(read, &header_size, error);
    if (status == TILEPROP_OK)
        status = parse_tensors(read, header_size, error);
    if (status == TILEPROP_OK)
        status = verify(read, error);
    if (status != TILEPROP_OK)
        tp_safetensors_free(read);
    return status;
}

void tp_safetensors_free(struct tp_safetensors *read)
{
    tp_file_free(&read->file);
    json_decref(read->header);
    free(read->tensors);
    *read = (struct tp_safetensors){0};
}

const struct tp_tensor *tp_safetensors_find(const struct tp_safetensors *read, const char *name)
{
    for (size_t i = 0; i < read->count; i++)
        if (strcmp(read->tensors[i].name, name) == 0)
            return &read->tensors[i];
    return NULL;
}

const char *tp_safetensors_text(const struct tp_safetensors *read, const char *key)
{
    return json_string_value(json_object_get(json_object_get(read->header, "__metadata__"), key));
}

void tp_tensor_describe(const struct tp_tensor *tensor, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "%s [", tensor->type);
    for (size_t d = 0; d < tensor->dimensions && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, d ? ", %zu" : "%zu", tensor->shape[d]);
    if (length < size)
        snprintf(text + length, size - length, "]");
}

/* A tensor's entry in the header; its values begin at *place. */
static json_t *describe(const struct tp_tensor *tensor, size_t *place)
{
    json_t *shape = json_array();
    for (size_t d = 0; d < tensor->dimensions; d++)
        tp_json_text_append(&shape, json_integer((json_int_t)tensor->shape[d]));
    const size_t begin = *place;
    *place += tensor->size;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->type, "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)*place);
}

tileprop_status tp_safetensors_write(struct tp_safe_file *out, const struct tp_tensor *tensors, size_t count,
                                     json_t *texts, struct tp_error *error)
{
    json_t *header = json_object();
    size_t place = 0;
    tp_json_text_set(&header, "__metadata__", json_incref(texts));
    for (size_t i = 0; i < count; i++)
        tp_json_text_set(&header, tensors[i].name, describe(&tensors[i], &place));
    char *text = tp_json_text_write(header, JSON_COMPACT);
    json_decref(header);
    if (!text)
        return tp_fail_memory(error, out->path, "a header");

    /* Blanks after it align the values to multiples of 8, on which readers that map the file rely. */
    static const char blanks[8] = "        ";
    const size_t length = strlen(text), padding = -length % sizeof blanks;
    if (length + padding > TP_SAFETENSORS_HEADER_MAX) {
        free(text);
        return tp_fail(error, TILEPROP_FAILURE, "%s: %s: expected a header of at most %zu bytes, found %zu",
                       out->option, out->path, TP_SAFETENSORS_HEADER_MAX, length);
    }
    const uint64_t header_size = length + padding;
    tp_safe_file_write(out, &header_size, sizeof header_size);
    tp_safe_file_write(out, text, length);
    tp_safe_file_write(out, blanks, padding);
    for (size_t i = 0; i < count; i++)
        tp_safe_file_write(out, tensors[i].bytes, tensors[i].size);
    free(text);
    return TILEPROP_OK;
}
