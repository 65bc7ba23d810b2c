/*
 * libFuzzer target for parsing safetensors. A fuzzer cannot guess a length, so the first byte of the input chooses
 * whether to prepend the length of a header that ends at the first 0 byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/safetensors.h"

#define TP_BYTES_PER_BYTE 80   /* that safetensors.h allows for each byte of a header */
#define TP_BYTES_ANYWAY   4096 /* for the first object of each kind */

static size_t allocated;

static void require(int condition)
{
    if (!condition)
        abort();
}

static void *count_allocation(size_t size)
{
    allocated += size;
    return malloc(size);
}

/* Exactly as large as declared, so that reads past the end are caught. */
static struct tp_file make_file(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 1 && data[0] & 1 ? memchr(data + 1, 0, size - 1) : NULL;
    const uint64_t header = end ? (uint64_t)(end - data - 1) : 0;
    const size_t behind = end ? size - 2 - header : 0;
    struct tp_file file = {.path = "fuzz", .size = end ? 8 + header + behind : size - 1};
    file.bytes = malloc(file.size ? file.size : 1);
    require(file.bytes != NULL);
    if (end) {
        memcpy(file.bytes, &header, 8);
        memcpy(file.bytes + 8, data + 1, header);
        memcpy(file.bytes + 8 + header, end + 1, behind);
    } else {
        memcpy(file.bytes, data + 1, file.size);
    }
    return file;
}

static void check_error(tileprop_status status, const struct tp_error *error)
{
    require(status == TILEPROP_BAD_INPUT);
    require(strncmp(error->text, "fuzz: ", 6) == 0 && !strchr(error->text, '\n'));
}

/* What was read is written to memory and read once more: the same tensors. */
static void check_round(const struct tp_safetensors *read)
{
    struct tp_error error = {""};
    char *bytes = NULL;
    size_t size = 0;
    struct tp_safe_file out = {.file = open_memstream(&bytes, &size)};
    require(out.file != NULL);
    json_t *texts = json_object_get(read->header, "__metadata__"), *none = json_object();
    require(tp_safetensors_write(&out, read->tensors, read->count, texts ? texts : none, &error) == TILEPROP_OK);
    require(fclose(out.file) == 0);
    json_decref(none);

    struct tp_file file = {.path = "again", .bytes = (unsigned char *)bytes, .size = size};
    struct tp_safetensors again;
    require(tp_safetensors_parse(&again, &file, &error) == TILEPROP_OK);
    require(again.count == read->count);
    for (size_t i = 0; i < read->count; i++) {
        const struct tp_tensor *tensor = tp_safetensors_find(&again, read->tensors[i].name);
        require(tensor && tensor->size == read->tensors[i].size);
        require(memcmp(tensor->bytes, read->tensors[i].bytes, tensor->size) == 0);
    }
    tp_safetensors_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    struct tp_error error = {""};
    struct tp_safetensors read;
    json_set_alloc_funcs(count_allocation, free);
    allocated = 0;

    struct tp_file file = make_file(data, size);
    const size_t file_size = file.size;
    const tileprop_status status = tp_safetensors_parse(&read, &file, &error);
    require(allocated <= TP_BYTES_PER_BYTE * file_size + TP_BYTES_ANYWAY);
    if (status == TILEPROP_OK)
        check_round(&read);
    else
        check_error(status, &error);
    tp_safetensors_free(&read);
    return 0;
}
