#include "loops.h"

#include <math.h>

/*
 * exp(x) in arithmetic that a compiler can vectorise, which a call of expf would prevent: 2^n e^r with n a
 * whole number and r at most log(2) / 2, e^r by its series. Accurate to about 1e-7, flushed to 0 or infinity
 * beyond 87; adding and taking away 1.5 2^23 rounds to a whole number.
 */
static inline float exponential(float x)
{
    const float bounded = x < -87 ? -87 : x > 87 ? 87 : x;
    const float shifted = bounded * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
    const float r = bounded - n * 0.693359375f + n * 2.12194440e-4f;
    const float series =
        1 + r * (1 + r * (1 / 2.0f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r / 720)))));
    union {
        int32_t bits;
        float value;
    } power = {.bits = ((int32_t)n + 127) * (1 << 23)};
    return series * power.value;
}

static void activate_sigmoid(float *z, size_t count)
{
    for (size_t i = 0; i < count; i++)
        z[i] = 1 / (1 + exponential(-z[i]));
}

static void activate_tanh(float *z, size_t count, float height, float twice)
{
    for (size_t i = 0; i < count; i++)
        z[i] = height - 2 * height / (1 + exponential(twice * z[i]));
}

static void activate_relu(float *z, size_t count)
{
    for (size_t i = 0; i < count; i++)
        z[i] = z[i] > 0 ? z[i] : 0;
}

static void derivative_sigmoid(float *restrict d, const float *restrict a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        d[i] *= a[i] * (1 - a[i]);
}

/* b (h - a^2 / h) */
static void derivative_tanh(float *restrict d, const float *restrict a, size_t count, float h, float b)
{
    const float square = b / h;
    for (size_t i = 0; i < count; i++)
        d[i] *= b * h - square * a[i] * a[i];
}

static void derivative_relu(float *restrict d, const float *restrict a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        d[i] = a[i] > 0 ? d[i] : 0;
}

static void rule_sgd(const struct tp_optimizer *r, float *restrict w, const float *restrict g, size_t count)
{
    const float rate = r->rate, decay = r->decay;
    for (size_t i = 0; i < count; i++)
        w[i] -= rate * (g[i] + decay * w[i]);
}

static void rule_momentum(const struct tp_optimizer *r, float *restrict w, const float *restrict g,
                          float *restrict v, size_t count)
{
    const float rate = r->rate, decay = r->decay, momentum = r->momentum;
    for (size_t i = 0; i < count; i++) {
        v[i] = momentum * v[i] + g[i] + decay * w[i];
        w[i] -= rate * v[i];
    }
}

static void rule_lecun_momentum(const struct tp_optimizer *r, float *restrict w, const float *restrict g,
                                float *restrict v, size_t count)
{
    const float rate = r->rate, decay = r->decay, momentum = r->momentum;
    for (size_t i = 0; i < count; i++) {
        v[i] = momentum * v[i] + rate * (g[i] + decay * w[i]);
        w[i] -= v[i];
    }
}

static void rule_nesterov(const struct tp_optimizer *r, float *restrict w, const float *restrict g,
                          float *restrict v, size_t count)
{
    const float rate = r->rate, decay = r->decay, momentum = r->momentum;
    for (size_t i = 0; i < count; i++) {
        const float gradient = g[i] + decay * w[i];
        v[i] = momentum * v[i] + gradient;
        w[i] -= rate * (momentum * v[i] + gradient);
    }
}

static void rule_adam(const struct tp_optimizer *r, float *restrict w, const float *restrict g,
                      float *restrict m, float *restrict v, size_t count)
{
    const struct tp_optimizer optimizer = *r;
    for (size_t i = 0; i < count; i++) {
        m[i] = optimizer.beta1 * m[i] + optimizer.one_minus_beta1 * g[i];
        v[i] = optimizer.beta2 * v[i] + optimizer.one_minus_beta2 * g[i] * g[i];
        w[i] = optimizer.keep * w[i] -
               optimizer.rate * m[i] / (sqrtf(v[i]) * optimizer.root_correction + optimizer.epsilon);
    }
}

static float softmax(const float *z, float *d, size_t classes, size_t label, float scale)
{
    float largest = z[0], sum = 0;
    const float margin = z[label];
    for (size_t k = 1; k < classes; k++)
        largest = z[k] > largest ? z[k] : largest;
    for (size_t k = 0; k < classes; k++)
        d[k] = exponential(z[k] - largest);
    for (size_t k = 0; k < classes; k++)
        sum += d[k];
    for (size_t k = 0; k < classes; k++)
        d[k] *= scale / sum;
    d[label] -= scale;
    return logf(sum) - (margin - largest);
}

static void pack(const uint8_t *samples, float *a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        a[i] = (1.0f / 128) * (float)samples[i] - 1;
}

static void scale(size_t count, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < count; i += LOOPS_SCALE_BLOCK)
        for (size_t j = 0; j < LOOPS_SCALE_BLOCK; j++)
            y[i + j] = 3 * x[i + j];
}

const struct loops LOOPS = {.sigmoid = activate_sigmoid,
                            .tanh = activate_tanh,
                            .relu = activate_relu,
                            .derivative_sigmoid = derivative_sigmoid,
                            .derivative_tanh = derivative_tanh,
                            .derivative_relu = derivative_relu,
                            .sgd = rule_sgd,
                            .momentum = rule_momentum,
                            .lecun_momentum = rule_lecun_momentum,
                            .nesterov = rule_nesterov,
                            .adam = rule_adam,
                            .softmax = softmax,
                            .pack = pack,
                            .scale = scale};
