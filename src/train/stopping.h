/* What ends a run before its epochs are done. The names of these reasons are in data/choices.c. */
#pragma once

#include <stdbool.h>

#include "network/training_state.h"
#include "tileprop/tileprop.h"

/*
 * Records an evaluation after the latest step, and in state->ended whether it ends the run for good: a resumed run then
 * takes no further step. Returns whether it is the best so far.
 */
bool tp_stopping_evaluated(const tileprop_options *options, struct tp_training_state *state,
                           const struct tp_metrics *validation);

/*
 * Why the run ends after a step whose batch had this loss; TILEPROP_STOP_EPOCHS: it continues. started: seconds
 * on the monotonic clock. asked_to_stop: a callback asked to stop.
 */
tileprop_stop tp_stopping_stepped(const tileprop_options *options, double loss, double started, bool asked_to_stop);
