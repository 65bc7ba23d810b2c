/* Text in a file of its own that the build embeds: each line after the first empty one becomes a string (FILE.inc). */
#pragma once

#include <stdio.h>

/* Writes text with the name in place of each '@'. */
void tp_template_put(const char *text, const char *name, FILE *out);

/*
 * Writes the lines, which NULL ends, but for those from "#ifdef WORD" to its "#endif" where WORD is not among
 * the conditions, words with a space between two; none is to be a part of another.
 */
void tp_template_write(const char *const *lines, const char *conditions, const char *name, FILE *out);
