/*
 * How modules report failure: a status, which is also the program's exit code, and one line of text that
 * names the file or option, the place in it, what was found and what was expected. Only programs print it.
 */
#pragma once

#include <stddef.h>

#include "tileprop/choices.h"

struct tp_error {
    char text[1024];
};

/* Writes the formatted message to error (which may be NULL) and returns status. */
tileprop_status tp_fail(struct tp_error *error, tileprop_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns TILEPROP_FAILURE. place, a path or an option, may be NULL; what: what there is no memory for, such as "a
 * schema". */
tileprop_status tp_fail_memory(struct tp_error *error, const char *place, const char *what);

/* Text for one line of a message: shortened, without control characters. */
struct tp_shown {
    char text[48];
};

struct tp_shown tp_show(const char *text, size_t size);
