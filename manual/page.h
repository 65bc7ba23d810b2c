/*
 * A manual page in mdoc(7), made of a program's options: the text around the table becomes its sections, as
 * options.h says how that is written.
 */
#pragma once

#include "cli/options.h"

/* A name and what is said of it, or a list of them that ends with a name that is NULL. */
struct tp_page_note {
    const char *name, *text;
};

struct tp_page {
    const char *program; /* as it is installed: tileprop-train */
    const char *date;    /* November 25, 2026 */
    const struct tp_page_note *environment, *files;
    const char *const *others; /* pages of section 1, ended by NULL; in the order of the alphabet */
};

/* Names of the programs in examples begin with tileprop- as they do when they are installed. */
void tp_page_write(const struct tp_page *page, const struct tp_options *options, const void *defaults, FILE *out);
