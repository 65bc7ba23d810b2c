#include "cli/predict_data.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/data_path.h"
#include "cli/model_schema.h"
#include "data/schema.h"
#include "readers/data_loader.h"
#include "readers/file_list.h"
#include "readers/idx.h"
#include "readers/image.h"

/* The side of a square image of so many values; 0 if they do not form one. */
static size_t side_of(size_t features)
{
    const size_t side = (size_t)rint(sqrt((double)features));
    return side * side == features ? side : 0;
}

/* An image of the model's size, each pixel the mean of a square of factor x factor. */
static void shrink(const struct tp_image *image, size_t side, uint8_t *pixels)
{
    const size_t factor = image->width / side;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            size_t sum = 0;
            for (size_t i = 0; i < factor; i++)
                for (size_t j = 0; j < factor; j++)
                    sum += image->pixels[(y * factor + i) * image->width + x * factor + j];
            pixels[y * side + x] = (uint8_t)((sum + factor * factor / 2) / (factor * factor));
        }
    }
}

static double border_mean(const uint8_t *pixels, size_t side)
{
    size_t sum = 0, count = 0;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            const bool inside = y > 0 && y + 1 < side && x > 0 && x + 1 < side;
            sum += inside ? 0 : pixels[y * side + x];
            count += !inside;
        }
    }
    return (double)sum / (double)count;
}

/* Borders are light or dark in the outer thirds of the range; photographs, without a background, lie between. */
#define TP_DARK  85.0
#define TP_LIGHT 170.0

/* Inverts the image if asked to, or by default if its border is light and the training samples are dark, or vice
 * versa. */
static void invert(struct tp_predict_data *data, const struct tp_predict_command *command, const tileprop_model *model,
                   size_t side)
{
    uint8_t *pixels = data->set.samples;
    const char *text = tileprop_model_text(model, "mean");
    const double mean = text ? strtod(text, NULL) : 0;
    const bool known = mean > 1; /* else the training data were not bytes */
    const bool light = border_mean(pixels, side) > 127.5;
    const bool negative = known && (light ? mean < TP_DARK : mean > TP_LIGHT);
    if (command->invert == TP_INVERT_OFF || (command->invert == TP_INVERT_AUTO && !negative))
        return;
    if (command->invert == TP_INVERT_AUTO)
        tp_notes_add(&data->notes,
                     "note: %s: inverted: its border is %s, but the training images of %s are %s; --invert=off keeps "
                     "it as it is",
                     command->image, light ? "light" : "dark", command->model, light ? "dark" : "light");
    for (size_t i = 0; i < side * side; i++)
        pixels[i] = (uint8_t)(255 - pixels[i]);
}

/* Share by which the means of two samples of the same data may differ. */
#define TP_MEANS_ALIKE 0.2

static tileprop_status load_image(struct tp_predict_data *data, const struct tp_predict_command *command,
                                  const tileprop_model *model, struct tp_error *error)
{
    const size_t features = tileprop_model_features(model), side = side_of(features);
    if (data->schema.column_count)
        return tp_fail(error, TILEPROP_USAGE, "--image: %s: expected a model of images, found one of a table's columns",
                       command->model);
    if (!side)
        return tp_fail(error, TILEPROP_USAGE, "--image: %s: expected a model of square images, found one of %zu inputs",
                       command->model, features);
    struct tp_image image;
    tileprop_status status = tp_image_read(&image, command->image, error);
    if (status != TILEPROP_OK)
        return status;
    if (image.width % side || image.height != image.width)
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected %zu x %zu pixels or a whole multiple of that, found %zu x %zu", command->image,
                         side, side, image.width, image.height);
    if (status == TILEPROP_OK) {
        data->set =
            (struct tp_dataset){.type = TILEPROP_U8, .samples = malloc(features), .count = 1, .features = features};
        if (!data->set.samples)
            status = tp_fail_memory(error, command->image, "an image");
    }
    if (status == TILEPROP_OK) {
        shrink(&image, side, data->set.samples);
        invert(data, command, model, side);
    }
    tp_image_free(&image);
    return status;
}

/* Images do not fit a table's columns, whatever their size; an array, which may come from a table, does. */
static tileprop_status refuse_idx(const struct tp_predict_data *data, const struct tp_predict_command *command,
                                  struct tp_error *error)
{
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a table with the columns of %s, found IDX images",
                   data->place, command->model);
}

/* The name of an option for tables alone, if one is given; else NULL. */
static const char *table_option(const struct tp_predict_command *command)
{
    return command->header ? "header" : command->skip_lines ? "skip-lines" : command->unseen ? "unseen" : NULL;
}

