#include "saver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema_text.h"

enum tp_status tp_saver_open(struct tp_saver *saver, const struct tp_train_command *command,
                             struct tp_error *error)
{
    *saver = (struct tp_saver){.last.path = command->save, .best.path = command->save_best};
    if (command->save && command->save_best && strcmp(command->save, command->save_best) == 0)
        return tp_fail(error, TP_USAGE, "--save-best: expected another file than --save writes, found \"%s\"",
                       command->save);
    enum tp_status status = TP_OK;
    if (command->save)
        status = tp_safe_file_open(&saver->last.file, "--save", command->save, error);
    if (status == TP_OK && command->save_best)
        status = tp_safe_file_open(&saver->best.file, "--save-best", command->save_best, error);
    return status;
}

/* The options as text, to be freed; NULL without memory. */
static char *write_options(const struct tp_train_command *command)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    tp_train_command_write_training(command, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* Takes over what the data say of columns and classes, while there is time to say that it cannot be kept. */
static enum tp_status prepare_names(struct tp_model *model, const struct tp_train_command *command,
                                    const struct tp_dataset *train, struct tp_error *error)
{
    const struct tp_schema *schema = train->schema;
    if (!schema || !schema->classes) {
        model->class_names = tp_model_number_classes(train->classes);
        return model->class_names ? TP_OK : tp_fail(error, TP_FAILURE, "out of memory: names of classes");
    }
    errno = 0;
    model->schema = *schema;
    model->class_names = json_array();
    bool good = model->class_names;
    for (size_t k = 0; good && k < schema->class_count; k++)
        good = json_array_append_new(model->class_names, json_string(schema->classes[k])) == 0;
    char *text = good ? tp_schema_text_write(schema) : NULL;
    good = text;
    free(text);
    if (!good && errno == ENOMEM)
        return tp_fail(error, TP_FAILURE, "out of memory: names of columns and classes");
    return good ? TP_OK
                : tp_fail(error, TP_BAD_INPUT,
                          "%s: names or categories that are not UTF-8 found, expected UTF-8, which a model's "
                          "file is",
                          command->data);
}

enum tp_status tp_saver_prepare(struct tp_saver *saver, const struct tp_train_command *command,
                                const struct tp_dataset *train, struct tp_error *error)
{
    struct tp_saved *const both[] = {&saver->last, &saver->best};
    struct tp_model *model = &saver->model;
    if (!saver->last.path && !saver->best.path && !command->checkpoint && !command->resume)
        return TP_OK;
    model->activation = command->options.activation;
    model->normalize = command->options.normalize;
    model->fingerprint = tp_model_fingerprint(train);
    model->normalization.features = train->features;
    model->normalization.scale = malloc(train->features * sizeof(float));
    model->normalization.shift = malloc(train->features * sizeof(float));
    model->options = write_options(command);
    if (!model->normalization.scale || !model->normalization.shift || !model->options)
        return tp_fail(error, TP_FAILURE, "out of memory: the model to save");

    enum tp_status status = prepare_names(model, command, train, error);
    if (status == TP_OK)
        status = tp_model_check(model, command->data, error);
    if (status != TP_OK)
        return status;
    struct tp_network network;
    status = tp_network_shape(&network, &command->options, train->features, train->classes, 1, error);
    for (int i = 0; i < 2 && status == TP_OK; i++) {
        if (!both[i]->path)
            continue;
        tp_weights_shape(&both[i]->weights, &network);
        status = tp_weights_allocate(&both[i]->weights, error);
    }
    tp_network_free(&network);
    return status;
}

static void keep_normalization(struct tp_saver *saver, const struct tp_normalization *from)
{
    struct tp_normalization *to = &saver->model.normalization;
    memcpy(to->scale, from->scale, from->features * sizeof *to->scale);
    memcpy(to->shift, from->shift, from->features * sizeof *to->shift);
    to->mean = from->mean;
    to->deviation = from->deviation;
}

void tp_saver_restore(struct tp_saver *saver, const struct tp_checkpoint *from)
{
    struct tp_saved *saved = &saver->best;
    const struct tp_weights *best = &from->best;
    for (size_t l = 0; l < best->layer_count; l++) {
        const struct tp_weights_layer *kept = &best->layers[l], *to = &saved->weights.layers[l];
        memcpy(to->weight, kept->weight, kept->units * kept->inputs * sizeof(float));
        if (kept->has_bias)
            memcpy(to->bias, kept->bias, kept->units * sizeof(float));
    }
    saved->filled = true;
    saved->step = from->progress.best_step;
    saved->validation = from->progress.best;
    keep_normalization(saver, &from->model.normalization);
}

void tp_saver_weights(struct tp_saver *saver, const struct tp_weights_shown *shown)
{
    struct tp_saved *saved = shown->last ? &saver->last : &saver->best;
    if (!saved->path)
        return;
    tp_network_get(shown->network, &saved->weights);
    saved->filled = true;
    saved->step = shown->step;
    saved->validation = shown->validation;
    keep_normalization(saver, shown->normalization);
}

static enum tp_status write_model(struct tp_saver *saver, struct tp_saved *saved, struct tp_error *error)
{
    if (!saved->filled)
        return TP_OK;
    struct tp_model model = saver->model;
    model.weights = saved->weights;
    model.step = saved->step;
    model.validation = saved->validation;
    enum tp_status status = tp_model_write(&model, &saved->file, error);
    if (status == TP_OK)
        status = tp_safe_file_commit(&saved->file, error);
    saved->written = status == TP_OK;
    return status;
}

enum tp_status tp_saver_finish(struct tp_saver *saver, struct tp_error *error)
{
    enum tp_status first = write_model(saver, &saver->last, error);
    enum tp_status second = write_model(saver, &saver->best, first == TP_OK ? error : NULL);
    return first == TP_OK ? second : first;
}

void tp_saver_discard(struct tp_saver *saver)
{
    tp_safe_file_discard(&saver->last.file);
    tp_safe_file_discard(&saver->best.file);
    tp_weights_free(&saver->last.weights);
    tp_weights_free(&saver->best.weights);
    saver->model.schema = (struct tp_schema){0}; /* the data's */
    tp_model_free(&saver->model);
}
