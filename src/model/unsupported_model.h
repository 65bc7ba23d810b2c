/* Recognizes unsupported model files of other programs. */
#pragma once

#include "base/file.h"

/* The format of a file that is not safetensors, and how to convert it, for a message; NULL: unknown. */
const char *tp_unsupported_model(const struct tp_file *file);
