/* The command line of `train`. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "cli/options.h"
#include "readers/libsvm.h"
#include "readers/table.h"
#include "tileprop/run.h"

/* One of them is not 0. */
struct tp_interval {
    size_t steps, epochs;
    double seconds;
};

#define TP_REAL_TEXT 32 /* bytes of a real as text */

/* An option of the configuration file that the command line's --optimizer has no use for. */
struct tp_dropped {
    const char *name;
    char value[TP_REAL_TEXT];
};

struct tp_train_command {
    tileprop_options options; /* first, as options.h wants it */
    int explain;
    const char *data;   /* directory or file; NULL: where the shipped data are */
    const char *labels; /* file; NULL: none */
    const char *val_data, *val_labels;
    struct tp_table_options table;
    struct tp_libsvm_options libsvm;
    const char *class_weight; /* "balanced" or a file; NULL: none */
    size_t train_limit;       /* samples; 0: all */
    size_t val_limit;         /* likewise */
    double val_split;         /* fraction of the training set to validate on; 0: the validation files */
    size_t test_holdout;      /* samples of the training files to test on; 0: none */
    const char *save;         /* file; NULL: none; and those that follow */
    const char *save_best;
    const char *checkpoint;
    const char *checkpoint_every; /* as it was given; the same follows */
    struct tp_interval checkpoint_interval;
    const char *resume; /* file or "auto" */
    int resume_inexact;
    const char *history;
    const char *plot, *plot_with;
    int json, quiet;
    int stats;          /* only say what the data are */
    int check_gradient; /* only check gradients */
    const char *config;
    int print_config, help, version;
    struct tp_dropped dropped[5]; /* up to a NULL name */
    const char *logged; /* an option of columns of the history that the command line turns on; NULL: none does */
    char *storage;      /* to be freed, after an error too; what is above may point into it */
};

/*
 * Fills *command from the command line, which must outlive it, and the configuration file that it names. Errors:
 * TILEPROP_USAGE for what tp_options_parse() refuses and for an option that the optimizer or another option makes
 * useless.
 */
tileprop_status tp_train_command_parse(struct tp_train_command *command, int argc, char *const *argv,
                                       struct tp_error *error);

/*
 * Applies the environment's OpenMP settings: without --threads, OMP_NUM_THREADS is the number of threads, unless it is
 * not a number or more than there are CPUs. If the environment binds threads, --bind auto means none.
 */
void tp_train_command_environment(struct tp_train_command *command);

/* Writes --help, or what else is made of the options. */
void tp_train_command_write(tp_options_writer *write, FILE *out);
void tp_train_command_write_config(const struct tp_train_command *command, FILE *out);

/*
 * The same as text, for another process, and back. Errors: NULL if out of memory; those of tp_train_command_parse().
 * The text is to be freed.
 */
char *tp_train_command_text(const struct tp_train_command *command, size_t *size);
tileprop_status tp_train_command_parse_text(struct tp_train_command *command, const char *text, size_t size,
                                            struct tp_error *error);

/*
 * Writes the options that decide what is trained, without paths: the same for the same run on any machine. Options left
 * to the data or to other options are written with their resolved values once tileprop_options_resolve() has set them.
 */
void tp_train_command_write_training(const struct tp_train_command *command, FILE *out);

/* What --header takes. */
extern const tileprop_choice tp_header_choices[], tp_index_base_choices[], tp_unseen_choices[];
