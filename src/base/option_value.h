/*
 * One option's value as text: read, written, and described for messages. tileprop.h describes options.
 *
 * Numbers are read and written in the C locale: the library ensures that, and programs do not call setlocale().
 */
#pragma once

#include <stddef.h>

#include "base/status.h"
#include "tileprop/tileprop.h"

#define TP_OPTION_TEXT_MAX 4096 /* bytes of a text or a path */

/*
 * Parses text and stores the value in the struct that has the option; a text option stores the pointer itself.
 * Errors: TILEPROP_USAGE with place (such as "--" or a file and a line), name, what was expected and what was found;
 * the struct's value is then unspecified.
 */
tileprop_status tp_option_parse(const tileprop_option *option, const char *place, const char *text, void *target,
                                struct tp_error *error);

/*
 * Writes the value in the form that tp_option_parse() reads; an empty text if the value is an absent text that has no
 * word for it. An invalid value is written in a form that tp_option_parse() refuses, except for texts that are too
 * long.
 */
void tp_option_format(const tileprop_option *option, const void *target, char *text, size_t size);

/* Writes which values the option takes: "an integer from 1 to 4096 or auto". */
void tp_option_describe(const tileprop_option *option, char *text, size_t size);

/* The file that a path option names; NULL if it is absent or a word that stands for something else. */
const char *tp_option_file(const tileprop_option *option, const void *target);

/* Appends to the string in text[size]; what does not fit is cut off. */
void tp_option_append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
