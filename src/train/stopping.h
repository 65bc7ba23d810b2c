/*
 * What ends a run before its epochs are done. data/choices.c has the reasons' names.
 */
#ifndef TP_STOPPING_H
#define TP_STOPPING_H

#include <stdbool.h>

#include "network/training_state.h"
#include "tileprop/tileprop.h"

/*
 * Takes an evaluation behind the last step into account, and in state->ended whether it ends the run for
 * good, so that resuming it takes no step more; true: it is the best so far.
 */
bool tp_stopping_evaluated(const tileprop_options *options, struct tp_training_state *state,
                           const struct tp_metrics *validation);

/*
 * What a step ends the run for, whose batch had this loss; TILEPROP_STOP_EPOCHS: nothing. started: on the
 * monotonic clock. unwanted: a callback wishes it.
 */
tileprop_stop tp_stopping_stepped(const tileprop_options *options, double loss, double started,
                                  bool unwanted);

#endif
