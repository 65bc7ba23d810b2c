/* The part of gradient_check.h that measures difference quotients. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "system/team.h"
#include "verify/gradient_check.h"

#define ROUNDOFF (DBL_EPSILON / 2)

#define SHORTENINGS 2 /* of a layer's step, at most */

/* The step given by the course, our own, and twice that. */
enum { COURSE, OWN, OWN_TWICE, STEPS };

struct sorted_input {
    double value;
    uint32_t row;
};

struct measurement {
    const struct tp_reference_f64 *reference;
    size_t layer;
    double steps[STEPS];
    size_t widest;               /* layer's units */
    double *scratch;             /* [members][2][widest] */
    struct sorted_input *inputs; /* [batch][rows of this layer], ascending: equal ones are adjacent */
    double *quotient[STEPS];     /* [units][rows] of this layer */
    uint8_t *crossed;            /* [units][rows]: bit s: step s carried a sum through a kink */
    int (*progress)(void *context, double share);
    void *context;
    double done, all; /* number of weights in the layers before this one, and in all */
    atomic_bool stop;
};

static size_t weights_of(const struct tp_f64_layer *layer)
{
    return layer->rows * layer->units;
}

static int by_value(const void *left, const void *right)
{
    const double a = ((const struct sorted_input *)left)->value;
    const double b = ((const struct sorted_input *)right)->value;
    return (a > b) - (a < b);
}

/* What each row of the layer's weights is multiplied by: an input, or 1 for the bias row. */
static void sort_inputs(struct measurement *m)
{
    const struct tp_f64_layer *layer = &m->reference->layers[m->layer];
    for (size_t b = 0; b < m->reference->batch; b++) {
        struct sorted_input *inputs = m->inputs + b * layer->rows;
        const double *values = tp_f64_inputs(m->reference, m->layer, b);
        for (size_t i = 0; i < layer->rows; i++)
            inputs[i] = (struct sorted_input){tp_f64_input(layer, values, i), (uint32_t)i};
        qsort(inputs, layer->rows, sizeof *inputs, by_value);
    }
}

/* Activates z in place; returns whether a unit is now on the other side of a kink than in `before`. */
static bool activate(const struct tp_f64_activation *activation, size_t units, const double *before, double *z)
{
    bool crossed = false;
    for (size_t u = 0; u < units; u++) {
        crossed |= activation->kink && (z[u] > 0) != (before[u] > 0);
        z[u] = activation->f(z[u]);
    }
    return crossed;
}

/* Loss of a sample when the sum z of one unit is moved. */
static double moved_loss(const struct tp_reference_f64 *reference, double *scratch[2], size_t l, size_t sample,
                         size_t unit, double z, bool *crossed)
{
    const struct tp_f64_layer *layer = &reference->layers[l], *last = &reference->layers[reference->layer_count - 1];
    double *sums = scratch[0], *other = scratch[1];
    if (layer == last) {
        memcpy(sums, layer->z + sample * layer->units, layer->units * sizeof *sums);
        sums[unit] = z;
    } else {
        /* One unit has moved: the next layer's sums change by a multiple of its weights. */
        const size_t at = sample * layer->units + unit;
        double a = z;
        *crossed |= activate(&reference->activation, 1, &layer->z[at], &a);
        const double by = a - layer->a[at];
        layer++;
        for (size_t u = 0; u < layer->units; u++)
            sums[u] = layer->z[sample * layer->units + u] + by * layer->w[unit * layer->units + u];
    }
    while (layer < last) {
        *crossed |= activate(&reference->activation, layer->units, layer->z + sample * layer->units, sums);
        tp_f64_sums(++layer, sums, other);
        double *swap = sums;
        sums = other;
        other = swap;
    }
    return reference->weights[sample] * tp_f64_loss(layer->units, sums, reference->labels[sample], NULL);
}

/* All weights that feed one unit. Equal inputs of a sample move the unit equally, so one quotient serves them all. */
static void measure_unit(struct measurement *m, double *scratch[2], size_t unit)
{
    const struct tp_reference_f64 *reference = m->reference;
    const struct tp_f64_layer *layer = &reference->layers[m->layer];
    const size_t rows = layer->rows;
    for (size_t b = 0; b < reference->batch; b++) {
        const struct sorted_input *inputs = m->inputs + b * rows;
        const double z = layer->z[b * layer->units + unit];
        for (size_t begin = 0, end; begin < rows; begin = end) {
            for (end = begin + 1; end < rows && inputs[end].value == inputs[begin].value;)
                end++;
            if (inputs[begin].value == 0)
                continue;
            for (int s = 0; s < STEPS; s++) {
                const double move = m->steps[s] * inputs[begin].value;
                bool crossed = false;
                const double above = moved_loss(reference, scratch, m->layer, b, unit, z + move, &crossed);
                const double below = moved_loss(reference, scratch, m->layer, b, unit, z - move, &crossed);
                const double quotient = (above - below) / (2 * m->steps[s] * (double)reference->batch);
                for (size_t i = begin; i < end; i++) {
                    const size_t at = unit * rows + inputs[i].row;
                    m->quotient[s][at] += quotient;
                    m->crossed[at] |= (uint8_t)(crossed << s);
                }
            }
        }
    }
}

