#include "cli/prediction_writer.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A field with commas, quotes or line breaks stands in quotes, which are doubled (RFC 4180). */
static void write_field(const char *before, const char *text, FILE *out)
{
    const bool quoted = strpbrk(text, ",\"\r\n");
    if (quoted)
        putc('"', out);
    fputs(before, out);
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            putc('"', out);
        putc(*c, out);
    }
    if (quoted)
        putc('"', out);
}

/* False, with errno, without memory too. */
static bool write_string(const char *text, FILE *out)
{
    json_t *string = json_string(text);
    const bool good = json_dumpf(string, out, JSON_ENCODE_ANY) == 0;
    json_decref(string);
    return good;
}

bool tp_prediction_writer_begin(const struct tp_prediction_writer *rows, FILE *out)
{
    if (rows->format == TP_ROWS_JSONL)
        return true;
    fputs(rows->labels ? "sample,label,class" : "sample,class", out);
    for (size_t k = 0; k < tileprop_model_classes(rows->model); k++) {
        putc(',', out);
        write_field("p_", tileprop_model_class_name(rows->model, k), out);
    }
    putc('\n', out);
    return !ferror(out);
}

static bool write_csv(const struct tp_prediction_writer *rows, size_t i, size_t classes, FILE *out)
{
    fprintf(out, "%zu,", rows->begin + i);
    if (rows->labels) {
        write_field("", tileprop_model_class_name(rows->model, rows->labels[i]), out);
        putc(',', out);
    }
    write_field("", tileprop_model_class_name(rows->model, rows->predicted[i]), out);
    for (size_t k = 0; k < classes; k++)
        fprintf(out, ",%.9g", (double)rows->probabilities[i * classes + k]);
    putc('\n', out);
    return !ferror(out);
}

static bool write_json(const struct tp_prediction_writer *rows, size_t i, size_t classes, FILE *out)
{
    bool good = true;
    fprintf(out, "{\"sample\": %zu, ", rows->begin + i);
    if (rows->labels) {
        fputs("\"label\": ", out);
        good = write_string(tileprop_model_class_name(rows->model, rows->labels[i]), out);
        fputs(", ", out);
    }
    fputs("\"class\": ", out);
    good = good && write_string(tileprop_model_class_name(rows->model, rows->predicted[i]), out);
    fputs(", \"probabilities\": [", out);
    for (size_t k = 0; k < classes; k++) {
        const double p = (double)rows->probabilities[i * classes + k];
        fputs(k ? ", " : "", out);
        if (isfinite(p))
            fprintf(out, "%.9g", p);
        else
            fputs("null", out);
    }
    fputs("]}\n", out);
    return good && !ferror(out);
}

bool tp_prediction_writer_write(const struct tp_prediction_writer *rows, FILE *out)
{
    const size_t classes = tileprop_model_classes(rows->model);
    bool good = true;
    for (size_t i = 0; i < rows->count && good; i++)
        good = rows->format == TP_ROWS_CSV ? write_csv(rows, i, classes, out)
                                           : write_json(rows, i, classes, out);
    return good;
}
