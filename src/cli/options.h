/*
 * A program's options, its own and the library's: the command line, configuration files, --help and --print-config all
 * use the same descriptions. Values are stored in the caller's struct, which holds the defaults before parsing; --help
 * shows those.
 *
 * Command line: --name VALUE or --name=VALUE; flags --name (or --name=off). Names cannot be abbreviated, except -h for
 * --help. Each option may be given once; "--" ends the options, and nothing may follow it. One option's value may be
 * given without its name. A value that begins with "--" needs the form with '='. Configuration files: one `name =
 * value` per line (flags too: on or off); '#' at the start of a line or after a blank begins a comment; double quotes
 * may enclose a value and keep its blanks and '#'.
 *
 * A relative path is relative to the working folder, or in a configuration file to that file's folder, so that the file
 * means the same from everywhere. --print-config writes absolute paths.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/option_value.h"
#include "base/status.h"

#define TP_OPTIONS_MAX 128        /* of a program, with the library's */
#define TP_COUNT_MAX   1000000000 /* upper limit of counts, as in the library */
#define TP_THREADS_MAX 4096

/* An option's description, and how its program uses it. */
struct tp_option {
    const tileprop_option *is; /* offsets are of the caller's struct; `initial` says nothing */
    bool flag;                 /* a switch that may stand without a value, which is on then */
    const char *apart;         /* for a flag: the only value that may follow it without =; NULL: none */
    bool command_only;         /* acts at once (--help): not in files, not printed */
    bool writes;               /* a path that is written, not read */
    bool streams;              /* a path that is read; - is standard input */
    bool several;            /* a path, or those of several files separated by commas; streams may be such lists, too */
    bool prints;             /* for a written path: - is standard output */
    const char *may_replace; /* for a written path: the option whose file it may replace; NULL: none */
    /* Suffixes of files written beside the path, in place of its own; ends with a NULL. */
    const char *const *side_outputs;
};

#define TP_OPTION(text, place, type, heading, ...)                                                                     \
    .is = &(const tileprop_option)                                                                                     \
    {                                                                                                                  \
        .name = text, .offset = place, .kind = TILEPROP_OPTION_##type, .group = heading, __VA_ARGS__                   \
    }

/* Where the library's options are among those of the program, whose struct begins with tileprop_options. */
#define TP_TRAINING_OPTIONS .is = NULL

struct tp_options {
    /* Both from PROGRAM.help. How --help begins: "Usage: PROGRAM ...", a line; what it does, a sentence;
     * paragraphs. */
    const char *usage;
    /* How it ends: paragraphs; "Examples:" and "Exit codes:", each with lines that begin with two blanks. */
    const char *notes;
    const struct tp_option *table; /* options of a group are neighbours */
    size_t count;
    const char *operand; /* name of the option whose value may stand alone; NULL: none */
    const char *config;  /* name of the option for the configuration file; NULL: none */
    /* Names of the options in the short help; ends with a NULL. */
    const char *const *basics;
};

/* An option by its place, from 0; `is` is NULL after the last one. */
struct tp_option tp_options_at(const struct tp_options *options, size_t index);

/* Where an option's value came from. The command line wins over the file, wherever --config stands. */
enum tp_option_source { TP_FROM_DEFAULT, TP_FROM_FILE, TP_FROM_COMMAND };

/*
 * Reads the command line (without argv[0]) and the configuration file that it names, if any, into *target, and stores
 * in sources where values come from. Names and paths of *target point into argv and into *storage, which the caller
 * frees after their last use, on error too. Errors: TILEPROP_USAGE with the option, or file, line and key, what was
 * expected and what was found; also if a file would be written and read, written by two options, or called -, and if
 * two options would read standard input.
 */
tileprop_status tp_options_parse(const struct tp_options *options, int argc, char *const *argv, void *target,
                                 enum tp_option_source sources[TP_OPTIONS_MAX], char **storage, struct tp_error *error);

/* The index of an option in sources[]; one past the last if there is no such option. */
size_t tp_options_index(const struct tp_options *options, const char *name);

/* Writes something about all options; defaults is the caller's struct before parsing. */
typedef void tp_options_writer(const struct tp_options *options, const void *defaults, FILE *out);

/* The value of --help. */
enum tp_help { TP_HELP_OFF, TP_HELP_ON, TP_HELP_ALL };
extern const tileprop_choice tp_help_choices[];

/*
 * Writes --help, at most 80 columns wide: all options, or those that most runs need and how to see the others. Commands
 * have the name under which this program was called, and its prefix.
 */
tp_options_writer tp_options_write_help, tp_options_write_basic_help;

#define TP_OPTION_HELP_MAX (2 * TP_OPTION_TEXT_MAX) /* bytes */

/* Writes an option's help with its choices in braces and its default in brackets. */
void tp_options_explain(const struct tp_option *option, const void *defaults, char *text, size_t size);

/*
 * Writes every option except the command_only ones as `name = value`, a file from which --config reads the same values.
 * With a group (may be NULL), only its options that are not paths, without quotes.
 */
void tp_options_write_config(const struct tp_options *options, const char *group, const void *target, FILE *out);
