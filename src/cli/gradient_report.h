/* --check-gradient: checks the gradients of a network and reports the result. */
#pragma once

#include "cli/train_command.h"
#include "cli/train_data.h"

/*
 * Checks the gradients of the command's network on the first training samples with difference quotients, then that one
 * step of every tier of this CPU gives the same bits as the reference. Writes the verdicts, with --json also as a JSON
 * object. *stopped: a signal ended the check early; then TILEPROP_OK is returned and "passed" is null. Errors:
 * TILEPROP_FAILURE for a wrong gradient or different bits (everything is still written), and if out of memory or
 * threads.
 */
tileprop_status tp_gradient_report(const struct tp_train_command *command, const struct tp_train_data *data,
                                   bool *stopped, struct tp_error *error);
