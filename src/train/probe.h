/*
 * Whether several ranks pay: times their steps, what they exchange, and steps of one rank alone, before the run.
 */
#pragma once

#include "train/setup.h"

/*
 * Measures, and describes it in trainer->run on rank 0. All ranks call it, after tp_trainer_prepare(). It leaves the
 * network's memory with values that mean nothing.
 * Errors: TILEPROP_FAILURE if out of memory or threads.
 */
tileprop_status tp_probe(struct tp_trainer *trainer, struct tp_error *error);
