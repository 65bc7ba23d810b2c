/* Training options: defaults that depend on the data, checks against the data, and the optimizer of a step. */
#pragma once

#include "data/dataset.h"
#include "kernels/kernels.h"
#include "network/training_state.h"
#include "tileprop/tileprop.h"

/*
 * Resolves options that depend on the data or on each other, for this many training samples: the defaults for
 * tables of measurements (f32) differ from those for images (u8).
 */
void tp_options_resolve(tileprop_options *options, tileprop_type type, size_t samples);

/*
 * Checks resolved options for this many training samples.
 * Errors: TILEPROP_USAGE for options that do not fit each other or the samples.
 */
tileprop_status tp_options_check(const tileprop_options *options, size_t samples, struct tp_error *error);

/* Takes resolved options and at least one sample. */
size_t tp_options_steps_per_epoch(const tileprop_options *options, size_t samples);

/* The number of threads that these options mean on this machine. */
size_t tp_options_threads(const tileprop_options *options);

/* Optimizer parameters for the step about to begin, from resolved options and the state before it. */
struct tp_optimizer tp_options_optimizer(const tileprop_options *options, const struct tp_training_state *state);
