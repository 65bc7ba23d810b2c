/*
 * Standard output: that writing to it may fail, the JSON object that --json writes as one line, and that all
 * could be written.
 */
#ifndef TP_STANDARD_OUTPUT_H
#define TP_STANDARD_OUTPUT_H

#include <jansson.h>

#include "base/status.h"

#define TP_LABEL "%-12s" /* what a line of a report begins with */

/* Lets writes to a closed pipe, and what a limit on files' sizes refuses, fail instead of kill. To be called
 * before any thread is started. */
void tp_standard_output_begin(void);

/*
 * Writes and frees the object, with numbers that read back as the same doubles. NULL, of which memory was
 * short, is an error too: only here it needs a check.
 * Errors: TILEPROP_FAILURE without memory. Errors of standard output are left to the stream.
 */
tileprop_status tp_standard_output_json(json_t *object, struct tp_error *error);

/*
 * Flushes standard output, unless something failed before, and says on standard error what failed. That the
 * reader of a pipe has left is its decision and no error.
 * Returns status; TILEPROP_FAILURE if something could not be written.
 */
tileprop_status tp_standard_output_finish(const char *program, tileprop_status status,
                                          struct tp_error *error);

#endif
