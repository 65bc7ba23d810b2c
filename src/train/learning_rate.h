/* The learning rate as a function of the step. */
#pragma once

#include "tileprop/tileprop.h"

/* cos(pi x) for 0 <= x <= 1, with the same bits everywhere; accurate to a few units in the last place. */
double tp_cos_pi(double x);

/*
 * The learning rate of a step, counted from 0. The options are resolved: lr_steps is not 0. In the first `warmup` steps
 * it rises linearly to learning_rate; in the S others, s = 0, 1, ..., it is
 *
 *     constant  learning_rate
 *     step      learning_rate, from s = S / 2 on a tenth of that, from 3 S / 4 on a hundredth
 *     cosine    learning_rate (1 + cos(pi s / S)) / 2; Loshchilov and Hutter 2017, without restarts
 *
 * and afterwards it stays at its value for s = S.
 */
double tp_learning_rate(const tileprop_options *options, size_t step);
