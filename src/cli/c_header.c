#include "cli/c_header.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cli/template.h"

#define TP_FLOATS_PER_LINE 8

struct header {
    const tileprop_model *model;
    const struct tp_schema *schema;
    const char *name;
    FILE *out;
};

static void put(const struct header *h, const char *text)
{
    tp_template_put(text, h->name, h->out);
}

/* The library flushes subnormals. */
static float flush(float value)
{
    return fabsf(value) < FLT_MIN ? 0 : value;
}

/* Nine digits represent every fp32 exactly. Sums too large for one are NaN. */
static void put_float(const struct header *h, float value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.9g", (double)flush(value));
    if (isfinite(value))
        fprintf(h->out, "%s%sf", digits, strpbrk(digits, ".e") ? "" : ".0");
    else
        put(h, "NAN");
}

static void begin_floats(const struct header *h, const char *what, size_t count)
{
    fprintf(h->out, "\nstatic const float %s_%s[%zu] = {", h->name, what, count);
}

static void put_element(const struct header *h, size_t i, float value)
{
    fputs(i % TP_FLOATS_PER_LINE ? ", " : i ? ",\n    " : "\n    ", h->out);
    put_float(h, value);
}

/* Seventeen digits represent every double exactly. */
static void put_offsets(const struct header *h, const double *values, size_t count)
{
    put(h, "\n/* Subtracted in double: floats would lose the values' differences. */\n"
           "static const double @_offset[@_features] = {");
    for (size_t i = 0; i < count; i++)
        fprintf(h->out, "%s%.17g", i % TP_FLOATS_PER_LINE ? ", " : i ? ",\n    " : "\n    ", values[i]);
    put(h, "};\n");
}

static void put_floats(const struct header *h, const char *what, const float *values, size_t count)
{
    begin_floats(h, what, count);
    for (size_t i = 0; i < count; i++)
        put_element(h, i, values[i]);
    put(h, "};\n");
}

/*
 * Writes bytes that are not printable ASCII as three octal digits; and '?', because two of them might begin a trigraph.
 */
static void put_text(const struct header *h, const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~' || strchr("\"\\?", *text))
            fprintf(h->out, "\\%03o", (unsigned)(unsigned char)*text);
        else
            putc(*text, h->out);
    }
}

/* The activations that a model can have, by their names in it. */
static const struct activation {
    const char *name, *description, *conditions; /* conditions of the template that hold */
} activations[] = {
    {"sigmoid", "sigmoid", "HIDDEN SIGMOID"},
    {"lecun-tanh", "improved-sigmoid, 1.7159 tanh(2x/3)", "HIDDEN ANY_TANH LECUN"},
    {"tanh", "tanh", "HIDDEN ANY_TANH PLAIN_TANH"},
    {"relu", "relu", "HIDDEN RELU"},
};

static const struct activation *find_activation(const tileprop_model *model)
{
    const char *name = tileprop_model_text(model, "activation");
    size_t i = sizeof activations / sizeof activations[0] - 1;
    while (i > 0 && strcmp(activations[i].name, name) != 0)
        i--;
    return &activations[i];
}

static size_t inputs_of(const tileprop_model *model, size_t layer)
{
    return layer ? tileprop_model_units(model, layer - 1) : tileprop_model_features(model);
}

/* Sizes of the two arrays of values between layers: one for the inputs of even layers, one for those of odd layers. */
static void find_room(const tileprop_model *model, size_t room[2])
{
    room[0] = room[1] = 1;
    for (size_t l = 0; l < tileprop_model_layers(model); l++)
        if (room[l % 2] < inputs_of(model, l))
            room[l % 2] = inputs_of(model, l);
}

