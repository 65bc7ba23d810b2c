#include "cli/model_schema.h"

#include <stdlib.h>
#include <string.h>

tileprop_status tp_model_schema_find(struct tp_schema *schema, const char *path, const tileprop_model *model,
                                     struct tp_error *error)
{
    const size_t features = tileprop_model_features(model), classes = tileprop_model_classes(model);
    const tileprop_status status =
        tp_schema_text_read(schema, tileprop_model_text(model, "schema"), features, path, error);
    if (status != TILEPROP_OK)
        return status;
    const double *offset = tileprop_model_offsets(model);
    if (offset && !(schema->offset = malloc(features * sizeof *offset)))
        return tp_fail_memory(error, path, "a model");
    if (offset)
        memcpy(schema->offset, offset, features * sizeof *offset);
    bool good = true;
    for (size_t k = 0; good && k < classes; k++)
        good = tp_schema_add_class(schema, tileprop_model_class_name(model, k));
    return good ? TILEPROP_OK : tp_fail_memory(error, path, "a model");
}
