#include "cli/json_line.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"

json_t *tp_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *tp_json_count(size_t value)
{
    return json_integer((json_int_t)value);
}

json_t *tp_json_object(const struct tp_json_member *members, size_t count)
{
    json_t *object = json_object();
    bool failed = !object;
    for (size_t i = 0; i < count; i++)
        failed |= json_object_set_new(object, members[i].key, members[i].value) != 0;
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

tileprop_status tp_json_write(json_t *object, struct tp_error *error)
{
    char *text = object ? tp_json_text_write(object, JSON_REAL_PRECISION(17)) : NULL;
    if (text)
        puts(text);
    json_decref(object);
    free(text);
    return text ? TILEPROP_OK : tp_fail(error, TILEPROP_FAILURE, "--json: out of memory");
}