static void put_beginning(const struct header *h)
{
    const size_t layers = tileprop_model_layers(h->model);
    size_t room[2];
    find_room(h->model, room);
    fprintf(h->out, "/*\n * Made by tileprop-export %s: a network of %zu", TILEPROP_VERSION,
            tileprop_model_features(h->model));
    for (size_t l = 0; l < layers; l++)
        fprintf(h->out, "-%zu", tileprop_model_units(h->model, l));
    fprintf(h->out, " units, activation %s.\n", find_activation(h->model)->description);
    fprintf(h->out, " * %zu parameters; besides its constants %s_predict() takes %zu bytes of stack for values.\n",
            tileprop_model_parameters(h->model), h->name, 4 * (room[0] + (layers > 1 ? room[1] : 0)));
    put(h, " *\n"
           " * SPDX-License-Identifier: MIT. Copyright (c) 2026 The tileprop authors, for the code; the numbers are "
           "yours.\n"
           " *\n"
           " * C99 or C++11, and math.h. fmaf() should be an instruction; from a C library it is slow.\n"
           " * Not to be compiled with -ffast-math.\n"
           " */\n"
           "#ifndef TILEPROP_@\n"
           "#define TILEPROP_@\n"
           "\n"
           "#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)\n"
           "#error NaN means a missing value: compile this file without -ffast-math\n"
           "#endif\n"
           "\n"
           "#include <math.h>\n"
           "#include <stddef.h>\n"
           "\n");
    fprintf(h->out, "enum { %s_features = %zu, %s_classes = %zu };\n", h->name, tileprop_model_features(h->model),
            h->name, tileprop_model_classes(h->model));
}

static void put_class_names(const struct header *h)
{
    put(h, "\nstatic const char *const @_class_names[@_classes] = {");
    for (size_t k = 0; k < tileprop_model_classes(h->model); k++) {
        put(h, k ? ",\n    \"" : "\n    \"");
        put_text(h, tileprop_model_class_name(h->model, k));
        put(h, "\"");
    }
    put(h, "};\n");
}

/* Features of a table: a column of numbers by its name, a category as column=category. */
static void put_feature_names(const struct header *h)
{
    const struct tp_schema *schema = h->schema;
    const char *before = "\n    \"";
    if (!schema->column_count)
        return;
    put(h, "\n/* A category's feature is 1 where the column has it, else 0. */\n"
           "static const char *const @_feature_names[@_features] = {");
    for (size_t c = 0; c < schema->column_count; c++) {
        const struct tp_column *column = &schema->columns[c];
        for (size_t i = 0; i < column->category_count || i == 0; i++) {
            put(h, before);
            if (column->name)
                put_text(h, column->name);
            else
                fprintf(h->out, "column %zu", tp_schema_place(schema, c + (schema->label_place <= c)) + 1);
            if (column->category_count) {
                put(h, "=");
                put_text(h, column->categories[i]);
            }
            put(h, "\"");
            before = ",\n    \"";
        }
    }
    put(h, "};\n");
}

/* A feature's shift if it is split or not, as asked, else 0. */
static float shift_of(const struct header *h, size_t feature, bool split)
{
    const float *shift;
    tileprop_model_normalization(h->model, &shift);
    return (tileprop_model_split(h->model)[feature] != 0) == split ? flush(shift[feature]) : 0;
}

/* The shifts that are added to each value. */
static void put_shift(const struct header *h)
{
    const size_t features = tileprop_model_features(h->model);
    begin_floats(h, "shift", features);
    for (size_t k = 0; k < features; k++)
        put_element(h, k, shift_of(h, k, false));
    put(h, "};\n");
}

/* The start of the first layer's sums, in the library's order: a chain for every 16 inputs, then the sum of these
 * chains. */
static void put_start(const struct header *h)
{
    const size_t features = tileprop_model_features(h->model), units = tileprop_model_units(h->model, 0);
    const float *bias, *weights = tileprop_model_weights(h->model, 0, &bias);
    begin_floats(h, "start", units);
    for (size_t u = 0; u < units; u++, weights += features) {
        float start = 0, part = 0;
        for (size_t k = 0; k < features; k++) {
            part = flush(fmaf(shift_of(h, k, true), flush(weights[k]), k % 16 ? part : 0));
            if (k % 16 == 15 || k + 1 == features)
                start = flush(start + part);
        }
        put_element(h, u, start);
    }
    put(h, "};\n");
}

