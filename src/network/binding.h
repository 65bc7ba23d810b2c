/* Turns an operation of the plan into the arguments of a verb: the parts of the step's matrices it reads and writes. */
#pragma once

#include "network/step.h"

/* Fills in the verb's arguments. */
void tp_bind(const struct tp_step *step, const struct tp_step_member *member, struct tp_operation *operation,
             const struct tp_step_list *list);

/* The update of a whole slice by the first `rows` rows. */
struct tp_update tp_bind_update(const struct tp_step *step, const struct tp_step_member *member, size_t layer,
                                size_t slice, size_t rows);