static void measure_units(void *context, size_t member, size_t members)
{
    struct measurement *m = context;
    const struct tp_f64_layer *layer = &m->reference->layers[m->layer];
    double *scratch[2] = {m->scratch + 2 * member * m->widest, m->scratch + (2 * member + 1) * m->widest};
    for (size_t unit = member; unit < layer->units && !m->stop; unit += members) {
        measure_unit(m, scratch, unit);
        const double done = m->done + (double)(unit * layer->rows);
        if (member == 0 && m->progress && m->progress(m->context, done / m->all) != 0)
            m->stop = true;
    }
}

/* (K + 5) u sum |a||w| over one sample's sums in a layer, weighted by |dC/dz|. */
static double rounding_of_sums(const struct tp_reference_f64 *reference, size_t l, size_t sample)
{
    const struct tp_f64_layer *layer = &reference->layers[l];
    const double *a = tp_f64_inputs(reference, l, sample), *d = layer->d + sample * layer->units;
    double total = 0;
    for (size_t i = 0; i < layer->rows; i++)
        for (size_t u = 0; u < layer->units; u++)
            total += fabs(tp_f64_input(layer, a, i) * layer->w[i * layer->units + u] * d[u]);
    return (double)(layer->rows + 5) * ROUNDOFF * total;
}

/* Bound on the rounding error of the loss computed from logits, as part of the mean. Its weight adds a rounding. */
static double rounding_of_loss(const struct tp_reference_f64 *reference, size_t sample)
{
    const struct tp_f64_layer *last = &reference->layers[reference->layer_count - 1];
    const double *z = last->z + sample * last->units;
    double most = z[0], least = z[0];
    for (size_t k = 1; k < last->units; k++) {
        most = fmax(most, z[k]);
        least = fmin(least, z[k]);
    }
    const double loss = tp_f64_loss(last->units, z, reference->labels[sample], NULL);
    const double weight = reference->weights[sample], losses = weight == 1 ? 3 : 4;
    return weight * ROUNDOFF * ((double)last->units + 8 + 2 * (most - least) + losses * loss) /
           (double)reference->batch;
}

static double rounding_bound(const struct tp_reference_f64 *reference, size_t l, double step)
{
    const struct tp_f64_layer *layer = &reference->layers[l];
    double total = 0;
    for (size_t b = 0; b < reference->batch; b++) {
        double moved = 0;
        for (size_t i = b * layer->units; i < (b + 1) * layer->units; i++)
            moved = fmax(moved, 3 * ROUNDOFF * fabs(layer->z[i] * layer->d[i]));
        total += moved + rounding_of_loss(reference, b);
        for (size_t above = l + 1; above < reference->layer_count; above++)
            total += rounding_of_sums(reference, above, b);
    }
    return total / step;
}

bool tp_gradient_check_passed(const tileprop_layer_gradients *layer)
{
    const double bound = layer->truncation + layer->rounding;
    return layer->skipped < layer->weights && layer->difference <= bound &&
           bound <= TILEPROP_CHECK_COARSEST * layer->largest;
}

/* NaN counts as larger than everything. */
static bool is_above(double x, double most)
{
    return x > most || (x != x && most == most);
}

static void take_largest(double *largest, tileprop_weight_place *at, double difference, size_t row, size_t unit)
{
    if (is_above(difference, *largest)) {
        *largest = difference;
        *at = (tileprop_weight_place){row, unit};
    }
}

