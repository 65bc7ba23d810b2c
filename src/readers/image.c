#include "readers/image.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>

#include "readers/stream.h"

static tileprop_status decode(struct tp_image *image, png_image *png, const struct tp_file *file,
                              struct tp_error *error)
{
    static const png_color white = {255, 255, 255};
    if (!png_image_begin_read_from_memory(png, file->bytes, file->size))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: not a PNG file: %s", file->path, png->message);
    image->width = png->width;
    image->height = png->height;
    if (image->width > TP_IMAGE_SIDE_MAX || image->height > TP_IMAGE_SIDE_MAX)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected at most %d pixels in each direction, found %zu x %zu",
                       file->path, TP_IMAGE_SIDE_MAX, image->width, image->height);
    if (image->width * image->height > TP_IMAGE_RATIO_MAX * file->size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: truncated: %zu bytes are too few for %zu x %zu pixels",
                       file->path, file->size, image->width, image->height);
    png->format = PNG_FORMAT_GRAY;
    image->pixels = malloc(PNG_IMAGE_SIZE(*png));
    if (!image->pixels)
        return tp_fail_memory(error, file->path, "the image");
    if (!png_image_finish_read(png, &white, image->pixels, 0, NULL))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: is damaged: %s", file->path, png->message);
    return TILEPROP_OK;
}

tileprop_status tp_image_parse(struct tp_image *image, const struct tp_file *file, struct tp_error *error)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    *image = (struct tp_image){0};
    const tileprop_status status = decode(image, &png, file, error);
    png_image_free(&png);
    if (status != TILEPROP_OK)
        tp_image_free(image);
    return status;
}

tileprop_status tp_image_read(struct tp_image *image, const char *path, struct tp_error *error)
{
    *image = (struct tp_image){0};
    struct tp_file file;
    tileprop_status status = tp_stream_read(&file, path, error);
    if (status == TILEPROP_OK)
        status = tp_image_parse(image, &file, error);
    tp_file_free(&file);
    return status;
}

tileprop_status tp_image_write(const struct tp_image *image, struct tp_safe_file *out, struct tp_error *error)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)image->width,
                     .height = (png_uint_32)image->height,
                     .format = PNG_FORMAT_GRAY};
    errno = 0;
    if (png_image_write_to_stdio(&png, out->file, 0, image->pixels, 0, NULL))
        return TILEPROP_OK;
    out->error = errno;
    return tp_fail(error, TILEPROP_FAILURE, "%s: %s: %s", out->option, out->path, png.message);
}

void tp_image_free(struct tp_image *image)
{
    free(image->pixels);
    *image = (struct tp_image){0};
}
