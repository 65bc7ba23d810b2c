/*
 * A plan as text, which is what --explain prints and --plan reads:
 *
 *     plan        members 2
 *     plan        step-members 2
 *     plan        evaluation-rows 12
 *     plan        layer 1: forward by units, update by units
 *     plan        layer 2: forward by rows, update by inputs
 *
 * Lines that do not begin with the word plan are no part of it, so a whole output may be given.
 */
#ifndef TP_PLAN_TEXT_H
#define TP_PLAN_TEXT_H

#include <stdio.h>

#include "base/status.h"
#include "network/plan.h"

void tp_plan_write(const struct tp_plan *plan, size_t layers, FILE *out);

/*
 * Reads the plan of a network, however it is cut, and of a batch.
 * Errors: TILEPROP_BAD_INPUT with file, line, what was expected and what was found; TILEPROP_FAILURE without
 * memory.
 */
tileprop_status tp_plan_read(const char *path, const struct tp_network *network, size_t batch,
                             struct tp_plan *plan, struct tp_error *error);

#endif
