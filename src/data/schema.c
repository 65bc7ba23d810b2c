#include "data/schema.h"

#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/string_table.h"

const char *tp_schema_class(const struct tp_schema *schema, size_t label, char *buffer, size_t size)
{
    if (schema && schema->classes && label < schema->class_count)
        return schema->classes[label];
    snprintf(buffer, size, "%zu", label);
    return buffer;
}

bool tp_schema_add_class(struct tp_schema *schema, const char *name)
{
    const size_t count = schema->class_count;
    if ((count & (count - 1)) == 0) { /* 0 or a power of 2: full */
        char **grown = realloc(schema->classes, (count ? 2 * count : 1) * sizeof *grown);
        if (!grown)
            return false;
        schema->classes = grown;
    }
    schema->classes[count] = strdup(name);
    if (!schema->classes[count])
        return false;
    schema->class_count++;
    return true;
}

bool tp_schema_name_classes(struct tp_schema *schema, const char *const *names, size_t count)
{
    bool good = true;
    for (size_t k = 0; good && k < count; k++) {
        char number[32];
        snprintf(number, sizeof number, "%zu", k);
        good = tp_schema_add_class(schema, names ? names[k] : number);
    }
    return good;
}

bool tp_schema_has_categories(const struct tp_schema *schema)
{
    for (size_t i = 0; i < schema->column_count; i++)
        if (schema->columns[i].category_count)
            return true;
    return false;
}

