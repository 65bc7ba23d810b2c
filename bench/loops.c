#include "loops.h"

#include <math.h>

/*
 * exp(x) in arithmetic that the compiler can vectorise, unlike a call of expf: 2^n e^r with integer n and
 * |r| <= log(2) / 2, e^r by its Taylor series. Accurate to about 1e-7; x is clamped to [-87, 87]. Adding and
 * subtracting 1.5 * 2^23 rounds to an integer.
 */
static inline float exponential(float x)
{
    const float bounded = x < -87 ? -87 : x > 87 ? 87 : x;
    const float shifted = bounded * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
    const float r = bounded - n * 0.693359375f + n * 2.12194440e-4f;
    const float series = 1 + r * (1 + r * (1 / 2.0f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r / 720)))));
    union {
        int32_t bits;
        float value;
    } power = {.bits = ((int32_t)n + 127) * (1 << 23)};
    return series * power.value;
}

#define HEIGHT 1.7159f
#define SLOPE  (2.0f / 3)

static void activate(float *z, size_t count)
{
    for (size_t i = 0; i < count; i++)
        z[i] = HEIGHT - 2 * HEIGHT / (1 + exponential(2 * SLOPE * z[i]));
}

/* d *= HEIGHT SLOPE (1 - tanh^2), where a = HEIGHT tanh. */
static void derive(float *restrict d, const float *restrict a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        d[i] *= HEIGHT * SLOPE - SLOPE / HEIGHT * a[i] * a[i];
}

static void momentum(const struct tp_optimizer *r, float *restrict w, const float *restrict g, float *restrict v,
                     size_t count)
{
    const float rate = r->rate, decay = r->decay, keep = r->momentum;
    for (size_t i = 0; i < count; i++) {
        v[i] = keep * v[i] + g[i] + decay * w[i];
        w[i] -= rate * v[i];
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

const struct loops LOOPS = {
    .activate = activate, .derive = derive, .momentum = momentum, .softmax = softmax, .pack = pack, .scale = scale};
