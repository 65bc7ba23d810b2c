/*
 * Options that decide a training: what they leave to the data, whether they fit it, and the optimizer of a
 * step.
 */
#ifndef TP_TRAINING_OPTIONS_H
#define TP_TRAINING_OPTIONS_H


#include "data/dataset.h"
#include "kernels/kernels.h"
#include "network/training_state.h"
#include "tileprop/tileprop.h"

/*
 * Replaces what options leave to the data and to each other, for so many samples to train on: a table of
 * measurements (f32) wants other values than pictures (u8).
 */
void tp_options_resolve(tileprop_options *options, tileprop_type type, size_t samples);

/*
 * Whether a network can be trained with resolved options on train, with validation and, unless it is NULL,
 * test.
 * Errors: TILEPROP_USAGE for options that do not fit each other or the data, TILEPROP_BAD_INPUT for data sets
 * that do not fit each other or are empty.
 */
tileprop_status tp_options_check(const tileprop_options *options, const struct tp_dataset *train,
                                 const struct tp_dataset *validation, const struct tp_dataset *test,
                                 struct tp_error *error);

/* The number of threads that these options mean on this machine. */
size_t tp_options_threads(const tileprop_options *options);

/* The optimizer of the step that begins, of a run with resolved options. */
struct tp_optimizer tp_options_optimizer(const tileprop_options *options, struct tp_training_state *state);

#endif
