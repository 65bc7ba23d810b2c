#include "model/metadata.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/option_value.h"
#include "data/choices.h"

_Static_assert(_Generic((size_t)0, uint64_t : true, default : false), "a count is a size too");

/* Stores the value of a text. Returns NULL, or what was expected. */
static const char *parse(const struct tp_metadata *one, const char *text)
{
    char *end;
    if (one->kind == TP_METADATA_TEXT) {
        *(const char **)one->value = text;
        return NULL;
    }
    if (one->kind <= TP_METADATA_HASH) {
        const bool hash = one->kind == TP_METADATA_HASH;
        errno = 0;
        *(uint64_t *)one->value = strtoull(text, &end, hash ? 16 : 10);
        const bool good = !errno && *text && !text[strspn(text, hash ? "0123456789abcdef" : "0123456789")];
        return good ? NULL : hash ? "a hexadecimal number" : "an integer number";
    }
    *(double *)one->value = strtod(text, &end);
    return *text && !*end && isfinite(*(double *)one->value) ? NULL : "a finite number";
}

tileprop_status tp_metadata_read(const struct tp_safetensors *read, const struct tp_metadata *all, size_t count,
                                 struct tp_error *error)
{
    for (const struct tp_metadata *one = all; one < all + count; one++) {
        const char *text = tp_safetensors_text(read, one->key);
        if (!text)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: missing %s", read->file.path, one->key);
        const char *expected = parse(one, text);
        if (expected)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: expected %s", read->file.path, one->key,
                           expected);
        if (one->kind < TP_METADATA_AMOUNT)
            continue;
        const double value = *(const double *)one->value;
        const bool share = one->kind == TP_METADATA_SHARE;
        if (value < 0 || (share && value > 1))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: expected %s, found %g", read->file.path,
                           one->key, share ? "0 to 1" : "0 or more", value);
    }
    return TILEPROP_OK;
}

static json_t *print(const struct tp_metadata *one)
{
    switch (one->kind) {
    case TP_METADATA_TEXT:
        return json_string(*(const char *const *)one->value);
    case TP_METADATA_COUNT:
        return json_sprintf("%" PRIu64, *(const uint64_t *)one->value);
    case TP_METADATA_HASH:
        return json_sprintf("%016" PRIx64, *(const uint64_t *)one->value);
    default:
        return json_sprintf("%.17g", *(const double *)one->value);
    }
}

void tp_metadata_write(json_t **texts, const struct tp_metadata *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tp_json_text_set(texts, all[i].key, print(&all[i]));
}

tileprop_status tp_metadata_choose(const struct tp_safetensors *read, const char *key, const tileprop_choice *choices,
                                   int *value, struct tp_error *error)
{
    const char *text = tp_safetensors_text(read, key);
    char expected[128] = "";
    for (const tileprop_choice *c = choices; c->name; c++) {
        if (c->value == TILEPROP_AUTO)
            continue;
        if (strcmp(text, c->name) == 0) {
            *value = c->value;
            return TILEPROP_OK;
        }
        tp_option_append(expected, sizeof expected, "%s%s", *expected ? ", " : "", c->name);
    }
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: expected one of %s, found %s", read->file.path,
                   key, expected, tp_show(text, strlen(text)).text);
}
