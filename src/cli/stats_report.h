/* The output of `train --stats`. */
#pragma once

#include "cli/train_command.h"
#include "cli/train_data.h"

/*
 * Writes what --stats asks for: mean and deviation of the training samples, which are those that --normalize
 * global uses, and counts, of images and pixels or, of a file, samples and values; with --json as a JSON object
 * too.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_stats_report(const struct tp_train_command *command, const struct tp_train_data *data,
                                struct tp_error *error);
