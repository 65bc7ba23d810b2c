#include "data/label_encoder.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* Below this, every integer is a different float. */
#define TP_INTEGER_LIMIT (1 << FLT_MANT_DIG)

tileprop_status tp_label_encoder_begin(struct tp_label_encoder *encoder, const struct tp_schema *schema,
                                       const char *path, struct tp_error *error)
{
    *encoder = (struct tp_label_encoder){
        .names.path = path, .learned = schema->classes != NULL, .numbers = true, .advice = ""};
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; status == TILEPROP_OK && i < schema->class_count; i++) {
        const char *name = schema->classes[i], *end = name + strlen(name);
        double value;
        encoder->numbers &= tp_decimal_read(name, end, &value) == end;
        status = tp_string_table_add(&encoder->names, name, (size_t)(end - name), error);
    }
    return status;
}

/* Whether this is an integer as printf writes it, 0 excepted. */
static bool is_plain_integer(const char *text, size_t size)
{
    const size_t sign = text[0] == '-';
    for (size_t i = sign; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return size > sign && text[sign] != '0';
}

bool tp_label_encoder_find(const struct tp_label_encoder *encoder, const char *text, size_t size, uint16_t *label)
{
    uint32_t number;
    const bool found = tp_string_table_find(&encoder->names, text, size, &number);
    if (found)
        *label = (uint16_t)number;
    return found;
}

tileprop_status tp_label_encoder_label(struct tp_label_encoder *encoder, const char *place, const char *text,
                                       size_t size, uint16_t *label, struct tp_error *error)
{
    char integer[16];
    bool is_number = is_plain_integer(text, size);
    double wide;
    const struct tp_shown shown = tp_show(text, size);
    if (!is_number && tp_decimal_read(text, text + size, &wide) == text + size) {
        const float value = (float)wide;
        is_number = true;
        if (fabsf(value) < TP_INTEGER_LIMIT && rintf(value) == value) {
            size = (size_t)snprintf(integer, sizeof integer, "%d", (int)value);
            text = integer;
        } else if (encoder->numbers && !encoder->learned) {
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: expected an integer or a class name, found label %s: it looks like a regression "
                           "target, and tileprop only classifies%s",
                           place, shown.text, encoder->advice);
        }
    }
    if (tp_label_encoder_find(encoder, text, size, label))
        return TILEPROP_OK;
    if (encoder->learned)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a class of the training data, found \"%s\"", place,
                       shown.text);
    encoder->numbers &= is_number;
    if (encoder->names.count == TP_CLASSES_MAX)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected at most %d classes, found more%s", place,
                       TP_CLASSES_MAX, encoder->advice);
    *label = (uint16_t)encoder->names.count;
    return tp_string_table_add(&encoder->names, text, size, error);
}

tileprop_status tp_label_encoder_finish(struct tp_label_encoder *encoder, struct tp_schema *schema, uint16_t *labels,
                                        size_t count, struct tp_error *error)
{
    if (encoder->learned)
        return TILEPROP_OK;
    const size_t known = encoder->names.count;
    if (encoder->numbers && known > TP_NUMBER_CLASSES_FEW && count / TP_CLASS_SAMPLES < known)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected classes, found %zu distinct numbers as the labels of %zu samples: they look like "
                       "a regression target, and tileprop only classifies%s",
                       encoder->names.path, known, count, encoder->advice);
    uint32_t *places = tp_string_table_sort(&encoder->names);
    if (!places)
        return tp_fail_memory(error, encoder->names.path, "the names of classes");
    for (size_t i = 0; i < count; i++)
        labels[i] = (uint16_t)places[labels[i]];
    free(places);
    schema->class_count = known;
    schema->classes = tp_string_table_take(&encoder->names);
    return TILEPROP_OK;
}
