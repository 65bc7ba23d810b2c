#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "data/offsets.h"
#include "kernels/flush.h"
#include "system/memory.h"
#include "system/team.h"

#define UNCHECKED ((size_t)1 << 20) /* bytes that a step's batch may have without asking how much memory there is */

static int64_t label_at(const tileprop_data *data, size_t i)
{
    return data->label_type == TILEPROP_U8    ? ((const uint8_t *)data->labels)[i]
           : data->label_type == TILEPROP_U16 ? ((const uint16_t *)data->labels)[i]
           : data->label_type == TILEPROP_I64 ? ((const int64_t *)data->labels)[i]
                                              : ((const int32_t *)data->labels)[i];
}

static const char *type_name(tileprop_type type)
{
    return type == TILEPROP_U8 ? "u8" : type == TILEPROP_F32 ? "f32" : type == TILEPROP_F64 ? "f64" : "csr";
}

static tileprop_status complete(const char *name, const tileprop_data *given, tileprop_data *data,
                                struct tp_error *error)
{
    const tileprop_status status =
        tp_api_take(data, offsetof(tileprop_data, class_names), sizeof *data, given, name, error);
    if (status != TILEPROP_OK)
        return status;
    data->name = data->name ? data->name : name;
    const bool sparse = data->type == TILEPROP_CSR;
    if (!sparse && !data->samples && data->rows > 0)
        return tp_fail(error, TILEPROP_USAGE, "%s: samples: expected rows of values, found NULL", data->name);
    if (sparse && !(data->indptr && data->indices && data->values) && data->rows > 0)
        return tp_fail(error, TILEPROP_USAGE, "%s: %s: expected an array for type TILEPROP_CSR, found NULL", data->name,
                       !data->indptr    ? "indptr"
                       : !data->indices ? "indices"
                                        : "values");
    if (!sparse && data->type != TILEPROP_U8 && data->type != TILEPROP_F32 && data->type != TILEPROP_F64)
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: type: expected TILEPROP_U8, TILEPROP_F32, TILEPROP_F64 or TILEPROP_CSR, found %d",
                       data->name, (int)data->type);
    if (sparse && data->stride)
        return tp_fail(error, TILEPROP_USAGE, "%s: stride: expected 0 for type TILEPROP_CSR, found %zu", data->name,
                       data->stride);
    data->stride = data->stride ? data->stride : data->features;
    if (data->stride < data->features)
        return tp_fail(error, TILEPROP_USAGE, "%s: stride: expected at least the %zu values of a row, found %zu",
                       data->name, data->features, data->stride);
    /* No object has more bytes; an eighth of them also where a value is one byte, since labels may have eight. */
    if (data->rows > 0 && data->stride > PTRDIFF_MAX / sizeof(double) / data->rows)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %zu rows of %zu values do not fit in memory", data->name,
                       data->rows, data->stride);
    return TILEPROP_OK;
}

/* Of the samples as they are trained on. */
static tileprop_type type_of(const tileprop_data *data)
{
    return data->type == TILEPROP_F64 ? TILEPROP_F32 : data->type;
}

/* Checks the indexes of sparse rows. */
static tileprop_status check_entries(const tileprop_data *data, struct tp_error *error)
{
    const int64_t *indptr = data->indptr;
    if (data->type != TILEPROP_CSR || data->rows == 0)
        return TILEPROP_OK;
    if (indptr[0] < 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: indptr[0]: expected at least 0, found %lld", data->name,
                       (long long)indptr[0]);
    for (size_t r = 0; r < data->rows; r++)
        if (indptr[r + 1] < indptr[r])
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: indptr[%zu]: expected at least %lld, found %lld", data->name,
                           r + 1, (long long)indptr[r], (long long)indptr[r + 1]);
    for (size_t r = 0; r < data->rows; r++) {
        const int32_t *indices = data->indices + indptr[r];
        const size_t count = (size_t)(indptr[r + 1] - indptr[r]);
        for (size_t k = 0; k < count; k++) {
            if (indices[k] < 0 || (size_t)indices[k] >= data->features)
                return tp_fail(error, TILEPROP_BAD_INPUT,
                               "%s: row %zu: entry %zu: expected an index from 0 to %zu, found %d", data->name, r, k,
                               data->features - 1, indices[k]);
            if (k > 0 && indices[k] <= indices[k - 1])
                return tp_fail(error, TILEPROP_BAD_INPUT,
                               "%s: row %zu: entry %zu: expected an index above %d, the previous one, found %d",
                               data->name, r, k, indices[k - 1], indices[k]);
        }
    }
    return TILEPROP_OK;
}

