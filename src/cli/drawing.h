/*
 * A picture that gnuplot draws from a script: FILE.svg or FILE.png, with FILE.gp beside it. After an edit, `gnuplot
 * FILE.gp` in its folder draws it again.
 */
#pragma once

#include <stdbool.h>

#include "base/safe_file.h"
#include "base/status.h"

struct tp_drawing {
    const char *option; /* for messages */
    const char *path;   /* path of the image; NULL: none */
    struct tp_safe_file script, image;
};

/*
 * Begins the picture at path (NULL: none) early, so that errors come before any work; option and path must outlive it.
 * Errors: TILEPROP_USAGE for a path that is not a name ending in .svg or .png, TILEPROP_FAILURE if its files cannot be
 * written. Discard the drawing in any case.
 */
tileprop_status tp_drawing_open(struct tp_drawing *drawing, const char *option, const char *path,
                                struct tp_error *error);

/* Length of the image's path without its suffix. */
int tp_drawing_stem(const char *path);

/*
 * Writes the lines of a template (template.h) to the script; each at sign becomes the image's name without its suffix.
 * conditions: the caller's, to which SVG or PNG is added.
 */
void tp_drawing_write(struct tp_drawing *drawing, const char *const *lines, const char *conditions);

#define TP_DRAWING_TEXT (sizeof((struct tp_shown *)NULL)->text - 1)

/* Writes a quoted string to the script, on one line, shortened to `most` bytes, which are at most TP_DRAWING_TEXT. */
void tp_drawing_quote(struct tp_drawing *drawing, const char *text, size_t most);

/*
 * Finishes the script and runs gnuplot on it. Errors: TILEPROP_FAILURE if either file could not be written, or gnuplot
 * is not installed or failed; the script is kept as far as it could be written.
 */
tileprop_status tp_drawing_finish(struct tp_drawing *drawing, struct tp_error *error);

/* Removes files that are not finished. */
void tp_drawing_discard(struct tp_drawing *drawing);
