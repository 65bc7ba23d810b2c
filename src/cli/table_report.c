#include "cli/table_report.h"

#include <string.h>

#include "cli/program.h"

#define TP_CLASSES_SHOWN 100 /* as many numbers may be classes */

/* Names come from the file. */
static void write_name(const char *name, FILE *out)
{
    fputs(tp_show(name, strlen(name)).text, out);
}

static void write_columns(const struct tp_schema *schema, const char *weight, FILE *out)
{
    size_t texts = 0;
    for (size_t i = 0; i < schema->column_count; i++)
        texts += schema->columns[i].category_count > 0;
    if (schema->column_count) {
        fprintf(out, ", label ");
        write_name(schema->label ? schema->label : "in", out);
        fprintf(out, schema->label ? " (column %zu)" : " column %zu", tp_schema_place(schema, schema->label_place) + 1);
        if (weight) {
            fputs(schema->weight ? ", weights " : ", weights in column ", out);
            write_name(schema->weight ? schema->weight : weight, out);
        }
        fprintf(out, ", %zu column%s of numbers", schema->column_count - texts,
                schema->column_count - texts == 1 ? "" : "s");
    }
    if (texts)
        fprintf(out, " and %zu of categories", texts);
    fprintf(out, ", %zu feature%s\n", schema->features, schema->features == 1 ? "" : "s");
}

static void write_classes(const struct tp_train_data *data, FILE *out)
{
    char buffer[32];
    size_t counts[TP_CLASSES_SHOWN] = {0};
    const size_t classes = data->schema.class_count;
    const uint16_t *labels = data->train.labels; /* of all rows: what was split off follows */
    for (size_t i = 0; i < data->rows; i++)
        if (labels[i] < TP_CLASSES_SHOWN)
            counts[labels[i]]++;
    fprintf(out, TP_LABEL, "classes");
    for (size_t k = 0; k < classes && k < TP_CLASSES_SHOWN; k++) {
        fprintf(out, "%s", k ? ", " : "");
        write_name(tp_schema_class(&data->schema, k, buffer, sizeof buffer), out);
        fprintf(out, " %zu", counts[k]);
    }
    if (classes > TP_CLASSES_SHOWN)
        fprintf(out, " and %zu more", classes - TP_CLASSES_SHOWN);
    putc('\n', out);
}

void tp_report_table(const struct tp_train_data *data, const char *weight, FILE *out)
{
    fprintf(out, TP_LABEL "%zu rows", data->notes.format, data->rows);
    write_columns(&data->schema, weight, out);
    write_classes(data, out);
}

void tp_report_notes(const struct tp_notes *notes, FILE *out)
{
    for (size_t i = 0; i < notes->count; i++)
        fprintf(out, TP_LABEL "%s\n", "note", notes->lines[i].text);
}
