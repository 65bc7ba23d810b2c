/* The command line of `export`. */
#pragma once

#include <stdio.h>

#include "cli/options.h"

struct tp_export_command {
    const char *model;
    const char *c;    /* file */
    const char *name; /* prefix of its identifiers */
    int help, version;
    char *storage; /* freed by the caller, on error too; the members above may point into it */
};

/*
 * Fills *command from the command line, which must outlive it. Errors: TILEPROP_USAGE for what tp_options_parse()
 * refuses, for a missing model or file, and for a name that cannot begin an identifier.
 */
tileprop_status tp_export_command_parse(struct tp_export_command *command, int argc, char *const *argv,
                                        struct tp_error *error);

/* Writes --help, or other texts made from the options. */
void tp_export_command_write(tp_options_writer *write, FILE *out);
