#include "readers/gzip.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "readers/stream.h"
#include "readers/unsupported.h"

/* Up to this ratio the size that a gzip file claims is allocated at once. */
#define TP_DEFLATE_RATIO_TRUSTED 32

static bool is_gzip(const unsigned char *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/*
 * The capacity to try first. The last four bytes of a gzip file are the size of its last member modulo 2^32
 * (RFC 1952, 2.3.1): nearly always the size of everything, but only a claim.
 */
static size_t first_capacity(const struct tp_file *packed)
{
    const size_t size = packed->size, trusted = size * TP_DEFLATE_RATIO_TRUSTED;
    size_t claim = 0;
    for (size_t i = 0; i < 4 && i < size; i++)
        claim = claim << 8 | packed->bytes[size - 1 - i];
    return claim < size ? size : claim < trusted ? claim : trusted;
}

/* Whether only zeros follow, as on tapes and block devices; gzip(1) skips them, too. */
static bool is_padding(const struct tp_file *packed, size_t offset)
{
    while (offset < packed->size && packed->bytes[offset] == 0)
        offset++;
    return offset == packed->size;
}

/* Unpacks every member of packed to the end of plain, which starts empty. */
static tileprop_status gunzip(struct tp_file *plain, const struct tp_file *packed,
                              struct libdeflate_decompressor *decompressor, struct tp_error *error)
{
    const size_t limit = packed->size * TP_DEFLATE_RATIO_MAX;
    size_t capacity = 0, wanted = first_capacity(packed), offset = 0;

    while (!is_padding(packed, offset)) {
        if (wanted > capacity) {
            if (plain->size == 0) { /* nothing that realloc() would have to copy */
                free(plain->bytes);
                plain->bytes = NULL;
            }
            unsigned char *grown = realloc(plain->bytes, wanted);
            if (!grown)
                return tp_fail(error, TILEPROP_FAILURE, "%s: out of memory: %zu bytes needed", packed->path, wanted);
            plain->bytes = grown;
            capacity = wanted;
            tp_file_prefer_huge_pages(plain->bytes, capacity);
        }
        if (!is_gzip(packed->bytes + offset, packed->size - offset))
            return tp_file_fail(packed, offset, error,
                                "expected the end of the file after the gzip stream, found %zu trailing bytes",
                                packed->size - offset);

        size_t consumed, produced;
        const enum libdeflate_result result =
            libdeflate_gzip_decompress_ex(decompressor, packed->bytes + offset, packed->size - offset,
                                          plain->bytes + plain->size, capacity - plain->size, &consumed, &produced);
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE && capacity < limit) {
            wanted = capacity > limit / 2 ? limit : 2 * capacity;
            continue;
        }
        if (result != LIBDEFLATE_SUCCESS)
            return tp_file_fail(packed, offset, error, "the gzip stream that starts here is corrupt or truncated");
        offset += consumed;
        plain->size += produced;
    }

    unsigned char *shrunk = realloc(plain->bytes, plain->size ? plain->size : 1);
    plain->bytes = shrunk ? shrunk : plain->bytes;
    return TILEPROP_OK;
}

tileprop_status tp_gzip_unpack(struct tp_file *file, struct tp_error *error)
{
    if (!is_gzip(file->bytes, file->size))
        return TILEPROP_OK;

    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return tp_fail_memory(error, file->path, "unpacking");
    struct tp_file plain = {.path = file->path, .unpacked = true};
    tileprop_status status = gunzip(&plain, file, decompressor, error);
    libdeflate_free_decompressor(decompressor);

    if (status != TILEPROP_OK) {
        tp_file_free(&plain);
        return status;
    }
    tp_file_free(file);
    *file = plain;
    if (is_gzip(file->bytes, file->size))
        status = tp_file_fail(file, 0, error, "expected gzip once, found data that look compressed twice");
    return status;
}

tileprop_status tp_gzip_read(struct tp_file *file, const char *path, struct tp_error *error)
{
    tileprop_status status = tp_stream_read(file, path, error);
    if (status == TILEPROP_OK)
        status = tp_gzip_unpack(file, error);
    if (status == TILEPROP_OK)
        status = tp_unsupported_refuse(file, error);
    if (status != TILEPROP_OK)
        tp_file_free(file);
    return status;
}
