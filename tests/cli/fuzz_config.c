/*
 * libFuzzer target for configuration files of train: the options read are written to a file again, which must read back
 * to the same options.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/train_command.h"
#include "tests/memory_file.h"

static void require(int condition)
{
    if (!condition)
        abort();
}

/* The options of the file in memory as a configuration file, to be freed; NULL if they are refused. */
static char *read_options(struct tp_error *error)
{
    char *const arguments[] = {"train", "--config", "folder/fuzz", NULL};
    struct tp_train_command command;
    char *text = NULL;
    size_t size;
    const tileprop_status status = tp_train_command_parse(&command, 3, arguments, error);
    require(status == TILEPROP_OK || status == TILEPROP_USAGE);
    if (status == TILEPROP_OK) {
        FILE *out = open_memstream(&text, &size);
        require(out != NULL);
        tp_train_command_write_config(&command, out);
        require(fclose(out) == 0);
    }
    free(command.storage);
    return text;
}

/* A path is from its file's folder, so that one that was written has the folder twice
 * when it is read again. */
static void remove_folder(char *text)
{
    for (char *c = text; (c = strstr(c, "folder/folder/"));)
        memmove(c, c + strlen("folder/"), strlen(c + strlen("folder/")) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tp_error error = {""};
    memory_file_set(data, size);
    char *text = read_options(&error);
    if (!text) {
        require(error.text[0] && !strchr(error.text, '\n'));
        return 0;
    }
    if (strlen(text) < TP_OPTION_TEXT_MAX) { /* else a path may have become too long */
        memory_file_set(text, strlen(text));
        char *again = read_options(&error);
        require(again != NULL);
        remove_folder(text);
        remove_folder(again);
        require(strcmp(text, again) == 0);
        free(again);
    }
    free(text);
    return 0;
}
