/*
 * How modules report failure: a status, which is also the program's exit code, and one line of text that
 * names the file or option, the place in it, what was found and what was expected. Only programs print it.
 */
#ifndef TP_STATUS_H
#define TP_STATUS_H

#include <stddef.h>

enum tp_status {
    TP_OK = 0,
    TP_FAILURE = 1,   /* the system refused: memory, a file that cannot be written */
    TP_USAGE = 2,     /* an option or a combination of options */
    TP_BAD_INPUT = 3, /* a data or model file */
    TP_DIVERGED = 4   /* the loss is not finite */
};

struct tp_error {
    char text[1024];
};

/* Writes the formatted message to error (which may be NULL) and returns status. */
enum tp_status tp_fail(struct tp_error *error, enum tp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Text for one line of a message: shortened, without control characters. */
struct tp_shown {
    char text[48];
};

struct tp_shown tp_show(const char *text, size_t size);

#endif
