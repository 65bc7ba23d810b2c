/*
 * Program options from one table: the command line, configuration files, --help and --print-config all read
 * the same descriptions, so they cannot disagree. Values are stored in the caller's struct, which holds the
 * defaults before parsing; the defaults that --help shows are those.
 *
 * Command line: --name VALUE or --name=VALUE, flags --name (or --name=off); names are never abbreviated, none
 * is given twice, "--" ends the options, and nothing follows it. One option's value may stand without a name.
 * A value that begins with "--" needs the form with '='. Configuration files: one `name = value` on a line
 * (flags too: on or off), '#' at the start of a line or after a blank begins a comment, and double quotes may
 * enclose a value, which keep its blanks and
 * '#'.
 *
 * Numbers are read and written in the C locale: programs do not call setlocale().
 *
 * A relative path is relative to the working folder, and in a configuration file to that file's folder, so
 * that a file means the same wherever it is read from. --print-config writes absolute paths.
 */
#ifndef TP_OPTIONS_H
#define TP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

#define TP_OPTION_TEXT_MAX 4096 /* bytes of a text or a path */

enum tp_option_kind {
    TP_OPTION_FLAG,   /* bool; true when given */
    TP_OPTION_SWITCH, /* bool; on or off */
    TP_OPTION_COUNT,  /* size_t from least to most */
    TP_OPTION_SEED,   /* uint64_t from least to most */
    TP_OPTION_REAL,   /* double from low to high */
    TP_OPTION_CHOICE, /* an enum of the size of int; one of choices */
    TP_OPTION_NAME,   /* const char *; the name of one of choices */
    TP_OPTION_SIZES,  /* size_t [items] and a size_t count, each from least to most; "none" for an empty list
                       */
    TP_OPTION_TEXT,   /* const char *; no control characters, no double quotes */
    TP_OPTION_PATH,   /* const char *; no control characters, no double quotes; in a file, from its folder */
    TP_OPTION_CONFIG  /* const char *; the configuration file to read */
};

struct tp_choice {
    const char *name;
    int value; /* several names may have one value: the first is the one that is printed */
};

struct tp_option {
    const char *name;  /* without the dashes */
    const char *group; /* heading in --help; options of a group are neighbours */
    const char *help;
    const char *argument; /* what --help calls the value; NULL for flags and switches */
    const char
        *keyword; /* numbers, paths: stands for 0 or NULL, which have no other spelling; NULL: no such word */
    const struct tp_choice *choices; /* ended by a name that is NULL; of a path: words that are no paths */
    const char *may_replace; /* of a path: the option that may read what this one writes; NULL: none may */
    const char *const
        *side_outputs; /* suffixes of what is written beside the path, instead of its own; ended by NULL */
    enum tp_option_kind kind;
    bool command_only;   /* acts at once (--help): not in files, not printed */
    bool above, below;   /* reals: low, high are not in the range */
    bool writes;         /* paths: are written, not read */
    bool fraction;       /* reals: of a percentage the message says which fraction that is */
    size_t offset;       /* of the value in the caller's struct */
    size_t count_offset; /* sizes: of the number of items */
    size_t items;        /* sizes: the most there may be */
    uint64_t least, most;
    double low, high;
};

struct tp_options {
    /* How --help begins: "Usage: PROGRAM ...", a line; what it does, a sentence; paragraphs. */
    const char *usage;
    /* How it ends: paragraphs; "Examples:" and "Exit codes:", each with lines that begin with two blanks. */
    const char *notes;
    const struct tp_option *table;
    size_t count;
    const char *operand; /* name of the option whose value may also stand alone; NULL: none may */
};

/* Where an option's value came from; the command line wins over the file, wherever --config stands. */
enum tp_option_source { TP_FROM_DEFAULT, TP_FROM_FILE, TP_FROM_COMMAND };

/*
 * Reads the command line (argv[0] is skipped) and the file that it names, if any, into *target, and sets
 * sources[options->count]. Names and paths of *target point into argv and into *storage, which the caller
 * frees after its last use of them, on error too. Errors: TILEPROP_USAGE with the option, or file, line and
 * key; what was expected and what was found; also where a file would be read and written (option_files.h).
 */
tileprop_status tp_options_parse(const struct tp_options *options, int argc, char *const *argv, void *target,
                                 enum tp_option_source *sources, char **storage, struct tp_error *error);

/* The option's place in the table, for sources[]; options->count if there is none of this name. */
size_t tp_options_index(const struct tp_options *options, const char *name);

/* Writes something about all options; defaults is the caller's struct before parsing. */
typedef void tp_options_writer(const struct tp_options *options, const void *defaults, FILE *out);

/* --help, at most 80 columns wide. */
tp_options_writer tp_options_write_help;

/* Writes every option but the command_only ones as `name = value`: a file that --config reads to the same
 * values. */
void tp_options_write_config(const struct tp_options *options, const void *target, FILE *out);

/* Writes the group's options likewise, without those that are paths. */
void tp_options_write_group(const struct tp_options *options, const char *group, const void *target,
                            FILE *out);

#endif
