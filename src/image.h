/*
 * Grey images, one byte a pixel, and PNG files of them.
 */
#ifndef TP_IMAGE_H
#define TP_IMAGE_H

#include <stddef.h>

#include "safe_file.h"
#include "status.h"

#define TP_IMAGE_SIDE_MOST 4096 /* pixels of a file that is read, in each direction */

struct tp_image {
    size_t width, height;
    unsigned char *pixels; /* [height][width], 255 is white; owned, from malloc */
};

/*
 * Reads a PNG file; colours become grey, and what is transparent white.
 * Errors: TP_BAD_INPUT as tp_file_read_packed, for what is no PNG, and for sides beyond TP_IMAGE_SIDE_MOST;
 * TP_FAILURE without memory. On error *image is empty.
 */
enum tp_status tp_image_read(struct tp_image *image, const char *path, struct tp_error *error);

/*
 * Writes a PNG file.
 * Errors: TP_FAILURE without memory or where it cannot be written.
 */
enum tp_status tp_image_write(const struct tp_image *image, struct tp_safe_file *out, struct tp_error *error);

void tp_image_free(struct tp_image *image);

#endif
