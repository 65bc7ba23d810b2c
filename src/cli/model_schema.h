/* The schema that samples must fit to be given to a model. */
#pragma once

#include "base/status.h"
#include "data/schema.h"
#include "tileprop/tileprop.h"

/*
 * Fills the schema with the columns, if the model knows any, and the classes. path: the model's, for messages.
 * tp_schema_free() it afterwards, on error too. Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_model_schema_find(struct tp_schema *schema, const char *path, const tileprop_model *model,
                                     struct tp_error *error);
