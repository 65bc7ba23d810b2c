/*
 * The learning rate as a function of the step.
 */
#pragma once

#include "tileprop/tileprop.h"

/*
 * cos(pi x) for 0 <= x <= 1, the same bits everywhere: off by a few units in the last place.
 */
double tp_cos_pi(double x);

/*
 * The learning rate of a step, from 0, by resolved options, of which lr_steps is not 0. In the first `warmup` steps it
 * rises to learning_rate, the same amount each; in the others, S in all, s = 0, 1, ..., it is
 *
 *     constant  learning_rate
 *     step      learning_rate, from s = S / 2 on a tenth of that, from 3 S / 4 on a hundredth
 *     cosine    learning_rate (1 + cos(pi s / S)) / 2; Loshchilov and Hutter 2017, without restarts
 *
 * and after them what it is at s = S.
 */
double tp_learning_rate(const tileprop_options *options, size_t step);
