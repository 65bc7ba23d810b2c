/*
 * libFuzzer target for zip archives. A fuzzer cannot guess checksums, so members read from an archive are mostly those
 * of a seed; the first byte of the input chooses the name of the member.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/npz.h"

#define TP_RATIO_MAX 1032 /* that npz.h allows */

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    static const char *const members[] = {NULL, "X", "X.npy", ""};
    const char *member = members[data[0] & 3];
    struct tp_file file = {.path = "fuzz", .bytes = malloc(size > 1 ? size - 1 : 1), .size = size - 1};
    struct tp_error error = {""};
    require(file.bytes != NULL);
    memcpy(file.bytes, data + 1, size - 1);
    const tileprop_status status = tp_npz_unpack(&file, member, &error);
    require(file.size <= TP_RATIO_MAX * size);
    require(status != TILEPROP_OK || !member || file.unpacked);
    if (status == TILEPROP_OK && file.unpacked) {
        unsigned sum = 0;
        for (size_t i = 0; i < file.size; i++)
            sum += file.bytes[i];
        require(sum <= 255 * file.size);
    }
    if (status != TILEPROP_OK) {
        require(status == TILEPROP_BAD_INPUT && !file.unpacked && file.size == size - 1);
        require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
    }
    tp_file_free(&file);
    return 0;
}
