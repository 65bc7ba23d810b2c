/*
 * The one list of kernels. Dispatch, tests and benchmarks are made from it: a kernel that is not here does
 * not exist, and one that is here cannot miss its test. X(type, member of struct tp_tier, symbol).
 */
#ifndef TP_LIST_H
#define TP_LIST_H

#define TP_KERNELS_REFERENCE(X)                                                                              \
    X(tp_pack_fn, pack_u8, tp_pack_u8_reference)                                                             \
    X(tp_pack_fn, pack_f32, tp_pack_f32_reference)                                                           \
    X(tp_forward_fn, forward, tp_forward_reference)                                                          \
    X(tp_loss_fn, loss, tp_loss_reference)                                                                   \
    X(tp_backward_fn, backward, tp_backward_reference)                                                       \
    X(tp_update_fn, update, tp_update_reference)                                                             \
    X(tp_map_fn, exp, tp_exp_reference)                                                                      \
    X(tp_map_fn, log, tp_log_reference)                                                                      \
    X(tp_map_fn, sigmoid, tp_sigmoid_reference)                                                              \
    X(tp_map_fn, lecun_tanh, tp_lecun_tanh_reference)                                                        \
    X(tp_map_fn, tanh, tp_tanh_reference)                                                                    \
    X(tp_map_fn, relu, tp_relu_reference)

#define TP_KERNELS_AVX2(X)                                                                                   \
    X(tp_pack_fn, pack_u8, tp_pack_u8_avx2)                                                                  \
    X(tp_pack_fn, pack_f32, tp_pack_f32_avx2)                                                                \
    X(tp_forward_fn, forward, tp_forward_6x16_avx2)                                                          \
    X(tp_loss_fn, loss, tp_loss_avx2)                                                                        \
    X(tp_backward_fn, backward, tp_backward_6x16_avx2)                                                       \
    X(tp_update_fn, update, tp_update_6x16_avx2)                                                             \
    X(tp_map_fn, exp, tp_exp_avx2)                                                                           \
    X(tp_map_fn, log, tp_log_avx2)                                                                           \
    X(tp_map_fn, sigmoid, tp_sigmoid_avx2)                                                                   \
    X(tp_map_fn, lecun_tanh, tp_lecun_tanh_avx2)                                                             \
    X(tp_map_fn, tanh, tp_tanh_avx2)                                                                         \
    X(tp_map_fn, relu, tp_relu_avx2)                                                                         \
    X(tp_fma_peak_fn, peak, tp_peak_avx2)                                                                    \
    X(tp_fma_peak_fn, chain, tp_chain_avx2)

#define TP_KERNELS_AVX512(X)                                                                                 \
    X(tp_pack_fn, pack_u8, tp_pack_u8_avx512)                                                                \
    X(tp_pack_fn, pack_f32, tp_pack_f32_avx512)                                                              \
    X(tp_forward_fn, forward, tp_forward_6x64_avx512)                                                        \
    X(tp_loss_fn, loss, tp_loss_avx512)                                                                      \
    X(tp_backward_fn, backward, tp_backward_6x64_avx512)                                                     \
    X(tp_update_fn, update, tp_update_6x64_avx512)                                                           \
    X(tp_map_fn, exp, tp_exp_avx512)                                                                         \
    X(tp_map_fn, log, tp_log_avx512)                                                                         \
    X(tp_map_fn, sigmoid, tp_sigmoid_avx512)                                                                 \
    X(tp_map_fn, lecun_tanh, tp_lecun_tanh_avx512)                                                           \
    X(tp_map_fn, tanh, tp_tanh_avx512)                                                                       \
    X(tp_map_fn, relu, tp_relu_avx512)                                                                       \
    X(tp_fma_peak_fn, peak, tp_peak_avx512)                                                                  \
    X(tp_fma_peak_fn, chain, tp_chain_avx512)

#endif
