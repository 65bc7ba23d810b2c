/*
 * A file that is either complete or absent. It is written under a temporary name next to its own, and renamed once
 * every byte is on disk; if that fails or the program is killed, the previous file stays unchanged. The next program
 * that writes the file removes any leftover under the temporary name. It keeps the permissions of a file that it
 * replaces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

struct tp_safe_file {
    FILE *file;         /* NULL: closed */
    const char *option; /* for messages */
    char *path;         /* of the complete file; owned */
    char *temporary;    /* path of the file being written; owned */
    bool replaces;      /* it replaces a file at path */
    int error;          /* errno of the first write that failed; code that writes to `file` directly sets it */
};

/*
 * Begins the file that tp_safe_file_commit() will leave at path. Opening it before the work begins also checks that the
 * path can be written. Messages begin with option, which must outlive *safe. If path is NULL, *safe stays closed.
 * Errors: TILEPROP_FAILURE if it cannot be written there: no such directory, no permission (in a sticky directory, for
 * files that others own), not a regular file (a symbolic link may lead to one), or another writer has it open. On error
 * *safe is closed.
 */
tileprop_status tp_safe_file_open(struct tp_safe_file *safe, const char *option, const char *path,
                                  struct tp_error *error);

/* Appends bytes; tp_safe_file_commit() reports a failure. */
void tp_safe_file_write(struct tp_safe_file *safe, const void *bytes, size_t size);

/*
 * Finishes and closes the file, on error too; TILEPROP_OK if it is closed already.
 * Errors: TILEPROP_FAILURE if any byte could not be written; the previous file at path is then still there.
 */
tileprop_status tp_safe_file_commit(struct tp_safe_file *safe, struct tp_error *error);

/* Closes and removes the file. */
void tp_safe_file_discard(struct tp_safe_file *safe);
