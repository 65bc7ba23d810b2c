/*
 * A file in memory, as tp_gzip_read() returns one: a block of exactly the text's size, so that a sanitizer sees reads
 * past its end.
 */
#pragma once

#include <stdlib.h>

#include "base/file.h"
#include "tests/check.h"

static inline struct tp_file text_file_of(const void *bytes, size_t size)
{
    struct tp_file file = {.path = "t.csv", .bytes = malloc(size ? size : 1), .size = size};
    assert_non_null(file.bytes);
    memcpy(file.bytes, bytes, size);
    return file;
}

static inline struct tp_file text_file(const char *text)
{
    return text_file_of(text, strlen(text));
}
