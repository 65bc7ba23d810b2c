#include "model/metadata.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/choices.h"

tileprop_status tp_metadata_text(const struct tp_safetensors *read, const char *key, const char **text,
                                 struct tp_error *error)
{
    *text = tp_safetensors_text(read, key);
    return *text ? TILEPROP_OK
                 : tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: no %s found, expected one",
                           read->file.path, key);
}

tileprop_status tp_metadata_choice(const struct tp_safetensors *read, const char *key,
                                   const tileprop_choice *choices, int *value, struct tp_error *error)
{
    const char *text;
    tileprop_status status = tp_metadata_text(read, key, &text, error);
    for (const tileprop_choice *c = choices; status == TILEPROP_OK && c->name; c++) {
        const bool written = c->value != TILEPROP_AUTO && c->name == tp_choice_name(choices, c->value);
        if (written && strcmp(text, c->name) == 0) {
            *value = c->value;
            return TILEPROP_OK;
        }
    }
    return status ? status
                  : tp_fail(error, TILEPROP_BAD_INPUT,
                            "%s: __metadata__: %s: found none that this version knows", read->file.path, key);
}

tileprop_status tp_metadata_count(const struct tp_safetensors *read, const char *key, int base,
                                  uint64_t *count, struct tp_error *error)
{
    const char *text;
    tileprop_status status = tp_metadata_text(read, key, &text, error);
    if (status != TILEPROP_OK)
        return status;
    errno = 0;
    *count = strtoull(text, NULL, base);
    if (errno || !*text || text[strspn(text, base == 16 ? "0123456789abcdef" : "0123456789")])
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: expected %s number", read->file.path,
                       key, base == 16 ? "a hexadecimal" : "an integer");
    return TILEPROP_OK;
}

tileprop_status tp_metadata_real(const struct tp_safetensors *read, const char *key, double *value,
                                 struct tp_error *error)
{
    const char *text;
    tileprop_status status = tp_metadata_text(read, key, &text, error);
    if (status != TILEPROP_OK)
        return status;
    char *end;
    *value = strtod(text, &end);
    return *text && !*end && isfinite(*value)
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: expected a finite number",
                         read->file.path, key);
}
