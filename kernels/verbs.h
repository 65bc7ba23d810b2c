/*
 * The list of verbs, X(type, member of struct tp_tier, tier), and the list of probes, which only vector tiers have.
 * Prototypes, tables and tests are generated from them: a verb without a test does not link.
 */
#pragma once

#define TP_VERBS(X, tier)                                                                                              \
    X(tp_pack_fn, pack_u8, tier)                                                                                       \
    X(tp_pack_fn, pack_f32, tier)                                                                                      \
    X(tp_forward_fn, forward_marked, tier)                                                                             \
    X(tp_forward_fn, forward_bytes, tier)                                                                              \
    X(tp_update_fn, update_marked, tier)                                                                               \
    X(tp_forward_fn, forward, tier)                                                                                    \
    X(tp_loss_fn, loss, tier)                                                                                          \
    X(tp_softmax_fn, softmax, tier)                                                                                    \
    X(tp_backward_fn, backward, tier)                                                                                  \
    X(tp_update_fn, update, tier)                                                                                      \
    X(tp_update_fn, apply, tier)                                                                                       \
    X(tp_update_fn, refresh, tier)                                                                                     \
    X(tp_map_fn, exp, tier)                                                                                            \
    X(tp_map_fn, log, tier)                                                                                            \
    X(tp_map_fn, sigmoid, tier)                                                                                        \
    X(tp_map_fn, lecun_tanh, tier)                                                                                     \
    X(tp_map_fn, tanh, tier)                                                                                           \
    X(tp_map_fn, relu, tier)

#define TP_PROBES(X, tier)                                                                                             \
    X(tp_fma_peak_fn, peak, tier)                                                                                      \
    X(tp_fma_peak_fn, chain, tier)