/* Completed data as a data set, but for samples that have to be copied. */
static tileprop_status convert(struct tp_set *set, struct tp_error *error)
{
    const tileprop_data *data = &set->given;
    const char *name = data->name;
    const size_t most = data->classes ? data->classes : TP_CLASSES_MAX;
    const bool sparse = data->type == TILEPROP_CSR;
    const int64_t first = sparse && data->indptr ? data->indptr[0] : 0;
    if (!data->labels)
        return tp_fail(error, TILEPROP_USAGE, "%s: labels: expected a label for each row, found NULL", name);
    if (data->label_type != TILEPROP_U8 && data->label_type != TILEPROP_U16 && data->label_type != TILEPROP_I32 &&
        data->label_type != TILEPROP_I64)
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: label_type: expected TILEPROP_U8, TILEPROP_U16, TILEPROP_I32 or TILEPROP_I64, found %d",
                       name, (int)data->label_type);
    if (data->rows == 0 || data->features == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected at least 1 row and 1 value, found %zu rows of %zu values", name, data->rows,
                       data->features);
    if (data->classes > TP_CLASSES_MAX)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected at most %d classes, found %zu", name, TP_CLASSES_MAX,
                       data->classes);
    int64_t largest = 0;
    for (size_t i = 0; i < data->rows; i++) {
        const int64_t label = label_at(data, i);
        if (label < 0 || (uint64_t)label >= most)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: row %zu: expected a label from 0 to %zu, found %lld", name,
                           i, most - 1, (long long)label);
        largest = label > largest ? label : largest;
    }
    if (data->label_type != TILEPROP_U16) {
        set->labels = malloc(data->rows * sizeof *set->labels);
        if (!set->labels)
            return tp_fail_memory(error, NULL, "labels");
        for (size_t i = 0; i < data->rows; i++)
            set->labels[i] = (uint16_t)label_at(data, i);
    }
    set->own = (struct tp_dataset){.type = type_of(data),
                                   .samples = (void *)(uintptr_t)(sparse ? data->values + first : data->samples),
                                   .indptr = sparse ? (int64_t *)(uintptr_t)data->indptr : NULL,
                                   .indices = sparse ? (int32_t *)(uintptr_t)(data->indices + first) : NULL,
                                   .labels = set->labels ? set->labels : (uint16_t *)(uintptr_t)data->labels,
                                   .count = data->rows,
                                   .features = data->features,
                                   .classes = data->classes ? data->classes : (size_t)largest + 1,
                                   .class_weights = data->class_weights,
                                   .sample_weights = (float *)(uintptr_t)data->sample_weights};
    for (size_t i = 0; data->sample_weights && i < data->rows; i++)
        if (!(data->sample_weights[i] >= 0 && isfinite(data->sample_weights[i])))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: sample_weights[%zu]: expected a finite number >= 0, found %g", name, i,
                           (double)data->sample_weights[i]);
    return TILEPROP_OK;
}

tileprop_status tp_set_check_weights(const struct tp_set *set, size_t count, struct tp_error *error)
{
    const float *weights = set->own.sample_weights;
    bool any = !weights;
    for (size_t i = 0; !any && i < count; i++)
        any = weights[i] > 0;
    return any ? TILEPROP_OK
               : tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a weight above 0, found %zu samples of weight 0",
                         set->given.name, count);
}

