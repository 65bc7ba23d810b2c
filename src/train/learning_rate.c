#include "train/learning_rate.h"

#include <stdbool.h>

/* The series of cos and sin up to pi / 4, truncated where the rest is below 2^-58; symmetry gives the other values. */
double tp_cos_pi(double x)
{
    static const double pi = 0x1.921fb54442d18p+1;
    const bool negative = x > 0.5;
    const double small = negative ? 1 - x : x; /* exact */
    const bool by_sine = small > 0.25;
    const double t = pi * (by_sine ? 0.5 - small : small), square = t * t;
    double term = by_sine ? t : 1, sum = term;
    for (int n = by_sine ? 2 : 1; n < 19; n += 2) {
        term = -term * square / (double)(n * (n + 1));
        sum += term;
    }
    return negative ? -sum : sum;
}

double tp_learning_rate(const tileprop_options *o, size_t step)
{
    if (step < o->warmup)
        return o->learning_rate * ((double)(step + 1) / (double)o->warmup);
    const size_t all = o->lr_steps - o->warmup, done = step - o->warmup < all ? step - o->warmup : all;
    switch (o->lr_schedule) {
    case TILEPROP_SCHEDULE_STEP:
        return o->learning_rate * (done < all - all / 2 ? 1 : done < all - all / 4 ? 0.1 : 0.01);
    case TILEPROP_SCHEDULE_COSINE:
        return o->learning_rate * (0.5 * (1 + tp_cos_pi((double)done / (double)all)));
    default:
        return o->learning_rate;
    }
}
