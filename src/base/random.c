#include "base/random.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

void tp_random_block(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index, uint32_t words[4])
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t counter = {{(uint32_t)index, (uint32_t)(index >> 32), stream, (uint32_t)purpose}};
    philox4x32_ctr_t block = philox4x32_R(10, counter, key);
    memcpy(words, block.v, sizeof block.v);
}

static uint64_t join(const uint32_t halves[2])
{
    return (uint64_t)halves[1] << 32 | halves[0];
}

static uint64_t bits_at(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index)
{
    uint32_t words[4];
    tp_random_block(seed, purpose, stream, index, words);
    return join(words);
}

double tp_random_uniform(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index)
{
    return (double)(bits_at(seed, purpose, stream, index) >> 11) * 0x1p-53;
}

double tp_random_normal(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index)
{
    uint64_t odd = bits_at(seed, purpose, stream, index) >> 12 << 1 | 1;
    return tp_random_quantile((double)odd * 0x1p-53);
}

void tp_random_permutation(uint64_t seed, enum tp_purpose purpose, uint32_t stream, size_t n, uint32_t *order)
{
    assert(n <= (UINT64_C(1) << 32));
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;

    uint32_t words[4];
    for (size_t draw = 0; draw + 1 < n; draw++) {
        if (draw % 2 == 0)
            tp_random_block(seed, purpose, stream, draw / 2, words);
        size_t last = n - 1 - draw;
        /* Each of 0 .. last comes from floor(2^64 / (last + 1)) of the 2^64 inputs, or one more. */
        size_t other = (size_t)((uint128)join(words + draw % 2 * 2) * (last + 1) >> 64);
        uint32_t moved = order[last];
        order[last] = order[other];
        order[other] = moved;
    }
}

struct rational {
    double numerator[8], denominator[8]; /* coefficients of x^0 .. x^7 */
};

/* Both polynomials by Horner's rule. */
static double quotient(const struct rational *rational, double x)
{
    double numerator = rational->numerator[7];
    double denominator = rational->denominator[7];
    for (int i = 6; i >= 0; i--) {
        numerator = numerator * x + rational->numerator[i];
        denominator = denominator * x + rational->denominator[i];
    }
    return numerator / denominator;
}

double tp_random_quantile(double p)
{
    /* The paper's coefficients a, b; c, d; e, f. */
    static const struct rational middle = {
        {3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
         45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727},
        {1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
         39307.895800092710610, 28729.085735721942674, 5226.4952788528545610}};
    static const struct rational tail = {
        {1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
         1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4},
        {1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
         0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
    static const struct rational far_tail = {
        {6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
         0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
        {1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4,
         1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};

    double q = p - 0.5;
    if (-0.425 <= q && q <= 0.425)
        return q * quotient(&middle, 0.180625 - q * q);
    double r = sqrt(-tp_random_log(q < 0 ? p : 1 - p));
    double magnitude = r <= 5 ? quotient(&tail, r - 1.6) : quotient(&far_tail, r - 5);
    return q < 0 ? -magnitude : magnitude;
}

/*
 * x = 2^k m with m in (sqrt(1/2), sqrt(2)], so log x = k log 2 + log m. With f = m - 1 and s = f / (2 + f),
 *
 *     log m = 2 atanh s = 2 s + s R,   R = 2 s^2 / 3 + 2 s^4 / 5 + ...
 *
 * |s| < 0.1716, so what ten terms of R leave out is below 2^-60 of log m.
 *
 * The rounding of 2 s would cost an ulp. But 2 s = f - s f = f - f^2 / 2 + s f^2 / 2, where f is exact, and
 * what is subtracted from it is small. log 2 is split so that its upper part times k is exact.
 */
double tp_random_log(double x)
{
    static const double log2_upper = 0x1.62e42feep-1; /* 32 bits */
    static const double log2_lower = 0x1.a39ef35793c76p-33;
    static const double series[10] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                                      2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};

    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & (UINT64_MAX >> 12)) | UINT64_C(1023) << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp+0) { /* sqrt(2) */
        m *= 0.5;
        exponent++;
    }

    double k = exponent;
    double f = m - 1;
    double s = f / (2 + f);
    double square = s * s;
    double sum = series[9];
    for (int i = 8; i >= 0; i--)
        sum = sum * square + series[i];
    double half = 0.5 * f * f;
    return k * log2_upper - ((half - (s * (half + sum * square) + k * log2_lower)) - f);
}
