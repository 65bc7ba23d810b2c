/*
 * export: writes a model that train saved as source code, from the command line.
 */
#include <signal.h>
#include <stdio.h>

#include "c_header.h"
#include "export_command.h"
#include "standard_output.h"
#include "version.h"

static enum tp_status write_header(const struct tp_export_command *command, struct tp_error *error)
{
    struct tp_safe_file out = {0};
    struct tp_model model = {0};
    enum tp_status status = tp_safe_file_open(&out, "--c", command->c, error);
    if (status == TP_OK)
        status = tp_model_read(&model, command->model, error);
    if (status == TP_OK && !model.described)
        status =
            tp_fail(error, TP_BAD_INPUT,
                    "%s: layers alone found, expected a model as train --save writes it, which also says "
                    "activation and normalization",
                    command->model);
    if (status == TP_OK) {
        tp_c_header_write(&model, command->name, &out);
        status = tp_safe_file_commit(&out, error);
    }
    tp_model_free(&model);
    tp_safe_file_discard(&out);
    return status;
}

int main(int argc, char **argv)
{
    struct tp_export_command command;
    struct tp_error error;

    signal(SIGPIPE, SIG_IGN); /* writing fails instead of ending the program */
    signal(SIGXFSZ, SIG_IGN);
    enum tp_status status = tp_export_command_parse(&command, argc, argv, &error);
    if (status == TP_OK && command.help)
        tp_export_command_write(tp_options_write_help, stdout);
    else if (status == TP_OK && command.version)
        tp_version_write(stdout);
    else if (status == TP_OK)
        status = write_header(&command, &error);
    if (status == TP_OK)
        status = tp_standard_output_finish(&error);
    if (status != TP_OK)
        fprintf(stderr, "export: %s\n", error.text);
    tp_export_command_free(&command);
    return (int)status;
}
