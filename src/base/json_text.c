#include "base/json_text.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
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

json_t *tp_json_text_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void drop_if(bool failed, json_t **json)
{
    if (!failed)
        return;
    json_decref(*json);
    *json = NULL;
}

void tp_json_text_append(json_t **array, json_t *value)
{
    drop_if(json_array_append_new(*array, value) != 0, array);
}

void tp_json_text_set(json_t **object, const char *key, json_t *value)
{
    drop_if(json_object_set_new(*object, key, value) != 0, object);
}
