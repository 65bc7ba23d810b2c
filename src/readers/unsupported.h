/* Recognizes well-known formats that are not supported. */
#pragma once

#include "base/file.h"

/*
 * Refuses a file (unpacked if it was gzip) in another program's format. Anything that could be a text table passes.
 * Errors: TILEPROP_BAD_INPUT with the format and how to convert it.
 */
tileprop_status tp_unsupported_refuse(const struct tp_file *file, struct tp_error *error);
