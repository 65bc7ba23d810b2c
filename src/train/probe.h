/* Whether several ranks pay: before the run, times their steps, the exchange, and steps of one rank alone. */
#pragma once

#include "train/setup.h"

/*
 * Fills in the times of trainer->run on rank 0. All ranks call it, after tp_trainer_prepare(). It leaves meaningless
 * values in the network's memory. Errors: TILEPROP_FAILURE if out of memory or threads.
 */
tileprop_status tp_probe(struct tp_trainer *trainer, struct tp_error *error);
