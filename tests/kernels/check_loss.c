/*
 * check_kernels: loss and softmax. In addition to the reference tier, rows of finite logits are checked against
 * log-sum-exp in double.
 */
#include "tests/kernels/check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLACK 19 /* elements around loss and predicted that must not change */

enum logits {
    LOGITS_DATA,   /* the data kind as it is */
    LOGITS_SPREAD, /* normals times 30: most exponentials vanish */
    LOGITS_EQUAL,  /* many equal values and zeros of both signs */
    LOGITS_HUGE,   /* +-1.5e38 and +-3.4e38, whose differences overflow; the loss is limited to FLT_MAX */
    LOGITS_LOST,   /* NaN and infinities, whole rows of one among them */
    LOGITS_COUNT
};

struct loss_case {
    size_t rows, row_begin, row_end, classes;
    enum logits logits;
    enum data_kind kind;
    enum { APART, IN_PLACE, UNWANTED } gradient;
    bool weighted, predicts;
};

/* The vectors of one call, with SLACK elements more on both sides. */
struct outputs {
    struct matrix d;
    float *loss;
    uint16_t *predicted;
};

static struct outputs outputs_copy(const struct matrix *d, size_t rows)
{
    struct outputs o = {.d = matrix_copy(d)};
    size_t n = rows + 2 * SLACK;
    o.loss = check_alloc(n * sizeof *o.loss);
    o.predicted = check_alloc(n * sizeof *o.predicted);
    for (size_t i = 0; i < n; i++) {
        o.loss[i] = -7;
        o.predicted[i] = 0xabcd;
    }
    return o;
}

static void outputs_free(struct outputs *o)
{
    matrix_free(&o->d);
    free(o->loss);
    free(o->predicted);
}

static void make_logits(struct matrix *z, const struct loss_case *c)
{
    static const float huge[] = {1.5e38f, -1.5e38f, 3.4e38f, -3.4e38f};
    static const float lost[] = {NAN, -INFINITY, INFINITY, 1};
    for (size_t r = 0; r < c->rows; r++) {
        size_t only = check_below(2 * COUNT(lost));
        for (size_t k = 0; k < c->classes; k++) {
            float *x = z->data + tp_panel_offset(z->stride, r, k);
            if (c->logits == LOGITS_SPREAD)
                *x *= 30;
            if (c->logits == LOGITS_EQUAL)
                *x = check_below(3) == 0 ? -0.0f : (float)check_below(3) * (c->kind == DATA_NORMALS ? 1 : -1);
            if (c->logits == LOGITS_HUGE)
                *x = huge[check_below(COUNT(huge))];
            if (c->logits == LOGITS_LOST)
                *x = lost[only < COUNT(lost) ? only : check_below(COUNT(lost))];
        }
    }
}