static tileprop_status narrow(const tileprop_data *data, size_t row, const double *offset, float *to,
                              struct tp_error *error)
{
    const size_t begin = row * data->stride;
    const double *wide = data->type == TILEPROP_F64 ? (const double *)data->samples + begin : NULL;
    const float *narrow = wide ? NULL : (const float *)data->samples + begin;
    for (size_t i = 0; i < data->features; i++) {
        const double x = wide ? wide[i] : (double)narrow[i];
        to[i] = tp_offsets_narrow(data->offset ? x + data->offset[i] : x, offset, i);
        if (isinf(to[i]) && isfinite(x))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: row %zu: value %zu: expected a magnitude of at most %g, found %g", data->name, row, i,
                           (double)FLT_MAX, x);
    }
    return TILEPROP_OK;
}

static bool same_offsets(const double *a, const double *b, size_t features)
{
    for (size_t i = 0; a != b && i < features; i++)
        if ((a ? a[i] : 0) != (b ? b[i] : 0))
            return false;
    return true;
}

/* Copies samples that are f64 or have a stride or other offsets. */
static tileprop_status copy_samples(struct tp_set *set, struct tp_error *error)
{
    const tileprop_data *data = &set->given;
    const size_t value = data->type == TILEPROP_U8 ? 1 : sizeof(float), bytes = data->features * value;
    const bool narrows = data->type == TILEPROP_F64 || !same_offsets(data->offset, set->offset, data->features);
    if (data->rows == 0 || data->type == TILEPROP_CSR || (!narrows && data->stride == data->features))
        return TILEPROP_OK;
    tileprop_status status = data->rows * bytes < UNCHECKED
                                 ? TILEPROP_OK
                                 : tp_memory_check("/proc", "/sys/fs/cgroup", data->rows * bytes, 0, error);
    if (status == TILEPROP_OK && !(set->own.samples = set->samples = malloc(data->rows * bytes)))
        status = tp_fail_memory(error, NULL, "samples");
    for (size_t r = 0; r < data->rows && status == TILEPROP_OK; r++) {
        char *to = (char *)set->samples + r * bytes;
        if (narrows)
            status = narrow(data, r, set->offset, (float *)(void *)to, error);
        else
            memcpy(to, (const char *)data->samples + r * data->stride * value, bytes);
    }
    return status;
}

/* Whether the data may have the offsets that they have. */
static tileprop_status check_offset(const tileprop_data *data, struct tp_error *error)
{
    if (data->offset && type_of(data) != TILEPROP_F32)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected samples of type f32 or f64 for offsets, found %s",
                       data->name, type_name(data->type));
    for (size_t i = 0; data->offset && i < data->features; i++)
        if (!(fabs(data->offset[i]) <= (double)FLT_MAX))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: offset[%zu]: expected a magnitude of at most %g, found %g",
                           data->name, i, (double)FLT_MAX, data->offset[i]);
    return TILEPROP_OK;
}

/* Sets what is subtracted from samples: found as wanted in f64, kept by f32, or as given. */
static tileprop_status take_offset(struct tp_set *set, enum tp_offsets wanted, const double *offset,
                                   struct tp_error *error)
{
    const tileprop_data *data = &set->given;
    const size_t features = data->features;
    const bool finds = wanted != TP_OFFSETS_KNOWN && !data->offset && data->type == TILEPROP_F64;
    const double *from = wanted != TP_OFFSETS_KNOWN ? data->offset : offset;
    tileprop_status status = TILEPROP_OK;
    status = check_offset(data, error);
    if (status == TILEPROP_OK && type_of(data) != TILEPROP_F32 && tp_offsets_any(offset, features))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected samples of type f32 or f64 for a model with offsets, found %s", data->name,
                         type_name(data->type));
    if (status != TILEPROP_OK)
        return status;
    if (!finds && !tp_offsets_any(from, features))
        return TILEPROP_OK;
    set->offset = malloc(features * sizeof *set->offset);
    if (!set->offset)
        return tp_fail_memory(error, NULL, "offsets");
    if (finds)
        status = tp_offsets_find(data->samples, data->rows, data->stride, features, wanted == TP_OFFSETS_ONE,
                                 set->offset, error);
    else
        memcpy(set->offset, from, features * sizeof *from);
    set->own.offset = set->offset;
    return status;
}

