#include "cli/data_report.h"

#include <stdio.h>
#include <string.h>

#include "cli/report.h"

#define TP_CLASSES_SHOWN 100 /* as many numbers may be classes */

/* Names are the file's. */
static void write_name(const char *name)
{
    fputs(tp_show(name, strlen(name)).text, stdout);
}

static void write_columns(const struct tp_schema *schema)
{
    size_t texts = 0;
    for (size_t i = 0; i < schema->column_count; i++)
        texts += schema->columns[i].category_count > 0;
    if (schema->column_count) {
        printf(", label ");
        write_name(schema->label ? schema->label : "in");
        printf(schema->label ? " (column %zu)" : " column %zu", schema->label_place + 1);
        printf(", %zu column%s of numbers", schema->column_count - texts,
               schema->column_count - texts == 1 ? "" : "s");
    }
    if (texts)
        printf(" and %zu of categories", texts);
    printf(", %zu feature%s\n", schema->features, schema->features == 1 ? "" : "s");
}

static void write_classes(const struct tp_train_data *data)
{
    char buffer[32];
    const size_t classes = data->schema.class_count;
    printf(TP_LABEL, "classes");
    for (size_t k = 0; k < classes && k < TP_CLASSES_SHOWN; k++) {
        printf("%s", k ? ", " : "");
        write_name(tp_schema_class(&data->schema, k, buffer, sizeof buffer));
        printf(" %zu", data->class_counts[k]);
    }
    if (classes > TP_CLASSES_SHOWN)
        printf(" and %zu more", classes - TP_CLASSES_SHOWN);
    putchar('\n');
}

void tp_data_report(const struct tp_train_data *data, uint64_t seed)
{
    if (!data->rows)
        return;
    printf(TP_LABEL "%zu rows", "table", data->rows);
    write_columns(&data->schema);
    write_classes(data);
    if (data->is_part)
        printf(TP_LABEL "%zu sample%s of the same file, stratified by class, drawn from seed %llu\n",
               "validation", data->validation.count, data->validation.count == 1 ? "" : "s",
               (unsigned long long)seed);
}
