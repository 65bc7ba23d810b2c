#include "data/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tp_schema_class(const struct tp_schema *schema, size_t label, char *buffer, size_t size)
{
    if (schema->classes && label < schema->class_count)
        return schema->classes[label];
    snprintf(buffer, size, "%zu", label);
    return buffer;
}

bool tp_schema_add_class(struct tp_schema *schema, const char *name)
{
    char **grown = realloc(schema->classes, (schema->class_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    schema->classes = grown;
    return (grown[schema->class_count] = strdup(name)) && ++schema->class_count;
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
    free_texts(schema->classes, schema->classes ? schema->class_count : 0);
    free(schema->means);
    *schema = (struct tp_schema){0};
}