static void put_constants(const struct header *h)
{
    const size_t features = tileprop_model_features(h->model);
    const float *shift, *scale = tileprop_model_normalization(h->model, &shift);
    const double *offsets = tileprop_model_offsets(h->model);
    char what[32];
    put_class_names(h);
    put_feature_names(h);
    if (h->schema->means)
        put_floats(h, "means", h->schema->means, features);
    if (offsets)
        put_offsets(h, offsets, features);
    put_floats(h, "scale", scale, features);
    put_shift(h);
    put_start(h);
    for (size_t l = 0; l < tileprop_model_layers(h->model); l++) {
        const size_t units = tileprop_model_units(h->model, l);
        const float *bias, *weights = tileprop_model_weights(h->model, l, &bias);
        snprintf(what, sizeof what, "weight_%zu", l);
        put_floats(h, what, weights, units * inputs_of(h->model, l));
        snprintf(what, sizeof what, "bias_%zu", l);
        if (bias)
            put_floats(h, what, bias, units);
    }
}

static const char *const arithmetic[] = {
#include "cli/export_template.h.inc"
    NULL};

static void put_call(const struct header *h, size_t l)
{
    const size_t units = tileprop_model_units(h->model, l);
    const bool last = l + 1 == tileprop_model_layers(h->model);
    const char *const names[2] = {"a", "b"};
    const char *to = last ? "probabilities" : names[(l + 1) % 2];
    const float *bias;
    tileprop_model_weights(h->model, l, &bias);
    fprintf(h->out, "    %s_layer(%s, %zu, %s_weight_%zu, ", h->name, names[l % 2], inputs_of(h->model, l), h->name, l);
    put(h, l ? "NULL, " : "@_start, ");
    if (bias)
        fprintf(h->out, "%s_bias_%zu", h->name, l);
    else
        fputs("NULL", h->out);
    fprintf(h->out, ", %s, %zu);\n", to, units);
    if (!last)
        fprintf(h->out, "    %s_activate(%s, %zu);\n", h->name, to, units);
}

static void put_functions(const struct header *h)
{
    const size_t layers = tileprop_model_layers(h->model);
    const bool hidden = layers > 1, offset = tileprop_model_offsets(h->model);
    size_t room[2];
    find_room(h->model, room);
    put(h, "\n");
    tp_template_write(arithmetic, hidden ? find_activation(h->model)->conditions : "", h->name, h->out);
    put(h, "\n"
           "/*\n"
           " * Writes each class's probability for a sample as the training data had it, before any "
           "normalization,\n"
           " * and returns the class with the greatest, the first of equals. A sample that cannot be predicted has\n"
           " * NaN probabilities and the class 65535: one with a value that is infinite or too large");
    put(h, h->schema->means ? ". NaN: a\n * value that is missing.\n */\n" : ", or NaN.\n */\n");
    put(h, offset ? "static inline size_t @_predict(const double in[@_features], float probabilities[@_classes])\n{\n"
                  : "static inline size_t @_predict(const float in[@_features], float probabilities[@_classes])\n{\n");
    fprintf(h->out, "    float a[%zu]", room[0]);
    if (hidden)
        fprintf(h->out, ", b[%zu]", room[1]);
    put(h, ";\n    size_t k;\n    for (k = 0; k < @_features; k++)");
    if (offset)
        put(h, " {\n        const float v = (float)(in[k] - @_offset[k]);\n");
    else
        put(h, h->schema->means ? " {\n        const float v = in[k];\n" : "");
    put(h, h->schema->means ? "        const float x = v >= 0.0f || v < 0.0f ? v : @_means[k];\n"
                              "        a[k] = @_flush(fmaf(@_flush(x) + (x - x), @_scale[k], @_shift[k]));\n"
                              "    }\n"
           : offset         ? "        a[k] = @_flush(fmaf(@_flush(v) + (v - v), @_scale[k], @_shift[k]));\n    }\n"
                    : "\n        a[k] = @_flush(fmaf(@_flush(in[k]) + (in[k] - in[k]), @_scale[k], @_shift[k]));\n");
    for (size_t l = 0; l < layers; l++)
        put_call(h, l);
    put(h, "    return @_softmax(probabilities);\n}\n\n#endif\n");
}

void tp_c_header_write(const tileprop_model *model, const struct tp_schema *schema, const char *name, FILE *out)
{
    const struct header h = {model, schema, name, out};
    put_beginning(&h);
    put_constants(&h);
    put_functions(&h);
}
