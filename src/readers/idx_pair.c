#include "readers/idx_pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/gzip.h"
#include "readers/idx.h"

/* What may follow the prefix in a file's name, in the order in which it is looked for. */
static const char *const image_endings[] = {"-images-idx3-ubyte", "-images-idx3-ubyte.gz",
                                            "-images.idx3-ubyte", "-images.idx3-ubyte.gz"};
static const char *const label_endings[] = {"-labels-idx1-ubyte", "-labels-idx1-ubyte.gz",
                                            "-labels.idx1-ubyte", "-labels.idx1-ubyte.gz"};
#define TP_ENDINGS (sizeof image_endings / sizeof *image_endings)

static bool ends_with_any(const char *name, const char *const *endings)
{
    for (size_t i = 0; i < TP_ENDINGS; i++) {
        const size_t length = strlen(name), ending = strlen(endings[i]);
        if (length >= ending && strcmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

bool tp_idx_pair_is_name(const char *name)
{
    return ends_with_any(name, image_endings) || ends_with_any(name, label_endings);
}

/* Stores the path of the first file that is there, to be freed. What it is shows when it is read. */
static tileprop_status find_file(const char *directory, const char *prefix, const char *const *endings,
                                 char **path, struct tp_error *error)
{
    for (size_t i = 0; i < TP_ENDINGS; i++) {
        if (asprintf(path, "%s/%s%s", directory, prefix, endings[i]) < 0) {
            *path = NULL;
            return tp_fail_memory(error, NULL, "a file name");
        }
        if (access(*path, F_OK) == 0 || errno != ENOENT)
            return TILEPROP_OK;
        free(*path);
        *path = NULL;
    }
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: no data found, expected one of %s%s, %s%s, %s%s, %s%s",
                   directory, prefix, endings[0], prefix, endings[1], prefix, endings[2], prefix, endings[3]);
}

/* Takes the images' values over; without labels (NULL) all samples are of class 0. */
static tileprop_status join(struct tp_dataset *dataset, struct tp_idx *images, const char *image_path,
                            const struct tp_idx *labels, const char *label_path, struct tp_error *error)
{
    if (labels && images->count != labels->count)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: byte 4: %zu labels found, expected %zu, one for each image of %s", label_path,
                       labels->count, images->count, image_path);
    uint16_t *all = calloc(images->count, sizeof *all);
    if (!all)
        return tp_fail_memory(error, image_path, "labels");
    *dataset = (struct tp_dataset){.type = images->type == TP_IDX_F32 ? TILEPROP_F32 : TILEPROP_U8,
                                   .labels = all,
                                   .count = images->count,
                                   .features = images->features,
                                   .classes = 1};
    const unsigned char *values = labels ? labels->values : NULL;
    for (size_t i = 0; values && i < labels->count; i++) {
        dataset->labels[i] = values[i];
        if (values[i] >= dataset->classes)
            dataset->classes = (size_t)values[i] + 1;
    }
    dataset->samples = images->values;
    images->values = NULL;
    return TILEPROP_OK;
}

tileprop_status tp_idx_pair_parse(struct tp_dataset *dataset, struct tp_file *file, const char *label_path,
                                  struct tp_error *error)
{
    const char *image_path = file->path;
    struct tp_idx images, labels = {0};
    *dataset = (struct tp_dataset){0};
    tileprop_status status = tp_idx_parse(&images, file, TP_IDX_IMAGES, error);
    if (status == TILEPROP_OK && label_path)
        status = tp_idx_read(&labels, label_path, TP_IDX_LABELS, error);
    if (status == TILEPROP_OK)
        status = join(dataset, &images, image_path, label_path ? &labels : NULL, label_path, error);
    tp_idx_free(&images);
    tp_idx_free(&labels);
    return status;
}

tileprop_status tp_idx_pair_load(const char *directory, const char *prefix, struct tp_dataset *dataset,
                                 struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    char *image_path = NULL, *label_path = NULL;
    struct tp_file images;

    tileprop_status status = find_file(directory, prefix, image_endings, &image_path, error);
    if (status == TILEPROP_OK)
        status = find_file(directory, prefix, label_endings, &label_path, error);
    if (status == TILEPROP_OK)
        status = tp_gzip_read(&images, image_path, error);
    if (status == TILEPROP_OK)
        status = tp_idx_pair_parse(dataset, &images, label_path, error);
    free(image_path);
    free(label_path);
    return status;
}
