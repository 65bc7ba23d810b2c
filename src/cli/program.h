/*
 * What the programs have in common: descriptors, signals, instruction sets, the JSON object that --json writes as one
 * line, and how they end. A program calls itself by the name it was called by, program_invocation_short_name.
 */
#pragma once

#include <jansson.h>

#include "base/status.h"

#define TP_LABEL "%-12s" /* the start of a report line */

/*
 * Opens what is closed of descriptors 0 to 2, so that no other file gets them, and lets writes to a closed pipe,
 * and what a limit on files' sizes refuses, fail instead of kill. To be called before anything is opened and any
 * thread is started.
 */
void tp_program_begin(void);

/*
 * Writes and frees the object, with numbers that read back as the same doubles. NULL, of which memory was
 * short, is an error too: only here it needs a check.
 * Errors: TILEPROP_FAILURE if out of memory. Errors of standard output are left to the stream.
 */
tileprop_status tp_program_json(json_t *object, struct tp_error *error);

/*
 * Flushes standard output, unless something failed before, and says on standard error what failed. That the
 * reader of a pipe has left is its decision and no error.
 * Returns status; TILEPROP_FAILURE if something could not be written.
 */
tileprop_status tp_program_finish(tileprop_status status, struct tp_error *error);

/* Notes on standard error that the file has no checksum. */
void tp_program_note_unverified(const char *path);

/*
 * Ctrl-C, SIGTERM, SIGHUP and SIGXCPU: the first one asks for an orderly end, the second one ends the process.
 * One that is ignored stays ignored. To be called once, before any thread is started.
 */
void tp_program_catch_stop(void);

/* From now on the process ends this many seconds after such a signal, whatever it is doing. */
void tp_program_end_within(double seconds);

/* The signal that came, or 0. */
int tp_program_stopped(void);

/* Pretends that this signal came: another process of the run received it. */
void tp_program_stop_as(int number);

/*
 * Replaces *isa, what --isa was given, by the name of the tier to run: the one asked for, or a lower one if
 * `ceiling` (the environment's TILEPROP_ISA; NULL or empty: none) names it. "auto" is the fastest tier that
 * runs here.
 * Errors: TILEPROP_USAGE for a tier that this build or this CPU lacks, in either place, naming those it has.
 */
tileprop_status tp_program_choose_isa(const char **isa, const char *ceiling, struct tp_error *error);