size_t tp_schema_place(const struct tp_schema *schema, size_t place)
{
    for (size_t i = 0; i < schema->left_out_count && schema->left_out[i] <= place; i++)
        place++;
    return place;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void tp_schema_free(struct tp_schema *schema)
{
    for (size_t i = 0; i < schema->column_count; i++) {
        free(schema->columns[i].name);
        free_texts(schema->columns[i].categories, schema->columns[i].category_count);
    }
    free(schema->columns);
    free(schema->label);
    free(schema->left_out);
    free(schema->weight);
    free_texts(schema->classes, schema->classes ? schema->class_count : 0);
    free(schema->means);
    free(schema->offset);
    *schema = (struct tp_schema){0};
}

static json_t *list_texts(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        tp_json_text_append(&list, json_string(texts[i]));
    return list;
}

static json_t *list_places(const size_t *places, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        tp_json_text_append(&list, json_integer((json_int_t)places[i]));
    return list;
}

static json_t *describe_column(const struct tp_column *column)
{
    json_t *object = json_pack("{s:s*}", "name", column->name);
    if (column->category_count)
        tp_json_text_set(&object, "categories", list_texts(column->categories, column->category_count));
    return object;
}

/* Frees the JSON; if json is NULL, errno says why. */
static char *write_and_free(json_t *json)
{
    char *text = json ? tp_json_text_write(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

char *tp_schema_text_write(const struct tp_schema *schema)
{
    json_t *columns = json_array(), *means = schema->means ? json_array() : NULL;
    for (size_t i = 0; i < schema->column_count; i++)
        tp_json_text_append(&columns, describe_column(&schema->columns[i]));
    for (size_t i = 0; schema->means && i < schema->features; i++)
        tp_json_text_append(&means, json_real((double)schema->means[i]));
    json_t *object = json_pack("{s:o, s:s*, s:I}", "columns", columns, "label", schema->label, "label_place",
                               (json_int_t)schema->label_place);
    if (schema->left_out_count)
        tp_json_text_set(&object, "left_out", list_places(schema->left_out, schema->left_out_count));
    if (schema->zero_based)
        tp_json_text_set(&object, "zero_based", json_true());
    if (schema->means)
        tp_json_text_set(&object, "means", means);
    return write_and_free(object);
}

char *tp_schema_text_write_classes(const struct tp_schema *schema)
{
    return write_and_free(list_texts(schema->classes, schema->class_count));
}

static tileprop_status fail(const char *path, const char *expected, struct tp_error *error)
{
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: schema: expected %s", path, expected);
}

static tileprop_status read_categories(struct tp_column *column, const json_t *list, const char *path,
                                       struct tp_error *error)
{
    struct tp_string_table table = {.path = path};
    const size_t count = json_array_size(list);
    bool good = count >= 1 && count <= TP_CATEGORIES_MAX;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; good && status == TILEPROP_OK && i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        uint32_t number;
        good = text && !tp_string_table_find(&table, text, strlen(text), &number);
        if (good)
            status = tp_string_table_add(&table, text, strlen(text), error);
    }
    column->category_count = table.count;
    column->categories = tp_string_table_take(&table);
    return good ? status : fail(path, "a column's categories to be a list of different texts", error);
}

/* If the label has a name, all columns do. */
static tileprop_status read_column(struct tp_column *column, json_t *said, bool named, const char *path,
                                   struct tp_error *error)
{
    const char *name = json_string_value(json_object_get(said, "name"));
    const json_t *categories = json_object_get(said, "categories");
    if (!json_is_object(said) || named != (name != NULL) ||
        json_object_size(said) != (size_t)(named + (categories != NULL)))
        return fail(path, "columns with names, if the label has one, with categories or none, and no more", error);
    if (named && !(column->name = strdup(name)))
        return tp_fail_memory(error, path, "a schema");
    return categories ? read_categories(column, categories, path, error) : TILEPROP_OK;
}

static tileprop_status read_columns(struct tp_schema *schema, const json_t *list, const char *path,
                                    struct tp_error *error)
{
    const size_t count = json_array_size(list);
    size_t features = 0;
    if (count == 0)
        return TILEPROP_OK;
    if (count > schema->features)
        return fail(path, "no more columns than inputs", error);
    schema->columns = calloc(count, sizeof *schema->columns);
    if (!schema->columns)
        return tp_fail_memory(error, path, "a schema");
    schema->column_count = count;
    for (size_t i = 0; i < count; i++) {
        struct tp_column *column = &schema->columns[i];
        const tileprop_status status = read_column(column, json_array_get(list, i), schema->label, path, error);
        if (status != TILEPROP_OK)
            return status;
        features += column->category_count ? column->category_count : 1;
    }
    return features == schema->features
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: __metadata__: schema: expected columns that make %zu inputs, found %zu", path,
                         schema->features, features);
}

static tileprop_status read_means(struct tp_schema *schema, const json_t *list, const char *path,
                                  struct tp_error *error)
{
    if (json_array_size(list) != schema->features)
        return fail(path, "as many means as inputs", error);
    schema->means = malloc(schema->features * sizeof *schema->means);
    if (!schema->means)
        return tp_fail_memory(error, path, "a schema");
    for (size_t i = 0; i < schema->features; i++) {
        const json_t *mean = json_array_get(list, i);
        if (!json_is_number(mean) || !(fabs(json_number_value(mean)) <= (double)FLT_MAX))
            return fail(path, "means that are numbers of fp32", error);
        schema->means[i] = (float)json_number_value(mean);
    }
    return TILEPROP_OK;
}

static tileprop_status read_left_out(struct tp_schema *schema, const json_t *list, const char *path,
                                     struct tp_error *error)
{
    const size_t count = json_array_size(list);
    if (count == 0)
        return fail(path, "left_out to be a list of places", error);
    schema->left_out = malloc(count * sizeof *schema->left_out);
    if (!schema->left_out)
        return tp_fail_memory(error, path, "a schema");
    for (json_int_t i = 0, least = 0; i < (json_int_t)count; i++) {
        const json_t *place = json_array_get(list, (size_t)i);
        if (!json_is_integer(place) || json_integer_value(place) < least || json_integer_value(place) == INT64_MAX)
            return fail(path, "left_out to be places in ascending order", error);
        schema->left_out[schema->left_out_count++] = (size_t)json_integer_value(place);
        least = json_integer_value(place) + 1;
    }
    return TILEPROP_OK;
}

static tileprop_status parse(struct tp_schema *schema, json_t *said, const char *path, struct tp_error *error)
{
    const json_t *columns = json_object_get(said, "columns"), *means = json_object_get(said, "means");
    const json_t *place = json_object_get(said, "label_place"), *zero_based = json_object_get(said, "zero_based");
    const json_t *left_out = json_object_get(said, "left_out");
    const char *label = json_string_value(json_object_get(said, "label"));
    if (!json_is_array(columns) || !json_is_integer(place) ||
        json_object_size(said) !=
            (size_t)(2 + (label != NULL) + (left_out != NULL) + json_is_true(zero_based) + (means != NULL)))
        return fail(path, "an object of columns, label_place and optionally label, left_out, zero_based and means",
                    error);
    schema->zero_based = zero_based;
    schema->label_place = (size_t)json_integer_value(place);
    if (schema->label_place > json_array_size(columns))
        return fail(path, "label_place to be a place among the columns", error);
    if (label && !(schema->label = strdup(label)))
        return tp_fail_memory(error, path, "a schema");
    tileprop_status status = read_columns(schema, columns, path, error);
    if (status == TILEPROP_OK && left_out)
        status = read_left_out(schema, left_out, path, error);
    return status == TILEPROP_OK && means ? read_means(schema, means, path, error) : status;
}

tileprop_status tp_schema_text_read(struct tp_schema *schema, const char *text, size_t features, const char *path,
                                    struct tp_error *error)
{
    *schema = (struct tp_schema){.features = features};
    if (!text)
        return TILEPROP_OK;
    json_t *said = tp_json_text_read(text, strlen(text), JSON_REJECT_DUPLICATES, NULL);
    if (!said && errno == ENOMEM)
        return tp_fail_memory(error, path, "a schema");
    const tileprop_status status = parse(schema, said, path, error);
    json_decref(said);
    return status;
}

tileprop_status tp_schema_text_read_classes(struct tp_schema *schema, const char *text, size_t classes,
                                            const char *path, struct tp_error *error)
{
    json_t *list = tp_json_text_read(text, strlen(text), 0, NULL);
    bool had_memory = list || errno != ENOMEM;
    bool good = json_is_array(list) && json_array_size(list) == classes;
    for (size_t k = 0; good && had_memory && k < classes; k++) {
        const char *name = json_string_value(json_array_get(list, k));
        good = name;
        had_memory = !name || tp_schema_add_class(schema, name);
    }
    json_decref(list);
    if (!had_memory)
        return tp_fail_memory(error, path, "a schema");
    return good ? TILEPROP_OK
                : tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: class_names: expected a list of %zu texts",
                          path, classes);
}
