/*
 * libFuzzer target for unsupported formats, recognized by their first bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/unsupported.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tp_file file = {.path = "fuzz", .bytes = malloc(size ? size : 1), .size = size};
    struct tp_error error = {""};
    if (!file.bytes)
        abort();
    if (size)
        memcpy(file.bytes, data, size);
    const tileprop_status status = tp_unsupported_refuse(&file, &error);
    if (status != TILEPROP_OK &&
        (status != TILEPROP_BAD_INPUT || strncmp(error.text, "fuzz: ", 6) != 0 || strchr(error.text, '\n')))
        abort();
    tp_file_free(&file);
    return 0;
}
