/*
 * libFuzzer target for PNG images. A fuzzer cannot guess checksums, so those of the chunks are corrected.
 */
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/image.h"

#define TP_MAGIC_SIZE 8
#define TP_CHUNK_SIZE 12 /* of a chunk without data: length, name, checksum */

static void require(int condition)
{
    if (!condition)
        abort();
}

static void correct_checksums(uint8_t *bytes, size_t size)
{
    for (size_t at = TP_MAGIC_SIZE; size >= at && size - at >= TP_CHUNK_SIZE;) {
        const size_t length =
            (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (length > size - at - TP_CHUNK_SIZE)
            return;
        uint8_t *end = bytes + at + 8 + length;
        const uint32_t sum = libdeflate_crc32(0, bytes + at + 4, 4 + length);
        for (int i = 0; i < 4; i++)
            end[i] = (uint8_t)(sum >> (24 - 8 * i));
        at += TP_CHUNK_SIZE + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tp_file file = {.path = "fuzz", .bytes = malloc(size ? size : 1), .size = size};
    require(file.bytes != NULL);
    if (size)
        memcpy(file.bytes, data, size);
    correct_checksums(file.bytes, size);
    struct tp_error error = {""};
    struct tp_image image = {0};

    const tileprop_status status = tp_image_parse(&image, &file, &error);
    if (status == TILEPROP_OK) {
        unsigned sum = 0;
        require(image.width * image.height <= TP_IMAGE_RATIO_MAX * size);
        for (size_t i = 0; i < image.width * image.height; i++)
            sum += image.pixels[i];
        require(sum <= 255 * image.width * image.height);
    } else {
        require(status == TILEPROP_BAD_INPUT && !image.pixels);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_image_free(&image);
    tp_file_free(&file);
    return 0;
}
