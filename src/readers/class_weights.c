#include "readers/class_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/string_table.h"
#include "readers/csv.h"
#include "readers/gzip.h"

/* The names of the classes, by their labels. */
static tileprop_status name_classes(const struct tp_dataset *dataset, struct tp_string_table *table,
                                    struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    for (size_t k = 0; status == TILEPROP_OK && k < dataset->classes; k++) {
        char buffer[32];
        const char *name = tp_schema_class(dataset->schema, k, buffer, sizeof buffer);
        status = tp_string_table_add(table, name, strlen(name), error);
    }
    return status;
}

/* NaN marks a class that has not been named yet. */
static tileprop_status read_row(struct tp_csv *csv, const struct tp_string_table *table, float *weights)
{
    struct tp_field field = {0};
    uint32_t class;
    double weight;
    tileprop_status status = tp_csv_read_field(csv, &field);
    if (status != TILEPROP_OK)
        return status;
    const struct tp_shown shown = tp_show(field.text, field.size);
    if (!tp_string_table_find(table, field.text, field.size, &class))
        return tp_csv_fail(csv, csv->row, "expected one of the data's %zu classes, found \"%s\"", table->count,
                           shown.text);
    if (!isnan(weights[class]))
        return tp_csv_fail(csv, csv->row, "class \"%s\": expected once, found twice", shown.text);
    if (!csv->more || !tp_csv_read_number(csv, &weight) || csv->more || !(weight >= 0 && isfinite((float)weight)))
        return tp_csv_fail(csv, csv->row, "expected CLASS,WEIGHT with a number >= 0");
    weights[class] = (float)weight;
    return TILEPROP_OK;
}

static tileprop_status read_file(const char *path, const struct tp_dataset *dataset, float *weights,
                                 struct tp_error *error)
{
    struct tp_file file;
    tileprop_status status = tp_gzip_read(&file, path, error);
    if (status != TILEPROP_OK)
        return status;
    for (size_t k = 0; k < dataset->classes; k++)
        weights[k] = NAN;
    struct tp_string_table table = {.path = path};
    struct tp_csv csv;
    status = tp_csv_open(&csv, &file, 0, error);
    if (status == TILEPROP_OK)
        status = name_classes(dataset, &table, error);
    while (status == TILEPROP_OK && tp_csv_next(&csv))
        status = read_row(&csv, &table, weights);
    for (size_t k = 0; k < dataset->classes; k++)
        weights[k] = isnan(weights[k]) ? 1 : weights[k];
    tp_csv_close(&csv);
    tp_string_table_free(&table);
    tp_file_free(&file);
    return status;
}

tileprop_status tp_class_weights_make(const char *source, const struct tp_dataset *dataset, float **weights,
                                      struct tp_error *error)
{
    const double classes = (double)dataset->classes, count = (double)dataset->count;
    size_t *counts = calloc(dataset->classes, sizeof *counts);
    *weights = malloc(dataset->classes * sizeof **weights);
    tileprop_status status = TILEPROP_OK;
    if (!counts || !*weights) {
        status = tp_fail_memory(error, "--class-weight", "the weights of classes");
    } else if (strcmp(source, "balanced") != 0) {
        status = read_file(source, dataset, *weights, error);
    } else {
        for (size_t i = 0; i < dataset->count; i++)
            counts[dataset->labels[i]]++;
        for (size_t k = 0; k < dataset->classes; k++)
            (*weights)[k] = counts[k] ? (float)(count / (classes * (double)counts[k])) : 1;
    }
    free(counts);
    return status;
}
