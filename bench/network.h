/*
 * Whole steps and evaluations of the real trainer, beside the same step composed from each peer's products
 * and plain loops.
 */
#pragma once

#include "disturbance.h"
#include "peers.h"
#include "training.h"

struct bench_network {
    struct bench_training training;
    struct bench_training_times times;   /* medians over the rounds */
    struct bench_usage usage;            /* of the peak's probe before and after our steps */
    double step_share, evaluation_share; /* of the peak in the same rounds; NaN: there is none */
    double factor[BENCH_PEERS_MAX]; /* a peer's step over ours, in the same rounds; NaN: it was left out */
};

/*
 * Whether the tier trains the weights that the reference tier trains, in two steps.
 * Errors: TILEPROP_FAILURE if it does not; those of tp_train().
 */
tileprop_status bench_network_verify(const struct bench_training *training, struct tp_error *error);

/*
 * Times the network of `training`.
 * Errors: TILEPROP_FAILURE without memory; those of tp_train().
 */
tileprop_status bench_network_time(struct bench_network *network, bool peak_proved, struct tp_error *error);
