#include "class_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "decimal.h"
#include "file.h"

static enum tp_status balance(const struct tp_dataset *dataset, float *weights, struct tp_error *error)
{
    size_t *counts = calloc(dataset->classes, sizeof *counts);
    if (!counts)
        return tp_fail(error, TP_FAILURE, "out of memory for the weights of %zu classes", dataset->classes);
    for (size_t i = 0; i < dataset->count; i++)
        counts[dataset->labels[i]]++;
    for (size_t k = 0; k < dataset->classes; k++)
        weights[k] =
            counts[k] ? (float)((double)dataset->count / ((double)dataset->classes * (double)counts[k])) : 1;
    free(counts);
    return TP_OK;
}

/* Stores the class of this name; false if there is none. */
static bool find_class(const struct tp_dataset *dataset, const struct tp_field *field, size_t *class)
{
    static const struct tp_schema unknown = {0};
    char buffer[32];
    for (*class = 0; *class < dataset->classes; ++*class) {
        const char *name =
            tp_schema_class(dataset->schema ? dataset->schema : &unknown, *class, buffer, sizeof buffer);
        if (strlen(name) == field->size && memcmp(name, field->text, field->size) == 0)
            return true;
    }
    return false;
}

/* NaN stands for a class that was not named yet. */
static enum tp_status read_row(struct tp_csv *csv, const struct tp_dataset *dataset, float *weights,
                               struct tp_error *error)
{
    struct tp_field field = {0};
    size_t class;
    float weight;
    enum tp_status status = tp_csv_read_field(csv, &field, error);
    if (status != TP_OK)
        return status;
    const struct tp_shown shown = tp_csv_show(field.text, field.size);
    if (!find_class(dataset, &field, &class))
        return tp_fail(error, TP_BAD_INPUT, "%s: row %zu: class \"%s\" found, expected one of the data's %zu",
                       csv->path, csv->row, shown.text, dataset->classes);
    if (!isnan(weights[class]))
        return tp_fail(error, TP_BAD_INPUT, "%s: row %zu: class \"%s\" found twice, expected once", csv->path,
                       csv->row, shown.text);
    if (!csv->more || !tp_csv_read_number(csv, &weight) || csv->more || !(weight >= 0 && isfinite(weight)))
        return tp_fail(error, TP_BAD_INPUT, "%s: row %zu: expected CLASS,WEIGHT with a number from 0",
                       csv->path, csv->row);
    weights[class] = weight;
    return TP_OK;
}

static enum tp_status read_file(const char *path, const struct tp_dataset *dataset, float *weights,
                                struct tp_error *error)
{
    struct tp_file file;
    enum tp_status status = tp_file_read(&file, path, error);
    if (status != TP_OK)
        return status;
    for (size_t k = 0; k < dataset->classes; k++)
        weights[k] = NAN;
    struct tp_csv csv;
    status = tp_csv_open(&csv, &file, 0, error);
    while (status == TP_OK && tp_csv_next(&csv))
        status = read_row(&csv, dataset, weights, error);
    for (size_t k = 0; k < dataset->classes; k++)
        weights[k] = isnan(weights[k]) ? 1 : weights[k];
    tp_csv_close(&csv);
    tp_file_free(&file);
    return status;
}

enum tp_status tp_class_weights_make(const char *source, const struct tp_dataset *dataset, float **weights,
                                     struct tp_error *error)
{
    *weights = malloc(dataset->classes * sizeof **weights);
    if (!*weights)
        return tp_fail(error, TP_FAILURE, "out of memory for the weights of %zu classes", dataset->classes);
    return strcmp(source, "balanced") == 0 ? balance(dataset, *weights, error)
                                           : read_file(source, dataset, *weights, error);
}
