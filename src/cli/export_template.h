/*
 * The arithmetic of an exported model called "model"; c_header.c adds its weights and names (template.h). C99 and
 * C++11, with the bits of kernels/reference/functions.h, which relies on a CPU that flushes subnormals. Products are
 * added by fmaf only, because compilers may fuse other additions. The softmax uses sixteen partial sums and adds them
 * as a tree, as a vector unit does.
 */

/* Below FLT_MIN, 0. */
static inline float model_flush(float x)
{
    return fabsf(x) < 1.17549435e-38f ? 0.0f : x;
}

/* x = n ln 2 + r; (e^r - 1) / r. */
static inline float model_split(float x, float *n, float *r)
{
    float q = 1.0f / 5040;
    *n = fmaf(x, 1.44269502f, 12582912.0f) - 12582912.0f;
    *r = fmaf(*n, -1.42860677e-06f, fmaf(*n, -0.693145752f, x));
    q = fmaf(q, *r, 1.0f / 720);
    q = fmaf(q, *r, 1.0f / 120);
    q = fmaf(q, *r, 1.0f / 24);
    q = fmaf(q, *r, 1.0f / 6);
    q = fmaf(q, *r, 0.5f);
    return fmaf(q, *r, 1.0f);
}

/* m 2^n; NaN is no integer. */
static inline float model_scale_by(float m, float n)
{
    return ldexpf(m, n > -128.0f ? (int)n : -128);
}

static inline float model_exp(float x)
{
    float n, r, m;
    x = x < -88.0f ? -88.0f : x > 88.0f ? 88.0f : x;
    m = model_split(x, &n, &r);
    m = fmaf(m, r, 1.0f);
    return n < (m < 1.0f ? -125.0f : -126.0f) ? 0.0f : model_scale_by(m, n);
}
#ifdef ANY_TANH

static inline float model_tanh(float z)
{
    float u = fabsf(z), n, r, q, scale, m;
    u = u > 10.0f ? 20.0f : 2.0f * u;
    q = model_split(u, &n, &r);
    scale = model_scale_by(1.0f, n);
    m = fmaf(scale, q * r, scale - 1.0f);
    return copysignf(m / (m + 2.0f), z);
}
#endif

/* out[u] = start[u] + in . weight[u] + bias[u] */
static inline void model_layer(const float *in, size_t inputs, const float *weight, const float *start,
                               const float *bias, float *out, size_t units)
{
    size_t u, k;
    for (u = 0; u < units; u++, weight += inputs) {
        float sum = start ? start[u] : 0.0f;
        for (k = 0; k < inputs; k++)
            sum = fmaf(in[k], weight[k], sum);
        out[u] = model_flush(bias ? sum + bias[u] : sum);
    }
}
#ifdef HIDDEN

static inline void model_activate(float *values, size_t units)
{
    size_t u;
    for (u = 0; u < units; u++) {
        const float z = values[u];
#ifdef SIGMOID
        values[u] = model_flush(1.0f / (1.0f + model_exp(-z)));
#endif
#ifdef LECUN
        values[u] = 1.71589994f * model_tanh(model_flush(0.666666687f * z));
#endif
#ifdef PLAIN_TANH
        values[u] = model_tanh(z);
#endif
#ifdef RELU
        values[u] = 0.0f > z ? 0.0f : z;
#endif
    }
}
#endif

static inline size_t model_softmax(float *values)
{
    float most, lane[16] = {0.0f};
    size_t best = 0, k, half;
    for (k = 1; k < model_classes; k++)
        if (values[k] > values[best])
            best = k;
    most = values[best];
    for (k = 0; k < model_classes; k++) {
        values[k] = model_exp(values[k] - most);
        lane[k % 16] += values[k];
    }
    for (half = 8; half > 0; half /= 2)
        for (k = 0; k < half; k++)
            lane[k] += lane[k + half];
    for (k = 0; k < model_classes; k++)
        values[k] = model_flush(values[k] / lane[0]);
    return lane[0] > 0.0f ? best : 65535;
}
