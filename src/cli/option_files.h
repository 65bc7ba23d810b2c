/*
 * The files that a command line names: none is written that is read, or by two options.
 */
#ifndef TP_OPTION_FILES_H
#define TP_OPTION_FILES_H

#include "cli/options.h"

/*
 * Compares what options write with what all others name, links and other spellings included; of a directory
 * of data with its IDX files. An option may write what its may_replace names. Errors: TILEPROP_USAGE with
 * both options and the file.
 */
tileprop_status tp_option_files_check(const struct tp_options *options, const void *target,
                                      struct tp_error *error);

#endif