static tileprop_layer_gradients summarise(const struct measurement *m)
{
    const struct tp_f64_layer *layer = &m->reference->layers[m->layer];
    const size_t rows = layer->rows, units = layer->units;
    tileprop_layer_gradients found = {.inputs = layer->inputs,
                                      .units = units,
                                      .weights = rows * units,
                                      .step = m->steps[OWN],
                                      .rounding = rounding_bound(m->reference, m->layer, m->steps[OWN])};
    for (size_t row = 0; row < rows; row++) {
        for (size_t unit = 0; unit < units; unit++) {
            const size_t at = unit * rows + row;
            const double gradient = layer->gradient[row * units + unit], own = m->quotient[OWN][at];
            found.largest = fmax(found.largest, fabs(gradient));
            if (m->crossed[at] & 1 << COURSE)
                found.course_skipped++;
            else
                take_largest(&found.course, &found.course_at, fabs(m->quotient[COURSE][at] - gradient), row, unit);
            if (m->crossed[at] & (1 << OWN | 1 << OWN_TWICE)) {
                found.skipped++;
            } else {
                found.truncation = fmax(found.truncation, fabs(m->quotient[OWN_TWICE][at] - own));
                take_largest(&found.difference, &found.at, fabs(own - gradient), row, unit);
            }
        }
    }
    found.right = tp_gradient_check_passed(&found);
    return found;
}

/* Whether a shorter step would not decide more. */
static bool is_fine(const tileprop_layer_gradients *layer)
{
    return layer->truncation + layer->rounding <= TILEPROP_CHECK_COARSEST * layer->largest ||
           !(layer->truncation > layer->rounding);
}

static tileprop_status measure_layer(struct measurement *m, size_t threads, tileprop_layer_gradients *found,
                                     struct tp_error *error)
{
    const size_t weights = weights_of(&m->reference->layers[m->layer]);
    double step = TILEPROP_CHECK_STEP;
    sort_inputs(m);
    for (int shortenings = 0;; shortenings++) {
        m->steps[COURSE] = TILEPROP_CHECK_COURSE_STEP;
        m->steps[OWN] = step;
        m->steps[OWN_TWICE] = 2 * step;
        for (int s = 0; s < STEPS; s++)
            memset(m->quotient[s], 0, weights * sizeof(double));
        memset(m->crossed, 0, weights);
        const tileprop_status status = tp_team_run(threads, measure_units, m, error);
        if (status != TILEPROP_OK)
            return status;
        *found = summarise(m);
        if (m->stop || shortenings == SHORTENINGS || is_fine(found))
            return TILEPROP_OK;
        /* The step at which the sum of truncation c h^2 and rounding r / h is smallest. */
        step *= cbrt(found->rounding / (2 * found->truncation));
    }
}

/* Room for any of the layers. */
static void layout(struct measurement *m, size_t threads, struct tp_arena *arena)
{
    size_t rows = 0, weights = 0;
    for (size_t l = 0; l < m->reference->layer_count; l++) {
        const struct tp_f64_layer *layer = &m->reference->layers[l];
        m->widest = layer->units > m->widest ? layer->units : m->widest;
        rows = layer->rows > rows ? layer->rows : rows;
        weights = weights_of(layer) > weights ? weights_of(layer) : weights;
    }
    m->scratch = tp_arena_take(arena, 2 * threads, m->widest * sizeof(double));
    m->inputs = tp_arena_take(arena, m->reference->batch, rows * sizeof *m->inputs);
    for (int s = 0; s < STEPS; s++)
        m->quotient[s] = tp_arena_take(arena, weights, sizeof(double));
    m->crossed = tp_arena_take(arena, weights, 1);
}

static void sum_up(size_t layers, tileprop_gradients *found)
{
    found->layer_count = layers;
    found->layers_right = 1;
    for (size_t l = 0; l < layers; l++) {
        found->layers_right &= found->layers[l].right;
        if (is_above(found->layers[l].course, found->layers[found->course_layer].course))
            found->course_layer = l;
    }
}

tileprop_status tp_finite_differences_measure(struct tp_reference_f64 *reference, size_t threads,
                                              int (*progress)(void *context, double share), void *context,
                                              tileprop_gradients *found, struct tp_error *error)
{
    struct measurement m = {.reference = reference, .progress = progress, .context = context};
    struct tp_arena arena, size = tp_arena_measure();
    layout(&m, threads, &size);
    tileprop_status status = tp_arena_create(&arena, size.used, error);
    if (status != TILEPROP_OK)
        return status;
    layout(&m, threads, &arena);
    for (size_t l = 0; l < reference->layer_count; l++)
        m.all += (double)weights_of(&reference->layers[l]);
    tp_f64_propagate(reference);
    found->samples = reference->batch;
    for (; m.layer < reference->layer_count && !status && !m.stop; m.layer++) {
        status = measure_layer(&m, threads, &found->layers[m.layer], error);
        m.done += (double)weights_of(&reference->layers[m.layer]);
    }
    tp_arena_destroy(&arena);
    found->stopped = m.stop;
    if (!status && !m.stop)
        sum_up(reference->layer_count, found);
    return status;
}
