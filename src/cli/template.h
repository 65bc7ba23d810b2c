/* Text in a file of its own that the build embeds: each line after the first empty one becomes a string (FILE.inc). */
#pragma once

#include <stdio.h>

/* Writes text with the name in place of each '@'. */
void tp_template_put(const char *text, const char *name, FILE *out);

/*
 * Writes the lines up to a NULL, except those from "#ifdef WORD" to its "#endif" where WORD is not among the
 * conditions. Conditions are words separated by a space; none may be part of another.
 */
void tp_template_write(const char *const *lines, const char *conditions, const char *name, FILE *out);
