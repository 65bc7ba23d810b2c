/*
 * The part of gradient_check.h that measures difference quotients.
 */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_check.h"
#include "team.h"

#define ROUNDOFF (DBL_EPSILON / 2)

/* The course's step, the own one, and twice that. */
enum { COURSE, OWN, OWN_TWICE, STEPS };
static const double steps[STEPS] = {TP_CHECK_COURSE_STEP, TP_CHECK_STEP, 2 * TP_CHECK_STEP};

struct measurement {
    const struct tp_plain_network *plain;
    size_t layer;
    size_t widest;
    double *scratch;         /* [members][2][widest] */
    uint32_t *order;         /* [batch][rows of this layer]: rows with equal inputs stand side by side */
    double *quotient[STEPS]; /* [units][rows] of this layer */
    uint8_t *crossed;        /* [units][rows]: bit s: step s carried a sum through a kink */
    bool (*progress)(void *context, double share);
    void *context;
    double done, all; /* weights, of the layers before and of all */
    atomic_bool stop;
};

static size_t rows_of(const struct tp_plain_layer *layer)
{
    return layer->inputs + layer->bias;
}

/* What row `row` of the layer's weights is multiplied with: an input, or the bias row's constant. */
static double input_of(const struct tp_plain_network *plain, size_t l, size_t sample, size_t row)
{
    return row < plain->layers[l].inputs ? tp_plain_inputs(plain, l, sample)[row] : 1;
}

/* Activates z in place; whether a unit lies on the other side of a kink than in `before`. */
static bool activate(const struct tp_plain_activation *activation, size_t units, const double *before,
                     double *z)
{
    bool crossed = false;
    for (size_t u = 0; u < units; u++) {
        crossed |= activation->kink && (z[u] > 0) != (before[u] > 0);
        z[u] = activation->f(z[u]);
    }
    return crossed;
}

/* Loss of a sample when the sum z of one unit is moved. */
static double moved_loss(const struct tp_plain_network *plain, double *scratch[2], size_t l, size_t sample,
                         size_t unit, double z, bool *crossed)
{
    const struct tp_plain_layer *layer = &plain->layers[l];
    const size_t last = plain->layer_count - 1;
    double *sums = scratch[0], *other = scratch[1];
    if (l == last) {
        memcpy(sums, layer->z + sample * layer->units, layer->units * sizeof *sums);
        sums[unit] = z;
        return tp_plain_loss(layer->units, sums, plain->labels[sample]);
    }

    /* One unit has moved: the next layer's sums change by a multiple of its weights. */
    const size_t at = sample * layer->units + unit;
    double a = z;
    *crossed |= activate(&plain->activation, 1, &layer->z[at], &a);
    const double by = a - layer->a[at];
    layer = &plain->layers[++l];
    for (size_t u = 0; u < layer->units; u++)
        sums[u] = layer->z[sample * layer->units + u] + by * layer->w[unit * layer->units + u];

    while (l < last) {
        *crossed |= activate(&plain->activation, layer->units, layer->z + sample * layer->units, sums);
        layer = &plain->layers[++l];
        tp_plain_sums(layer, sums, other);
        double *swap = sums;
        sums = other;
        other = swap;
    }
    return tp_plain_loss(layer->units, sums, plain->labels[sample]);
}

/* All weights that feed one unit. Inputs of a sample that are equal move the unit equally: one quotient serves
 * them all. */
static void measure_unit(struct measurement *m, double *scratch[2], size_t unit)
{
    const struct tp_plain_network *plain = m->plain;
    const struct tp_plain_layer *layer = &plain->layers[m->layer];
    const size_t rows = rows_of(layer);
    for (size_t b = 0; b < plain->batch; b++) {
        const uint32_t *order = m->order + b * rows;
        const double z = layer->z[b * layer->units + unit];
        for (size_t begin = 0, end; begin < rows; begin = end) {
            const double input = input_of(plain, m->layer, b, order[begin]);
            for (end = begin + 1; end < rows && input_of(plain, m->layer, b, order[end]) == input;)
                end++;
            if (input == 0)
                continue;
            for (int s = 0; s < STEPS; s++) {
                const double move = steps[s] * input;
                bool crossed = false;
                const double above = moved_loss(plain, scratch, m->layer, b, unit, z + move, &crossed);
                const double below = moved_loss(plain, scratch, m->layer, b, unit, z - move, &crossed);
                const double quotient = (above - below) / (2 * steps[s] * (double)plain->batch);
                for (size_t i = begin; i < end; i++) {
                    m->quotient[s][unit * rows + order[i]] += quotient;
                    m->crossed[unit * rows + order[i]] |= (uint8_t)(crossed << s);
                }
            }
        }
    }
}

static void measure_units(void *context, size_t member, size_t members)
{
    struct measurement *m = context;
    const struct tp_plain_layer *layer = &m->plain->layers[m->layer];
    double *scratch[2] = {m->scratch + 2 * member * m->widest, m->scratch + (2 * member + 1) * m->widest};
    for (size_t unit = member; unit < layer->units && !m->stop; unit += members) {
        measure_unit(m, scratch, unit);
        const double done = m->done + (double)(unit * rows_of(layer));
        if (member == 0 && m->progress && !m->progress(m->context, done / m->all))
            m->stop = true;
    }
}

static const double *sorted_inputs;

static int by_input(const void *left, const void *right)
{
    const double a = sorted_inputs[*(const uint32_t *)left], b = sorted_inputs[*(const uint32_t *)right];
    return (a > b) - (a < b);
}
