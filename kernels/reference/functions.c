/* The elementwise functions over arrays, so that tests can measure their error. */
#include "functions.h"
#include "../tiers.h"

struct tp_blocks tp_blocks_reference = {.tile = "1x1", .lanes = 1};

void tp_exp_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_exp(x[i]);
}

void tp_log_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_log(x[i]);
}

void tp_sigmoid_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_sigmoid(x[i]);
}

void tp_lecun_tanh_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_lecun_tanh(x[i]);
}

void tp_tanh_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_tanh(x[i]);
}

void tp_relu_reference(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tp_scalar_relu(x[i]);
}
