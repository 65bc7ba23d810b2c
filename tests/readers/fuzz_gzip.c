/*
 * libFuzzer target for the framing of gzip files. A fuzzer cannot guess checksums, so the first byte of the input
 * chooses how much of the rest is compressed and how the resulting members are changed.
 */
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "readers/gzip.h"

#define TP_RATIO_MAX 1032 /* that file.h allows */

/* Fields of the first byte. Packed are as many bytes as the second one says, the
 * others follow as they are. */
enum { PACKED = 1, TWO_MEMBERS = 2, WITH_NAME = 4, CLAIM = 8, IN_GZIP = 16, PADDED = 32 /* with zeros, up to 8 */ };

static struct libdeflate_compressor *compressor;

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
    if (size)
        memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

/* A member as gzip(1) writes one, with a name in its header if choices say so. */
static void append_member(struct tp_file *file, unsigned choices, const uint8_t *bytes, size_t size)
{
    struct tp_file member = new_file(libdeflate_gzip_compress_bound(compressor, size));
    const size_t packed = libdeflate_gzip_compress(compressor, bytes, size, member.bytes,
                                                   libdeflate_gzip_compress_bound(compressor, size));
    require(packed > 10);
    if (choices & WITH_NAME)
        member.bytes[3] |= 8; /* FNAME: a text that ends with a zero follows the ten bytes (RFC 1952) */
    append(file, member.bytes, 10);
    if (choices & WITH_NAME)
        append(file, (const uint8_t *)"name", 5);
    append(file, member.bytes + 10, packed - 10);
    tp_file_free(&member);
}

static struct tp_file make_file(unsigned choices, size_t packed, const uint8_t *bytes, size_t size)
{
    packed = !(choices & PACKED) ? 0 : packed < size ? packed : size;
    struct tp_file file = new_file(2 * libdeflate_gzip_compress_bound(compressor, size) + 16 + size);
    if (choices & PACKED) {
        const size_t cut = choices & TWO_MEMBERS ? packed / 2 : 0;
        if (choices & TWO_MEMBERS)
            append_member(&file, choices, bytes, cut);
        append_member(&file, choices, bytes + cut, packed - cut);
    }
    /* The last bytes of a member are its size, or a false claim of it. */
    if ((choices & CLAIM) && file.size && size - packed >= 4)
        memcpy(file.bytes + file.size - 4, bytes + packed, 4);
    else
        append(&file, bytes + packed, size - packed);
    if (!(choices & IN_GZIP))
        return file;
    struct tp_file outer = new_file(libdeflate_gzip_compress_bound(compressor, file.size) + 8);
    append_member(&outer, 0, file.bytes, file.size);
    tp_file_free(&file);
    return outer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return -1;
    if (!compressor)
        compressor = libdeflate_alloc_compressor(1);
    require(compressor != NULL);
    const size_t zeros = data[0] & PADDED ? data[1] % 8 + 1 : 0;
    struct tp_file made = make_file(data[0], data[1], data + 2, size - 2), file = new_file(made.size + zeros);
    append(&file, made.bytes, made.size); /* exactly its size, so that reads past the end are caught */
    append(&file, (const uint8_t[8]){0}, zeros);
    tp_file_free(&made);
    struct tp_error error = {""};
    const size_t packed = file.size;
    const bool whole = (data[0] & (PACKED | CLAIM | IN_GZIP)) == PACKED && data[1] >= size - 2;

    const tileprop_status status = tp_gzip_unpack(&file, &error);
    require(file.size <= TP_RATIO_MAX * packed);
    if (status == TILEPROP_OK) {
        require(file.unpacked || (file.size == packed && !whole));
        require(!whole || (file.size == size - 2 && memcmp(file.bytes, data + 2, size - 2) == 0));
    } else {
        /* Packed text that is gzip itself is refused too. */
        require(status == TILEPROP_BAD_INPUT && (!whole || (size > 3 && data[2] == 0x1f)));
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_file_free(&file);
    return 0;
}
