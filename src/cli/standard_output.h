/*
 * The end of what a program says.
 */
#ifndef TP_STANDARD_OUTPUT_H
#define TP_STANDARD_OUTPUT_H

#include "base/status.h"

/*
 * Flushes standard output. That the reader of a pipe has left is its decision and no error.
 * Errors: TILEPROP_FAILURE if something could not be written.
 */
tileprop_status tp_standard_output_finish(struct tp_error *error);

#endif
