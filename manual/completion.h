/*
 * Completion of a program's options and their values, made of its options.
 */
#pragma once

#include "cli/options.h"

/* For bash, which needs nothing else, and for zsh; program: as it is installed. */
void tp_completion_write_bash(const char *program, const struct tp_options *options, FILE *out);
void tp_completion_write_zsh(const char *program, const struct tp_options *options, FILE *out);
