/* export: writes a model that train saved as source code, from the command line. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe_file.h"
#include "cli/c_header.h"
#include "cli/export_command.h"
#include "cli/program.h"
#include "cli/version.h"
#include "data/schema.h"
#include "tileprop/tileprop.h"

static tileprop_status write_header(const struct tp_export_command *command, struct tp_error *error)
{
    struct tp_safe_file out = {0};
    struct tp_schema schema = {0};
    tileprop_model *model = NULL;
    const bool print = strcmp(command->c, "-") == 0;
    tileprop_status status = tp_safe_file_open(&out, "--c", print ? NULL : command->c, error);
    if (status == TILEPROP_OK)
        status = tileprop_model_load(&model, command->model, error->text, sizeof error->text);
    if (status == TILEPROP_OK && !tileprop_model_verified(model))
        tp_program_note_unverified(command->model);
    if (status == TILEPROP_OK)
        status = tp_schema_text_read(&schema, tileprop_model_text(model, "schema"), tileprop_model_features(model),
                                     command->model, error);
    if (status == TILEPROP_OK) {
        errno = EIO; /* for a stream that says nothing */
        tp_c_header_write(model, &schema, command->name, print ? stdout : out.file);
        if (out.file && ferror(out.file))
            out.error = errno;
        status = tp_safe_file_commit(&out, error);
    }
    tp_schema_free(&schema);
    tileprop_model_free(model);
    tp_safe_file_discard(&out);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_export_command command;
    struct tp_error error;

    tp_program_begin();
    tileprop_status status = tp_export_command_parse(&command, argc, argv, &error);
    if (status == TILEPROP_OK && command.help)
        tp_export_command_write(tp_options_write_help, stdout);
    else if (status == TILEPROP_OK && command.version)
        tp_version_write(stdout);
    else if (status == TILEPROP_OK)
        status = write_header(&command, &error);
    status = tp_program_finish(status, &error);
    free(command.storage);
    return (int)status;
}
