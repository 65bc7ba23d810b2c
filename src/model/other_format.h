/*
 * Files in which other programs keep models, which are not read here.
 */
#pragma once

#include "base/file.h"

/* What a file that is no safetensors is instead, and how to make safetensors of it, for a message; NULL: unknown. */
const char *tp_other_format(const struct tp_file *file);
