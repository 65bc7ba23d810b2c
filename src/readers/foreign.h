/*
 * Well-known formats that are not read here, which are called by their names.
 */
#pragma once

#include "base/file.h"

/*
 * Refuses a file, unpacked if it was gzip, that is in another program's format. What could be the text of a table is
 * not taken for one. Errors: TILEPROP_BAD_INPUT with the format and how to convert it.
 */
tileprop_status tp_foreign_refuse(const struct tp_file *file, struct tp_error *error);
