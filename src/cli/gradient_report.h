/* --check-gradient: checks the gradients of a network and reports the result. */
#pragma once

#include "cli/train_command.h"
#include "cli/train_data.h"

/*
 * Checks the network of the command on the first training samples: difference quotients,
 * then that a step of every tier that runs here has the bits of the reference's. Writes the verdicts, with
 * --json as a JSON object too. *stopped: a signal ended the check before it was done, and TILEPROP_OK is
 * returned; in the JSON object "passed" is null then. Errors: TILEPROP_FAILURE for a gradient that is wrong and for
 * other bits (all is written then too), and if out of memory or threads.
 */
tileprop_status tp_gradient_report(const struct tp_train_command *command, const struct tp_train_data *data,
                                   bool *stopped, struct tp_error *error);
