/* The command line of `predict`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/options.h"
#include "readers/libsvm.h"
#include "readers/table.h"

enum tp_invert { TP_INVERT_AUTO, TP_INVERT_ON, TP_INVERT_OFF };
enum tp_row_format { TP_ROWS_CSV, TP_ROWS_JSONL };

struct tp_predict_command {
    const char *model;
    const char *data;              /* directory or file; NULL: where the shipped data are */
    const char *set;               /* "t10k" or "train" of a directory */
    const char *labels;            /* of a file; NULL: none */
    enum tp_header header;         /* of a table */
    size_t skip_lines;             /* likewise */
    enum tp_unseen unseen;         /* likewise */
    enum tp_index_base index_base; /* of libsvm's text */
    const char *image;             /* PNG, instead of data; NULL: none */
    enum tp_invert invert;
    size_t limit; /* samples; 0: all */
    size_t threads, threads_exact;
    const char *isa;
    const char *output; /* file; NULL: none */
    bool print_rows;    /* to standard output, which then has no report */
    enum tp_row_format format;
    const char *errors; /* PNG; NULL: none */
    size_t worst;       /* errors to show */
    int json;
    int help, version;
    char *storage; /* to be freed, after an error too; what is above may point into it */
};

/*
 * Fills *command from the command line, which must outlive it. Errors: TILEPROP_USAGE for what tp_options_parse()
 * refuses, for a missing model, and for options that cannot be combined.
 */
tileprop_status tp_predict_command_parse(struct tp_predict_command *command, int argc, char *const *argv,
                                         struct tp_error *error);

/* Writes --help, or other texts made from the options. */
void tp_predict_command_write(tp_options_writer *write, FILE *out);