/* One row by the definition, in double. */
static void check_row(struct verdict *v, const struct tp_loss *l, const float *z, size_t r, const struct outputs *o)
{
    double m = (double)z[0];
    size_t best = 0;
    bool has_nan = isnan(z[0]);
    for (size_t k = 1; k < l->z.columns; k++) {
        has_nan = has_nan || isnan(z[k]);
        if ((double)z[k] > m) {
            m = (double)z[k];
            best = k;
        }
    }
    double s = 0;
    for (size_t k = 0; k < l->z.columns; k++)
        s += exp((double)z[k] - m);

    float weight = l->weights ? l->weights[r] : 1, loss = o->loss[SLACK + r];
    size_t predicted = l->predicted ? o->predicted[SLACK + r] : best;
    if (predicted >= l->z.columns)
        verdict_fail(v, "predicted[%zu] is %zu of %zu classes", r, predicted, l->z.columns);
    if (has_nan && !isnan(loss))
        verdict_fail(v, "row %zu has a NaN, its loss is %a", r, (double)loss);
    if (has_nan && l->d.data) {
        for (size_t k = 0; k < l->z.columns; k++) {
            if (!isnan(matrix_get(&o->d, r, k)))
                verdict_fail(v, "row %zu has a NaN, d[%zu] is %a", r, k, (double)matrix_get(&o->d, r, k));
        }
    }
    if (has_nan || isinf(m))
        return;
    if (predicted != best)
        verdict_fail(v, "predicted[%zu] is %zu, the lowest maximum is at %zu", r, predicted, best);

    /* s: one ulp of each exponential, the roundings of classes / 16 + 4 additions; then log's two ulp. */
    double u = 0x1p-23, s_error = ((double)l->z.columns / 16 + 8) * u;
    double gap = m - (double)z[l->labels[r]];
    bool finite = isfinite(gap);
    gap = fmin(gap, (double)FLT_MAX);
    double exact = (double)weight * fmin(log(s) + gap, (double)FLT_MAX);
    double bound = fabs((double)weight) * (s_error + 3 * u * (log(s) + gap)) + (double)FLT_MIN;
    if (finite && fabs(exact) <= (double)FLT_MAX && !(fabs((double)loss - exact) <= bound))
        verdict_fail(v, "loss[%zu] is %a, expected %a within %g", r, (double)loss, exact, bound);
    double factor = (double)weight * (double)l->scale;
    for (size_t k = 0; l->d.data && k < l->z.columns; k++) {
        double want = (exp((double)z[k] - m) / s - (k == l->labels[r])) * factor;
        double near = fabs(factor) * (s_error + 4 * u) + (double)FLT_MIN;
        if (!(fabs((double)matrix_get(&o->d, r, k) - want) <= near)) {
            verdict_fail(v, "d[%zu][%zu] is %a, expected %a within %g", r, k, (double)matrix_get(&o->d, r, k), want,
                         near);
            return;
        }
    }
}

static void check_vectors(struct verdict *v, const struct loss_case *c, const struct outputs *got,
                          const struct outputs *want, const struct matrix *z)
{
    for (size_t i = 0; i < c->rows + 2 * SLACK; i++) {
        size_t r = i - SLACK;
        bool inside = i >= SLACK + c->row_begin && i < SLACK + c->row_end, has_nan = false;
        for (size_t k = 0; inside && k < c->classes; k++)
            has_nan = has_nan || isnan(matrix_get(z, r, k));
        if (!same_float(got->loss[i], want->loss[i]))
            verdict_fail(v, "loss[%zd] is %a, expected %a", (ssize_t)r, (double)got->loss[i], (double)want->loss[i]);
        if (got->predicted[i] != want->predicted[i] && !has_nan)
            verdict_fail(v, "predicted[%zd] is %u, expected %u", (ssize_t)r, (unsigned)got->predicted[i],
                         (unsigned)want->predicted[i]);
    }
}

static void call(tp_loss_fn *kernel, struct tp_loss l, const struct loss_case *c, const struct matrix *z,
                 struct outputs *o)
{
    l.z = matrix_view(c->gradient == IN_PLACE ? &o->d : z, 0, c->classes);
    l.d = c->gradient == UNWANTED ? (struct tp_matrix){0} : matrix_view(&o->d, 0, c->classes);
    l.loss = o->loss + SLACK;
    l.predicted = c->predicts ? o->predicted + SLACK : NULL;
    kernel(&l);
}

