#include "cli/prediction_writer.h"

#include <jansson.h>
#include <math.h>
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

static bool write_class(const struct tp_prediction *p, size_t class, FILE *out)
{
    const char *name = tileprop_model_class_name(p->model, class);
    if (p->command->format == TP_ROWS_CSV) {
        write_field("", name, out);
        return true;
    }
    json_t *string = json_string(name);
    const bool good = json_dumpf(string, out, JSON_ENCODE_ANY) == 0;
    json_decref(string);
    return good; /* false, with errno, without memory too */
}

static void write_header(const struct tp_prediction *p, FILE *out)
{
    fputs(p->data->labelled ? "sample,label,class" : "sample,class", out);
    for (size_t k = 0; k < tileprop_model_classes(p->model); k++) {
        putc(',', out);
        write_field("p_", tileprop_model_class_name(p->model, k), out);
    }
    putc('\n', out);
}

/* What stands before each part of a row, and behind the last. */
static const struct layout {
    const char *sample, *label, *class, *probability, *further, *end;
} layouts[] = {
    [TP_ROWS_CSV] = {"", ",", ",", ",", ",", "\n"},
    [TP_ROWS_JSONL] = {"{\"sample\": ", ", \"label\": ", ", \"class\": ", ", \"probabilities\": [", ", ",
                       "]}\n"},
};

bool tp_prediction_writer_write(const struct tp_prediction *p, size_t begin, size_t count, FILE *out)
{
    const size_t classes = tileprop_model_classes(p->model);
    const struct layout *before = &layouts[p->command->format];
    bool good = true;
    if (begin == 0 && p->command->format == TP_ROWS_CSV)
        write_header(p, out);
    for (size_t i = 0; i < count && good; i++) {
        fprintf(out, "%s%zu", before->sample, begin + i);
        if (p->data->labelled) {
            fputs(before->label, out);
            good = write_class(p, p->data->set.labels[begin + i], out);
        }
        fputs(before->class, out);
        good = good && write_class(p, p->predicted[begin + i], out);
        for (size_t k = 0; k < classes; k++) {
            const double value = (double)p->probabilities[i * classes + k];
            const bool null = p->command->format == TP_ROWS_JSONL && !isfinite(value);
            fprintf(out, null ? "%snull" : "%s%.9g", k ? before->further : before->probability, value);
        }
        fputs(before->end, out);
        good = good && !ferror(out);
    }
    return good;
}
