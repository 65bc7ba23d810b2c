/* Grey images, one byte a pixel, and PNG files of them. */
#pragma once

#include <stddef.h>

#include "base/file.h"
#include "base/safe_file.h"
#include "base/status.h"

#define TP_IMAGE_SIDE_MAX 4096 /* width and height of a file that is read, in pixels */
/* The most pixels per byte of a PNG file: eight in a byte, which deflate packs at most 1032 to 1 (RFC 1951). */
#define TP_IMAGE_RATIO_MAX ((size_t)8 * 1032)

struct tp_image {
    size_t width, height;
    unsigned char *pixels; /* [height][width], 255 is white; owned, from malloc */
};

/*
 * Reads a PNG file; colours become grey, transparent pixels white. Errors: those of tp_stream_read and tp_image_parse.
 * On error *image is empty.
 */
tileprop_status tp_image_read(struct tp_image *image, const char *path, struct tp_error *error);

/*
 * The same for a file in memory.
 * Errors: TILEPROP_BAD_INPUT for a file that is not PNG, for sides beyond TP_IMAGE_SIDE_MAX and for more pixels than
 * TP_IMAGE_RATIO_MAX allows; TILEPROP_FAILURE if out of memory. On error *image is empty.
 */
tileprop_status tp_image_parse(struct tp_image *image, const struct tp_file *file, struct tp_error *error);

/* Writes a PNG file. Errors: TILEPROP_FAILURE if out of memory or if it cannot be written. */
tileprop_status tp_image_write(const struct tp_image *image, struct tp_safe_file *out, struct tp_error *error);

void tp_image_free(struct tp_image *image);
