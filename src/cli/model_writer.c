#include "cli/model_writer.h"

#include <errno.h>
#include <stdlib.h>

tileprop_status tp_model_writer_open(struct tp_model_writer *writer, const struct tp_train_command *command,
                                     struct tp_error *error)
{
    *writer = (struct tp_model_writer){.command = command, .last.path = command->save, .best.path = command->save_best};
    const tileprop_status status = tp_safe_file_open(&writer->last.file, "--save", command->save, error);
    return status ? status : tp_safe_file_open(&writer->best.file, "--save-best", command->save_best, error);
}

/* The options as text, to be freed; NULL if out of memory. */
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

/* The names of columns and classes in the data; checked before the run, so that names that cannot be stored are
 * reported early. */
static tileprop_status prepare_names(struct tp_model_writer *writer, const struct tp_schema *schema,
                                     tileprop_data *data, struct tp_error *error)
{
    if (!schema || !schema->classes)
        return TILEPROP_OK;
    errno = 0;
    char *classes = tp_schema_text_write_classes(schema);
    writer->schema = classes ? tp_schema_text_write(schema) : NULL;
    free(classes);
    if (!writer->schema && errno == ENOMEM)
        return tp_fail_memory(error, NULL, "names of columns and classes");
    if (!writer->schema)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected names and categories in UTF-8, found other bytes",
                       writer->command->data);
    data->class_names = (const char *const *)schema->classes;
    data->schema = tp_schema_says(schema) ? writer->schema : NULL;
    return TILEPROP_OK;
}

tileprop_status tp_model_writer_prepare(struct tp_model_writer *writer, const struct tp_schema *schema,
                                        tileprop_data *data, tileprop_run_options *run, struct tp_error *error)
{
    const struct tp_train_command *command = writer->command;
    if (!command->save && !command->save_best && !command->checkpoint && !command->resume)
        return TILEPROP_OK;
    run->text = writer->options = write_options(command);
    return run->text ? prepare_names(writer, schema, data, error) : tp_fail_memory(error, NULL, "the model to save");
}

static tileprop_status write_model(struct tp_saved *saved, struct tp_error *error)
{
    struct tp_error found;
    if (!saved->model)
        return TILEPROP_OK;
    tileprop_status status = tileprop_model_write(saved->model, saved->file.file, found.text, sizeof found.text);
    if (ferror(saved->file.file))
        saved->file.error = errno;
    if (status != TILEPROP_OK)
        return tp_fail(error, status, "%s: %s: %s", saved->file.option, saved->path, found.text);
    status = tp_safe_file_commit(&saved->file, error);
    saved->written = status == TILEPROP_OK;
    return status;
}

tileprop_status tp_model_writer_finish(struct tp_model_writer *writer, const tileprop_result *result,
                                       struct tp_error *error)
{
    writer->last.step = result->steps ? result->steps - 1 : 0;
    writer->last.loss = result->validation_loss;
    writer->last.accuracy = result->validation_accuracy;
    writer->best.step = result->best_step;
    writer->best.loss = result->best_validation_loss;
    writer->best.accuracy = result->best_validation_accuracy;
    const tileprop_status last = write_model(&writer->last, error);
    const tileprop_status best = write_model(&writer->best, last ? NULL : error);
    return last ? last : best;
}

void tp_model_writer_discard(struct tp_model_writer *writer)
{
    tp_safe_file_discard(&writer->last.file);
    tp_safe_file_discard(&writer->best.file);
    tileprop_model_free(writer->last.model);
    tileprop_model_free(writer->best.model);
    free(writer->options);
    free(writer->schema);
}