static void run_case(struct verdict *v, tp_loss_fn *kernel, const struct loss_case *c)
{
    verdict_case(v, "rows %zu to %zu, %zu classes, logits %d of %s, gradient %d, %s, %s", c->row_begin, c->row_end,
                 c->classes, (int)c->logits, data_name(c->kind), (int)c->gradient,
                 c->weighted ? "weights" : "no weights", c->predicts ? "predictions" : "no predictions");
    bool zero_padding = check_below(2);
    struct matrix z = matrix_new(c->rows, c->classes, c->kind, zero_padding);
    make_logits(&z, c);
    struct matrix before =
        c->gradient == IN_PLACE ? matrix_copy(&z) : matrix_new(c->rows, c->classes, DATA_NORMALS, zero_padding);
    struct outputs got = outputs_copy(&before, c->rows), want = outputs_copy(&before, c->rows);
    uint16_t *labels = check_alloc(c->rows * sizeof *labels);
    float *weights = check_alloc(c->rows * sizeof *weights), *ones = check_alloc(c->rows * sizeof *ones);
    for (size_t r = 0; r < c->rows; r++) {
        labels[r] = (uint16_t)check_below(c->classes);
        weights[r] = check_below(5) ? check_normal() : 0;
        ones[r] = 1;
    }
    struct tp_loss l = {.row_begin = c->row_begin,
                        .row_end = c->row_end,
                        .z = matrix_view(&z, 0, c->classes),
                        .labels = labels,
                        .weights = c->weighted ? weights : NULL,
                        .scale = 1 / (float)c->rows};
    call(tp_loss_reference, l, c, &z, &want);
    call(kernel, l, c, &z, &got);
    struct region all = {c->row_begin, c->row_end, NO_ROW, 0, c->classes, true}, none = {.extra = NO_ROW};
    matrix_compare(v, "d", &got.d, &want.d, &before, c->gradient == UNWANTED ? &none : &all);
    check_vectors(v, c, &got, &want, &z);

    l.d.data = c->gradient == UNWANTED ? NULL : got.d.data;
    l.predicted = c->predicts ? got.predicted : NULL;
    float *row = check_alloc(c->classes * sizeof *row);
    for (size_t r = c->row_begin; r < c->row_end; r++) {
        for (size_t k = 0; k < c->classes; k++)
            row[k] = matrix_get(&z, r, k);
        check_row(v, &l, row, r, &got);
    }
    if (!c->weighted) { /* no weights give the bits of weights 1 */
        struct outputs unit = outputs_copy(&before, c->rows);
        l.weights = ones;
        call(kernel, l, c, &z, &unit);
        matrix_compare(v, "d with weights 1", &unit.d, &got.d, &before, c->gradient == UNWANTED ? &none : &all);
        check_vectors(v, c, &unit, &got, &z);
        outputs_free(&unit);
    }

    free(row);
    free(labels);
    free(weights);
    free(ones);
    outputs_free(&got);
    outputs_free(&want);
    matrix_free(&before);
    matrix_free(&z);
}

/* The gradient of a loss whose label is another class and whose weight is 1, as double has it. */
static void check_probabilities(struct verdict *v, const struct matrix *z, const struct matrix *p, size_t r)
{
    double m = -INFINITY, s = 0;
    bool has_nan = false;
    for (size_t k = 0; k < z->columns; k++) {
        has_nan = has_nan || isnan(matrix_get(z, r, k));
        m = fmax(m, (double)matrix_get(z, r, k));
    }
    for (size_t k = 0; k < z->columns; k++)
        s += exp((double)matrix_get(z, r, k) - m);
    const double bound = ((double)z->columns / 16 + 12) * 0x1p-23;
    for (size_t k = 0; k < z->columns; k++) {
        const double want = exp((double)matrix_get(z, r, k) - m) / s, got = (double)matrix_get(p, r, k);
        if (has_nan ? !isnan(got) : !isinf(m) && !(fabs(got - want) <= bound))
            verdict_fail(v, "p[%zu][%zu] is %a, expected %a within %g", r, k, got, want, bound);
    }
}

/* The same bits as those of a loss's gradient for classes that are not the label. */
static void check_against_loss(struct verdict *v, const struct matrix *z, const struct matrix *p, size_t row)
{
    struct matrix d = matrix_copy(z);
    uint16_t *labels = check_alloc(z->rows * sizeof *labels);
    float *loss = check_alloc(z->rows * sizeof *loss);
    for (size_t label = 0; label < 2 && label < z->columns; label++) {
        labels[row] = (uint16_t)label;
        tp_loss_reference(&(struct tp_loss){.row_begin = row,
                                            .row_end = row + 1,
                                            .z = matrix_view(z, 0, z->columns),
                                            .labels = labels,
                                            .scale = 1,
                                            .d = matrix_view(&d, 0, z->columns),
                                            .loss = loss});
        for (size_t k = 0; k < z->columns; k++) {
            if (k != label && !same_float(matrix_get(&d, row, k), matrix_get(p, row, k)))
                verdict_fail(v, "p[%zu][%zu] is %a, the loss has %a", row, k, (double)matrix_get(p, row, k),
                             (double)matrix_get(&d, row, k));
        }
    }
    matrix_free(&d);
    free(labels);
    free(loss);
}

