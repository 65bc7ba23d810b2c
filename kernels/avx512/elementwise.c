#include "vector.h"

#include "../simd/elementwise.h"
#include "../tiers.h"

void tp_exp_avx512(size_t n, const float *x, float *y)
{
    map(exp_bounded, n, x, y);
}

void tp_log_avx512(size_t n, const float *x, float *y)
{
    map(log_normal, n, x, y);
}

void tp_sigmoid_avx512(size_t n, const float *x, float *y)
{
    map(sigmoid, n, x, y);
}

void tp_lecun_tanh_avx512(size_t n, const float *x, float *y)
{
    map(lecun_tanh, n, x, y);
}

void tp_tanh_avx512(size_t n, const float *x, float *y)
{
    map(hyperbolic_tangent, n, x, y);
}

void tp_relu_avx512(size_t n, const float *x, float *y)
{
    map(relu, n, x, y);
}
