#include "base/json_text.h"

#include <errno.h>
#include <stdlib.h>

char *tp_json_text_write(const json_t *json, size_t flags)
{
    errno = 0;
    char *text = json_dumps(json, flags);
    if (errno != ENOMEM)
        return text;
    free(text);
    return NULL;
}

json_t *tp_json_text_read(const char *text, size_t size, size_t flags, json_error_t *wrong)
{
    errno = 0;
    json_t *json = json_loadb(text, size, flags, wrong);
    if (errno != ENOMEM)
        return json;
    json_decref(json);
    errno = ENOMEM;
    return NULL;
}
