/* Notes on the decisions that readers make for the user, for a report. */
#pragma once

#include <stddef.h>

#include "base/status.h"

#define TP_NOTES_MAX 8

struct tp_notes {
    const char *format; /* the file's: table, libsvm or array; NULL: nothing was read */
    struct tp_error lines[TP_NOTES_MAX];
    size_t count;
};

/* Adds a line while there is room; notes may be NULL. */
void tp_notes_add(struct tp_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