/* The samples as a data set's, rounded to nearest whatever the caller's rounding mode. */
static tileprop_status convert_samples(struct tp_set *set, struct tp_error *error)
{
    const uint64_t saved = tp_flush_enter();
    const tileprop_status status = copy_samples(set, error);
    tp_flush_leave(saved);
    return status;
}

void tp_set_free(struct tp_set *set)
{
    free(set->samples);
    free(set->labels);
    free(set->offset);
    set->offset = NULL;
    set->samples = NULL;
    set->labels = NULL;
}

/* Checks that a set can be evaluated, before anything that it points to is read. */
static tileprop_status compare(const tileprop_data *found, const struct tp_set *like, struct tp_error *error)
{
    const tileprop_data *expected = &like->given;
    if ((found->type == TILEPROP_U8) != (expected->type == TILEPROP_U8))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected samples of type %s as in %s, found %s", found->name,
                       type_name(expected->type), expected->name, type_name(found->type));
    if (found->features != expected->features)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected samples of %zu values as in %s, found %zu", found->name,
                       expected->features, expected->name, found->features);
    if (found->classes > like->own.classes)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected at most %zu classes as in %s, found %zu", found->name,
                       like->own.classes, expected->name, found->classes);
    return TILEPROP_OK;
}

tileprop_status tp_set_describe(struct tp_set *set, const char *name, const tileprop_data *given,
                                struct tp_error *error)
{
    tileprop_data *data = &set->given;
    const tileprop_status status = complete(name, given, data, error);
    if (status != TILEPROP_OK)
        return status;
    if (data->rows == 0 && (data->features == 0 || data->classes == 0 || data->classes > TP_CLASSES_MAX))
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: expected, without rows, at least 1 feature and 1 to %d classes, found %zu and %zu",
                       data->name, TP_CLASSES_MAX, data->features, data->classes);
    set->own = (struct tp_dataset){.type = type_of(data), .features = data->features, .classes = data->classes};
    return check_offset(data, error);
}

tileprop_status tp_set_take(struct tp_set *set, const char *name, const tileprop_data *given, const struct tp_set *like,
                            enum tp_offsets wanted, const double *offset, struct tp_error *error)
{
    tileprop_data *data = &set->given;
    tileprop_status status = complete(name, given, data, error);
    if (status == TILEPROP_OK && like)
        status = compare(data, like, error);
    if (like && !data->classes)
        data->classes = like->own.classes;
    if (status == TILEPROP_OK)
        status = convert(set, error);
    if (status == TILEPROP_OK)
        status = check_entries(data, error);
    if (status == TILEPROP_OK)
        status = take_offset(set, wanted, offset, error);
    if (status == TILEPROP_OK)
        status = convert_samples(set, error);
    for (size_t r = 0; status == TILEPROP_OK && set->own.type != TILEPROP_U8 && r < data->rows; r++) {
        const struct tp_row row = tp_dataset_row(&set->own, r);
        for (size_t k = 0; k < row.count; k++)
            if (!isfinite(row.values[k]))
                return tp_fail(error, TILEPROP_BAD_INPUT, "%s: row %zu: %s %zu: expected a finite number, found %g",
                               data->name, r, row.indices ? "entry" : "value", k, (double)row.values[k]);
    }
    return status;
}

static bool same_name(const char *a, const char *b)
{
    return !a || !b || strcmp(a, b) == 0;
}