/* Reads anything but IDX, as the model knows its training data. */
static tileprop_status load_other(struct tp_predict_data *data, struct tp_file *file,
                                  const struct tp_predict_command *command, struct tp_error *error)
{
    struct tp_schema *schema = &data->schema;
    const struct tp_data_loader loader = {file->path,
                                          command->labels,
                                          table_option(command),
                                          {.header = command->header,
                                           .skip_lines = command->skip_lines,
                                           .missing = schema->means ? TP_MISSING_MEAN : TP_MISSING_ERROR,
                                           .unseen = command->unseen,
                                           .may_lack_label = true,
                                           .notes = &data->notes},
                                          {.base = command->index_base, .notes = &data->notes}};
    const tileprop_status status = tp_data_loader_parse(&loader, file, schema, &data->set, error);
    data->labelled = data->set.labels;
    return status;
}

static tileprop_status load_file(struct tp_predict_data *data, const struct tp_predict_command *command,
                                 struct tp_error *error)
{
    struct tp_file file;
    const struct tp_file_list list = {command->header != TP_HEADER_NO, command->skip_lines};
    const tileprop_status status = tp_file_list_read(&file, command->data ? command->data : data->place, &list, error);
    if (status != TILEPROP_OK)
        return status;
    if (!tp_idx_is(&file))
        return load_other(data, &file, command, error);
    data->labelled = command->labels;
    if (!data->schema.column_count)
        return tp_idx_parse(&file, command->labels, &data->set, error);
    tp_file_free(&file);
    return refuse_idx(data, command, error);
}

static tileprop_status load_path(struct tp_predict_data *data, const struct tp_predict_command *command,
                                 struct tp_error *error)
{
    struct stat info;
    tileprop_status status = tp_data_path_choose(command->data, data->place, sizeof data->place, error);
    if (status != TILEPROP_OK)
        return status;
    const bool stream = command->data && strcmp(command->data, "-") == 0;
    if (stream || stat(data->place, &info) != 0 || !S_ISDIR(info.st_mode))
        return load_file(data, command, error);
    const char *option = command->labels ? "labels" : command->index_base ? "index-base" : table_option(command);
    if (option)
        return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with a file of samples, found the directory %s", option,
                       data->place);
    if (data->schema.column_count && command->data)
        return refuse_idx(data, command, error);
    data->labelled = true;
    return tp_idx_load(data->place, command->set, &data->set, error);
}

/* The shipped images, read because no data were named, may not be what the model knows: their mean tells. */
static void note_other_data(struct tp_predict_data *data, const struct tp_predict_command *command,
                            const tileprop_model *model)
{
    const char *text = tileprop_model_text(model, "mean");
    const double expected = text ? strtod(text, NULL) : 0;
    const size_t count = data->set.count * data->set.features;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ((const uint8_t *)data->set.samples)[i];
    if (fabs(sum / (double)count - expected) > TP_MEANS_ALIKE * expected)
        tp_notes_add(&data->notes,
                     "note: %s: the mean of its training data is %g, that of these samples %g; name its data with "
                     "--data",
                     command->model, expected, sum / (double)count);
}

tileprop_status tp_predict_data_load(struct tp_predict_data *data, const struct tp_predict_command *command,
                                     const tileprop_model *model, struct tp_error *error)
{
    const size_t inputs = tileprop_model_features(model), classes = tileprop_model_classes(model);
    *data = (struct tp_predict_data){0};
    tileprop_status status = tp_model_schema_find(&data->schema, command->model, model, error);
    data->side = data->schema.column_count ? 0 : side_of(inputs);
    if (status == TILEPROP_OK)
        status = command->image ? load_image(data, command, model, error) : load_path(data, command, error);
    if (status == TILEPROP_OK && !data->set.labels) {
        data->set.classes = 1;
        data->set.labels = calloc(data->set.count, sizeof *data->set.labels);
        if (!data->set.labels)
            status = tp_fail_memory(error, command->image ? command->image : data->place, "labels");
    }
    if (status == TILEPROP_OK && data->set.features != inputs && !command->data)
        status = tp_fail(error, TILEPROP_USAGE,
                         "expected --data with samples of %zu values for %s, found none: %s, the default, has %zu",
                         inputs, command->model, data->place, data->set.features);
    if (status == TILEPROP_OK && data->set.features != inputs)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected samples of %zu values for %s, found %zu", data->place,
                         inputs, command->model, data->set.features);
    if (status == TILEPROP_OK && data->set.classes > classes)
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected labels less than %zu, the number of classes of %s, found %zu", data->place,
                         classes, command->model, data->set.classes - 1);
    if (status == TILEPROP_OK && !command->data && !command->image)
        note_other_data(data, command, model);
    if (command->limit && data->set.count > command->limit)
        data->set.count = command->limit;
    return status;
}

void tp_predict_data_free(struct tp_predict_data *data)
{
    tp_dataset_free(&data->set);
    tp_schema_free(&data->schema);
}
