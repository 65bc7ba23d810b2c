/*
 * What the programs have in common: descriptors, signals, instruction sets, the JSON object that --json writes as one
 * line, and how they end. A program calls itself by the name it was called by, program_invocation_short_name.
 */
#pragma once

#include <jansson.h>

#include "base/status.h"

#define TP_LABEL "%-12s" /* the start of a report line */

/*
 * Opens those of descriptors 0 to 2 that are closed, so that no other file gets them, and makes writes to a closed pipe
 * or beyond a file size limit fail instead of killing the process. Call it before anything is opened and any thread is
 * started.
 */
void tp_program_begin(void);

/*
 * Writes and frees the object, with numbers that read back as the same doubles. NULL (out of memory) is an error too,
 * so callers need not check. Errors: TILEPROP_FAILURE if out of memory. Write errors of standard output are left to the
 * stream.
 */
tileprop_status tp_program_json(json_t *object, struct tp_error *error);

/*
 * Flushes standard output, unless something failed before, and reports a failure on standard error. A pipe whose reader
 * has left is not an error. Returns status, or TILEPROP_FAILURE if something could not be written.
 */
tileprop_status tp_program_finish(tileprop_status status, struct tp_error *error);

/* Notes on standard error that the file has no checksum. */
void tp_program_note_unverified(const char *path);

/*
 * Ctrl-C, SIGTERM, SIGHUP and SIGXCPU: the first one asks for an orderly end, the second one ends the process. Ignored
 * signals stay ignored. Call it once, before any thread is started.
 */
void tp_program_catch_stop(void);

/* From now on the process ends this many seconds after such a signal, whatever it is doing. */
void tp_program_end_within(double seconds);

/* The signal that came, or 0. */
int tp_program_stopped(void);

/* Pretends that this signal came: another process of the run received it. */
void tp_program_stop_as(int number);

/*
 * Replaces *isa, the value of --isa, by the name of the tier to run: the requested one, or a lower one if `ceiling`
 * (the environment's TILEPROP_ISA; NULL or empty: none) names it. "auto" is the fastest tier of this CPU. Errors:
 * TILEPROP_USAGE for a tier that this build or this CPU lacks, in either place, with the available ones.
 */
tileprop_status tp_program_choose_isa(const char **isa, const char *ceiling, struct tp_error *error);
