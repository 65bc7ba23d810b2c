/*
 * One row of a comparison: our product and our whole verb, and what others need for the same, in turn.
 */
#pragma once

#include "base/status.h"
#include "call.h"
#include "disturbance.h"
#include "peers.h"

struct bench_row {
    const struct tp_tier *tier;
    size_t threads;
    size_t layer; /* of the network, counted from 1; 0: of none */
    struct bench_call call;
    struct bench_usage usage;             /* of ours */
    double product_seconds, verb_seconds; /* of ours, medians */
    double product_share, verb_share;     /* of the peak in the same rounds; NaN: there is none */
    /* Time of each of bench_peers() over ours, in the same rounds; NaN: it was left out. */
    double product_factor[BENCH_PEERS_MAX], verb_factor[BENCH_PEERS_MAX];
};

/* Seconds that bench_row_time() takes, about, where the best does `rate` operations per second. */
double bench_row_expected(const struct bench_row *row, double rate);

/*
 * Times the row of tier, threads and call. Products of others and our own are compared with the naive one
 * before; whoever is wrong or cannot do it is left out, which a line on standard error says. `verify`: our
 * verb is compared with the reference too. Errors: TILEPROP_FAILURE if our kernel is wrong, and without
 * memory or threads.
 */
tileprop_status bench_row_time(struct bench_row *row, bool verify, bool peak_proved, struct tp_error *error);
