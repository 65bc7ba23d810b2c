/*
 * libFuzzer target for the command lines. The first byte of the input chooses the program; zero bytes separate the
 * arguments. The file of --config is always the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/predict_command.h"
#include "cli/train_command.h"
#include "tests/memory_file.h"

#define TP_ARGUMENTS_MAX 64

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Splits the zero-terminated text into arguments after the program's name; returns their number. */
static int cut(char *text, size_t size, char **arguments)
{
    int count = 0;
    arguments[count++] = "fuzz";
    for (char *next = text; next < text + size && count < TP_ARGUMENTS_MAX; next += strlen(next) + 1)
        arguments[count++] = next;
    arguments[count] = NULL;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char config[] = "hidden = 64,64 # of a file\nbatch=8\ndata = \"a folder\"\n";
    if (size == 0)
        return -1;
    memory_file_set(config, sizeof config - 1);
    char *text = malloc(size), *arguments[TP_ARGUMENTS_MAX + 1];
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    const int count = cut(text, size - 1, arguments);
    struct tp_error error = {""};
    tileprop_status status;
    if (data[0] & 1) {
        struct tp_predict_command command;
        status = tp_predict_command_parse(&command, count, arguments, &error);
        require(status != TILEPROP_OK || command.help || command.version || command.model);
        free(command.storage);
    } else {
        struct tp_train_command command;
        status = tp_train_command_parse(&command, count, arguments, &error);
        require(status != TILEPROP_OK || command.options.batch >= 1);
        free(command.storage);
    }
    require(status == TILEPROP_OK || status == TILEPROP_USAGE);
    require(status == TILEPROP_OK || (error.text[0] && !strchr(error.text, '\n')));
    free(text);
    return 0;
}