static tileprop_status check_column(const struct tp_column *found, const struct tp_column *expected, size_t i,
                                    const char *name, const char *path, struct tp_error *error)
{
    if (!same_name(found->name, expected->name))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: schema: column %zu: expected \"%s\" as in %s, found \"%s\"",
                       name, i + 1, tp_show(expected->name, strlen(expected->name)).text, path,
                       tp_show(found->name, strlen(found->name)).text);
    bool same = found->category_count == expected->category_count;
    for (size_t k = 0; same && k < found->category_count; k++)
        same = strcmp(found->categories[k], expected->categories[k]) == 0;
    if (same)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "%s: schema: column %zu%s%s: expected the categories that it has in %s, found others", name, i + 1,
                   found->name ? " " : "", found->name ? tp_show(found->name, strlen(found->name)).text : "", path);
}

tileprop_status tp_set_check_model(const struct tp_set *set, const struct tp_model *start, const char *path,
                                   struct tp_error *error)
{
    const tileprop_data *given = &set->given;
    struct tp_schema found;
    for (size_t k = 0; given->class_names && k < start->schema.class_count; k++)
        if (!same_name(given->class_names[k], start->schema.classes[k]))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: class_names[%zu]: expected \"%s\" as in %s, found \"%s\"",
                           given->name, k, tp_show(start->schema.classes[k], strlen(start->schema.classes[k])).text,
                           path, tp_show(given->class_names[k], strlen(given->class_names[k])).text);
    tileprop_status status = tp_schema_text_read(&found, given->schema, start->schema.features, given->name, error);
    if (status == TILEPROP_OK && found.column_count && start->schema.column_count &&
        found.column_count != start->schema.column_count)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: schema: expected %zu columns as in %s, found %zu", given->name,
                         start->schema.column_count, path, found.column_count);
    for (size_t i = 0; status == TILEPROP_OK && i < found.column_count && i < start->schema.column_count; i++)
        status = check_column(&found.columns[i], &start->schema.columns[i], i, given->name, path, error);
    tp_schema_free(&found);
    return status;
}

static tileprop_status evaluate(const tileprop_model *handle, const tileprop_data *given, size_t threads,
                                const tileprop_outputs *outputs, struct tp_error *error)
{
    static const uint8_t none = 0;
    struct tp_set set = {0};
    tileprop_data *data = &set.given;
    tileprop_outputs out;
    tileprop_status status = tp_api_need(handle, "model", error);
    if (status == TILEPROP_OK)
        status = complete("data", given, data, error);
    if (status == TILEPROP_OK)
        status = tp_api_take(&out, sizeof out, sizeof out, outputs, "outputs", error);
    if (status != TILEPROP_OK)
        return status;
    if (threads > TP_TEAM_MAX)
        return tp_fail(error, TILEPROP_USAGE, "threads: expected at most %d, found %zu", TP_TEAM_MAX, threads);
    const size_t rows = data->rows, features = tileprop_model_features(handle);
    if (!out.losses) { /* labels are not read */
        data->labels = &none;
        data->label_type = TILEPROP_U8;
        data->rows = 1;
    }
    data->sample_weights = NULL;
    data->classes = tileprop_model_classes(handle);
    if (data->features != features)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected samples of %zu values, found %zu", data->name, features,
                       data->features);
    status = convert(&set, error);
    set.own.count = data->rows = rows;
    if (status == TILEPROP_OK)
        status = check_entries(data, error);
    if (status == TILEPROP_OK &&
        (data->type != TILEPROP_U8 || data->offset)) /* bytes are narrowed as they are packed */
        status = take_offset(&set, TP_OFFSETS_KNOWN, handle->model.normalization.offset, error);
    if (status == TILEPROP_OK)
        status = convert_samples(&set, error);
    const struct tp_predictions to = {
        .loss = out.losses, .predicted = out.classes, .probabilities = out.probabilities, .logits = out.logits};
    if (status == TILEPROP_OK)
        status = tp_predictor_run(handle->predictor, threads ? threads : tp_team_threads(0), &set.own, &to, error);
    tp_set_free(&set);
    return status;
}

tileprop_status tileprop_evaluate(const tileprop_model *handle, const tileprop_data *data, size_t threads,
                                  const tileprop_outputs *outputs, char *message, size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    return tp_call_end(&call, evaluate(handle, data, threads, outputs, &call.error), message, size);
}