static void softmax_case(struct verdict *v, tp_softmax_fn *kernel, const struct loss_case *c)
{
    const bool in_place = c->gradient == IN_PLACE, zero_padding = check_below(2);
    verdict_case(v, "rows %zu to %zu, %zu classes, logits %d of %s%s, %s", c->row_begin, c->row_end, c->classes,
                 (int)c->logits, data_name(c->kind), in_place ? " in place" : "",
                 c->predicts ? "predictions" : "no predictions");
    struct matrix z = matrix_new(c->rows, c->classes, c->kind, zero_padding);
    make_logits(&z, c);
    struct matrix before = in_place ? matrix_copy(&z) : matrix_new(c->rows, c->classes, DATA_NORMALS, zero_padding);
    struct outputs got = outputs_copy(&before, c->rows), want = outputs_copy(&before, c->rows);
    struct outputs *const both[2] = {&want, &got};
    for (int i = 0; i < 2; i++) {
        const struct tp_softmax x = {.row_begin = c->row_begin,
                                     .row_end = c->row_end,
                                     .z = matrix_view(in_place ? &both[i]->d : &z, 0, c->classes),
                                     .p = matrix_view(&both[i]->d, 0, c->classes),
                                     .predicted = c->predicts ? both[i]->predicted + SLACK : NULL};
        (i == 0 ? tp_softmax_reference : kernel)(&x);
    }
    const struct region all = {c->row_begin, c->row_end, NO_ROW, 0, c->classes, true};
    matrix_compare(v, "p", &got.d, &want.d, &before, &all);
    check_vectors(v, c, &got, &want, &z);
    for (size_t r = c->row_begin; r < c->row_end; r++) {
        check_probabilities(v, &z, &got.d, r);
        check_against_loss(v, &z, &got.d, r);
    }
    outputs_free(&got);
    outputs_free(&want);
    matrix_free(&before);
    matrix_free(&z);
}

/* The cases of both verbs. */
static void check_cases(struct verdict *v, void (*run)(struct verdict *, const struct loss_case *))
{
    static const size_t classes[] = {1,  2,  3,  7,  8,  9,  10, 15, 16,  17,  24,  25,  31,   32,
                                     33, 47, 48, 49, 63, 64, 65, 80, 100, 128, 130, 257, 1000, 65536};
    for (size_t i = 0; i < COUNT(classes); i++) {
        for (size_t j = 0; j < (classes[i] > 1000 ? 3 : check_rows_count); j++) {
            struct loss_case c = {.classes = classes[i],
                                  .row_begin = check_below(2) * check_below(9),
                                  .logits = (enum logits)check_below(LOGITS_COUNT),
                                  .weighted = check_below(2),
                                  .predicts = check_below(4) > 0};
            c.row_end = c.row_begin + (classes[i] > 1000 ? 1 : check_rows[j]);
            c.rows = c.row_end + check_below(3);
            c.kind = c.logits == LOGITS_DATA ? (enum data_kind)check_below(DATA_KIND_COUNT) : DATA_NORMALS;
            size_t gradient = check_below(3);
            c.gradient = gradient == 0 ? APART : gradient == 1 ? IN_PLACE : UNWANTED;
            run(v, &c);
        }
    }
}

static tp_loss_fn *loss_kernel;
static tp_softmax_fn *softmax_kernel;

static void run_loss(struct verdict *v, const struct loss_case *c)
{
    run_case(v, loss_kernel, c);
}

static void run_softmax(struct verdict *v, const struct loss_case *c)
{
    softmax_case(v, softmax_kernel, c);
}

void check_loss(struct verdict *v, tp_loss_fn *kernel)
{
    loss_kernel = kernel;
    check_cases(v, run_loss);
}

void check_softmax(struct verdict *v, tp_softmax_fn *kernel)
{
    softmax_kernel = kernel;
    check_cases(v, run_softmax);
}
