/*
 * The part of dataset.h that makes a data set of two IDX files.
 */
#include "data/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool tp_dataset_is_idx_name(const char *name)
{
    return ends_with_any(name, image_endings) || ends_with_any(name, label_endings);
}

static tileprop_status fail_memory(const char *what, struct tp_error *error)
{
    return tp_fail(error, TILEPROP_FAILURE, "out of memory for %s", what);
}

/* Stores the path of the first file that is there, to be freed. What it is shows when it is read. */
static tileprop_status find_file(const char *directory, const char *prefix, const char *const *endings,
                                 char **path, struct tp_error *error)
{
    for (size_t i = 0; i < TP_ENDINGS; i++) {
        if (asprintf(path, "%s/%s%s", directory, prefix, endings[i]) < 0) {
            *path = NULL;
            return fail_memory("a file name", error);
        }
        if (access(*path, F_OK) == 0 || errno != ENOENT)
            return TILEPROP_OK;
        free(*path);
        *path = NULL;
    }
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: no data found, expected one of %s%s, %s%s, %s%s, %s%s",
                   directory, prefix, endings[0], prefix, endings[1], prefix, endings[2], prefix, endings[3]);
}

tileprop_status tp_dataset_from_idx(struct tp_dataset *dataset, struct tp_idx *images, const char *image_path,
                                    const struct tp_idx *labels, const char *label_path,
                                    struct tp_error *error)
{
    *dataset = (struct tp_dataset){.classes = 1};
    if (labels && images->count != labels->count)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: byte 4: %zu labels found, expected %zu, one for each image of %s", label_path,
                       labels->count, images->count, image_path);
    dataset->labels = calloc(images->count, sizeof *dataset->labels);
    if (!dataset->labels)
        return fail_memory("labels", error);
    const unsigned char *values = labels ? labels->values : NULL;
    for (size_t i = 0; values && i < labels->count; i++) {
        dataset->labels[i] = values[i];
        if (values[i] >= dataset->classes)
            dataset->classes = (size_t)values[i] + 1;
    }
    dataset->type = images->type == TP_IDX_F32 ? TILEPROP_F32 : TILEPROP_U8;
    dataset->samples = images->values;
    dataset->count = images->count;
    dataset->features = images->features;
    images->values = NULL;
    return TILEPROP_OK;
}

tileprop_status tp_dataset_load_idx(const char *directory, const char *prefix, struct tp_dataset *dataset,
                                    struct tp_error *error)
{
    *dataset = (struct tp_dataset){0};
    char *image_path = NULL, *label_path = NULL;
    struct tp_idx images = {0}, labels = {0};

    tileprop_status status = find_file(directory, prefix, image_endings, &image_path, error);
    if (status == TILEPROP_OK)
        status = find_file(directory, prefix, label_endings, &label_path, error);
    if (status == TILEPROP_OK)
        status = tp_idx_read(&images, image_path, TP_IDX_IMAGES, error);
    if (status == TILEPROP_OK)
        status = tp_idx_read(&labels, label_path, TP_IDX_LABELS, error);
    if (status == TILEPROP_OK)
        status = tp_dataset_from_idx(dataset, &images, image_path, &labels, label_path, error);

    tp_idx_free(&images);
    tp_idx_free(&labels);
    free(image_path);
    free(label_path);
    return status;
}
