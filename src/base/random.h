/*
 * Random numbers without state: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011), a fixed function from a seed and an address to 128 bits. So a number depends on
 * what it is for, never on which thread asks for it or in what order.
 *
 * An address is (purpose, stream, index): what the number is for, which layer or epoch, which number of it.
 * Only integer arithmetic and IEEE + - * / sqrt are used: the bits are the same with every compiler and on every CPU,
 * as long as -ffp-contract=off keeps the compiler from fusing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The values are part of what a seed means: append, never renumber. */
enum tp_purpose {
    TP_RANDOM_WEIGHTS = 0, /* stream: layer, index: weight */
    TP_RANDOM_SHUFFLE = 1, /* stream: epoch */
    TP_RANDOM_SPLIT = 2    /* the order of samples before a split; stream 0 */
};

/*
 * The 128 bits at an address. Key: the low and the high half of seed. Counter: the low and the high half of
 * index, stream, purpose. All functions below use words[0] and words[1] unless they say otherwise.
 */
void tp_random_block(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index, uint32_t words[4]);

/* Uniform in [0, 1): a multiple of 2^-53, from the upper 53 of 64 bits. */
double tp_random_uniform(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index);

/*
 * Standard normal: tp_random_quantile of an odd multiple of 2^-53, from the upper 52 of 64 bits, so that the
 * argument is never 0 or 1. The largest magnitude is 8.21.
 */
double tp_random_normal(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index);

/*
 * Writes a permutation of 0 .. n - 1 (n <= 2^32) into order: a pure function of seed, purpose, stream and n.
 * The Fisher-Yates shuffle from the last place down, as in Knuth, TAOCP 2, 3.4.2, algorithm P; each block supplies two
 * times 64 random bits (words[0..1], then words[2..3]). A number in 0 .. m - 1 is the upper half of the 128-bit product
 * of m and 64 of these bits, so its probability differs from 1 / m by less than 2^-64.
 */
void tp_random_permutation(uint64_t seed, enum tp_purpose purpose, uint32_t stream, size_t n, uint32_t *order);

/*
 * The standard normal's quantile, 2^-1022 <= p < 1: about 1 part in 10^16. Algorithm AS 241, PPND16 (M. J.
 * Wichura, Applied Statistics 37 (1988), pp. 477-484).
 */
double tp_random_quantile(double p);

/* Natural logarithm of a positive, finite, normal x, to 1 ulp. */
double tp_random_log(double x);
