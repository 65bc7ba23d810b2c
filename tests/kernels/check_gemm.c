/*
 * check_kernels: forward and backward. In addition to the reference tier, whole numbers are checked against integer
 * arithmetic and random values against double, within the bound of a chain of K fused multiply-adds,
 * K u / (1 - K u) sum |a| |b| with u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
 */
#include "tests/kernels/check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sum of a product's terms in double, and the sum of their magnitudes. */
struct product {
    double sum, magnitude;
    size_t links;
};

static void add_term(struct product *p, float a, float b)
{
    double term = (double)a * (double)b;
    p->sum += term;
    p->magnitude += fabs(term);
    p->links++;
}

static void check_product(struct verdict *v, const char *name, size_t row, size_t column, float got,
                          const struct product *p, bool exact)
{
    double k = (double)p->links * 0x1p-24;
    double bound = exact ? 0 : k / (1 - k) * p->magnitude + (double)p->links * (double)FLT_MIN;
    if (!(fabs((double)got - p->sum) <= bound))
        verdict_fail(v, "%s[%zu][%zu] is %a, the sum is %a and the bound %g", name, row, column, (double)got, p->sum,
                     bound);
}

static bool has_oracle(enum data_kind kind)
{
    return kind == DATA_INTEGERS || kind == DATA_NORMALS;
}

/* Mostly kinds that let every element through: one inf or NaN makes many outputs NaN. */
static enum data_kind pick_kind(void)
{
    static const enum data_kind often[] = {DATA_INTEGERS, DATA_NORMALS, DATA_NORMALS, DATA_TIES,
                                           DATA_TIES,     DATA_TINY,    DATA_WIDE,    DATA_SPECIALS};
    return often[check_below(COUNT(often))];
}

static void check_forward_values(struct verdict *v, const struct tp_forward *f, const struct matrix *z,
                                 size_t unit_begin, enum data_kind kind)
{
    if (!has_oracle(kind) || (f->activation != TILEPROP_LINEAR && f->activation != TILEPROP_RELU))
        return;
    for (size_t r = f->row_begin; r < f->row_end; r++) {
        for (size_t u = 0; u < f->z.columns; u++) {
            struct product p = {0};
            for (size_t s = 0; f->sums.data && s < f->sums.rows; s++)
                add_term(&p, 1, *tp_matrix_at(&f->sums, s, u));
            for (size_t k = 0; k < f->a.columns; k++)
                add_term(&p, *tp_matrix_at(&f->a, r, k), *tp_matrix_at(&f->w, k, u));
            if (f->bias)
                add_term(&p, 1, *tp_matrix_at(&f->w, f->a.columns, u));
            if (f->activation == TILEPROP_RELU && p.sum < 0)
                p.sum = 0;
            check_product(v, "z", r, unit_begin + u, matrix_get(z, r, unit_begin + u), &p, kind == DATA_INTEGERS);
        }
    }
}

/* Densities of marked inputs, in percent; 19 is about that of MNIST. */
const size_t check_densities[] = {0, 1, 19, 50, 100}, check_densities_count = COUNT(check_densities);

/* The sums of the weights: without them, a skipped weight that is not finite would go unnoticed. */
static void sum_weights(const struct matrix *w, size_t inputs, const struct matrix *sums, enum data_kind kind)
{
    float *shift = check_alloc(inputs * sizeof *shift);
    data_fill(shift, inputs, kind == DATA_SPECIALS ? DATA_NORMALS : kind);
    for (size_t i = 0; i < inputs; i++)
        shift[i] = check_below(4) ? shift[i] : 0;
    tp_refresh_reference(&(struct tp_update){.input_end = inputs,
                                             .w = matrix_view(w, 0, w->columns),
                                             .shift = shift,
                                             .sums = matrix_view(sums, 0, w->columns)});
    free(shift);
}

struct bytes {
    struct fence samples;
    float tables[2][256];
    const float **values;
    uint64_t *added;
};

/* Bytes, some of them 0, and in a their values from one of two tables. */
static struct tp_bytes bytes_new(struct bytes *b, const struct matrix *a, enum data_kind kind, size_t density)
{
    b->samples = fence_new(a->rows * a->columns, 0);
    b->values = check_alloc(a->columns * sizeof *b->values);
    b->added = check_alloc(tp_mark_words(a->columns) * sizeof *b->added);
    memset(b->added, 0, tp_mark_words(a->columns) * sizeof *b->added);
    data_fill(b->tables[0], 2 * COUNT(b->tables[0]), kind);
    b->tables[0][0] = 0;
    for (size_t k = 0; k < a->columns; k++) {
        const size_t added = check_below(5) == 0;
        b->values[k] = b->tables[added];
        b->added[k / TP_MARKS] |= (uint64_t)added << k % TP_MARKS;
        for (size_t r = 0; r < a->rows; r++) {
            const uint8_t byte = (uint8_t)(check_below(100) < density ? 1 + check_below(255) : 0);
            ((uint8_t *)b->samples.data)[r * a->columns + k] = byte;
            a->data[tp_panel_offset(a->stride, r, k)] = b->values[k][byte];
        }
    }
    return (struct tp_bytes){b->samples.data, b->values, b->added};
}

static void bytes_free(struct bytes *b)
{
    fence_free(&b->samples);
    free((void *)b->values);
    free(b->added);
}

enum form { MULTIPLIES, MARKED, BYTES };

/* A kernel that skips zeros must give the bits of the reference verb that multiplies everything. */
static void forward_case(struct verdict *v, tp_forward_fn *kernel, enum form form, const struct shape *shape)
{
    const bool marked = form != MULTIPLIES, thin = marked || check_below(2); /* the same data for all forms */
    enum data_kind kind = pick_kind();
    size_t row_begin = check_below(2) * check_below(9), row_end = row_begin + shape->rows;
    size_t unit_begin = check_below(3) == 0 ? TP_PANEL * (1 + check_below(3)) : 0, unit_end = unit_begin + shape->units;
    size_t sum_rows = thin ? tp_panel_count(shape->inputs) : check_below(2) ? 0 : 1 + check_below(50);
    size_t density = thin ? check_pick(check_densities, check_densities_count) : 100;
    bool bias = check_below(2), zero_padding = check_below(2);
    tileprop_activation activation = (tileprop_activation)check_below(TP_ACTIVATION_COUNT);
    verdict_case(
        v, "rows %zu to %zu, %zu inputs%s, units %zu to %zu, %zu sums, %zu %% not 0, activation %d, %s, %s padding",
        row_begin, row_end, shape->inputs, bias ? " and bias" : "", unit_begin, unit_end, sum_rows, density,
        (int)activation, data_name(kind), zero_padding ? "zero" : "NaN");

    struct matrix a = matrix_new(row_end + check_below(3), shape->inputs, kind, zero_padding);
    struct matrix w = matrix_new(shape->inputs + bias, unit_end + check_below(20), kind, zero_padding);
    struct matrix sums = matrix_new(sum_rows, w.columns, kind, zero_padding);
    struct matrix before = matrix_new(a.rows, w.columns, DATA_NORMALS, false);
    struct matrix got = matrix_copy(&before), want = matrix_copy(&before);
    if (thin) {
        sum_weights(&w, shape->inputs, &sums, kind);
        matrix_thin(&a, density);
    }
    struct bytes bytes;
    const struct tp_bytes samples = form == BYTES ? bytes_new(&bytes, &a, kind, density) : (struct tp_bytes){0};
    struct tp_forward f = {.row_begin = row_begin,
                           .row_end = row_end,
                           .bias = bias,
                           .a = matrix_view(&a, 0, shape->inputs),
                           .w = matrix_view(&w, unit_begin, shape->units),
                           .sums = sum_rows ? matrix_view(&sums, unit_begin, shape->units) : (struct tp_matrix){0},
                           .z = matrix_view(&want, unit_begin, shape->units),
                           .activation = activation};
    tp_forward_reference(&f);
    f.z = matrix_view(&got, unit_begin, shape->units);
    struct matrix own = matrix_copy(&a);
    f.a = matrix_view(&own, 0, shape->inputs);
    f.marks = marked ? marks_new(&own) : (struct tp_marks){0};
    if (form == BYTES) {
        f.a.data = NULL;
        f.bytes = samples;
    }
    kernel(&f);
    f.a = matrix_view(&a, 0, shape->inputs);
    /* inf times 0 and sigmoid(0) are not 0; columns past the slice that are not padding of w are not zero
     * either */
    bool pads =
        zero_padding && kind != DATA_SPECIALS && activation != TILEPROP_SIGMOID && unit_end == w.columns && !sum_rows;
    struct region region = {row_begin, row_end, NO_ROW, unit_begin, unit_end, pads};
    matrix_compare(v, "z", &got, &want, &before, &region);
    check_forward_values(v, &f, &got, unit_begin, kind);

    matrix_free(&a);
    matrix_free(&w);
    matrix_free(&sums);
    matrix_free(&own);
    free(f.marks.words);
    if (form == BYTES)
        bytes_free(&bytes);
    matrix_free(&before);
    matrix_free(&got);
    matrix_free(&want);
}

void check_forward(struct verdict *v, tp_forward_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++)
        forward_case(v, kernel, MULTIPLIES, &shape);
}

void check_forward_marked(struct verdict *v, tp_forward_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++)
        forward_case(v, kernel, MARKED, &shape);
}

void check_forward_bytes(struct verdict *v, tp_forward_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++)
        forward_case(v, kernel, BYTES, &shape);
}

/* Slices of whole panels, in ascending order; the reference gets all units in one call. */
static void run_slices(tp_backward_fn *kernel, const struct tp_backward *whole, size_t slice)
{
    for (size_t u = 0; u < whole->d.columns; u += slice) {
        struct tp_backward b = *whole;
        const size_t units = whole->d.columns - u < slice ? whole->d.columns - u : slice;
        b.first = whole->first && u == 0;
        b.last = whole->last && u + units == whole->d.columns;
        b.d = tp_matrix_columns(&whole->d, u, units);
        b.wt.data += u * TP_PANEL;
        b.wt.rows = units;
        kernel(&b);
    }
}

static void check_backward_values(struct verdict *v, const struct tp_backward *b, const struct matrix *d_in,
                                  enum data_kind kind)
{
    if (!has_oracle(kind) || b->activation != TILEPROP_LINEAR || !b->first)
        return;
    for (size_t r = b->row_begin; r < b->row_end; r++) {
        for (size_t i = b->input_begin; i < b->input_end; i++) {
            struct product p = {0};
            for (size_t u = 0; u < b->d.columns; u++)
                add_term(&p, *tp_matrix_at(&b->d, r, u), *tp_matrix_at(&b->wt, u, i));
            check_product(v, "d_in", r, i, matrix_get(d_in, r, i), &p, kind == DATA_INTEGERS);
        }
    }
}

/* The shape's units are the inputs here, so that the panels' edges are swept, and its inputs the chain. */
static void backward_case(struct verdict *v, tp_backward_fn *kernel, const struct shape *shape)
{
    enum data_kind kind = pick_kind();
    size_t chain = shape->inputs, inputs = shape->units;
    size_t row_begin = check_below(2) * check_below(9), row_end = row_begin + shape->rows;
    size_t input_begin = TP_PANEL * check_below(tp_panel_count(inputs));
    size_t input_end = input_begin + TP_PANEL * (1 + check_below(tp_panel_count(inputs)));
    if (input_end > inputs || check_below(2))
        input_end = inputs;
    size_t slice = check_below(2) ? chain : TP_PANEL * (1 + check_below(5));
    bool first = check_below(4) > 0, last = check_below(4) > 0, zero_padding = check_below(2);
    tileprop_activation activation = (tileprop_activation)check_below(TP_ACTIVATION_COUNT);
    verdict_case(v,
                 "rows %zu to %zu, %zu units in slices of %zu, inputs %zu to %zu of %zu, first %d, last %d, "
                 "activation %d, %s, %s padding",
                 row_begin, row_end, chain, slice, input_begin, input_end, inputs, first, last, (int)activation,
                 data_name(kind), zero_padding ? "zero" : "NaN");

    size_t rows = row_end + check_below(3);
    struct matrix d = matrix_new(rows, chain, kind, zero_padding), wt = matrix_new(chain, inputs, kind, zero_padding);
    struct matrix a = matrix_new(rows, inputs, kind, zero_padding);
    struct matrix before = matrix_new(rows, inputs, kind, zero_padding);
    struct matrix got = matrix_copy(&before), want = matrix_copy(&before);
    struct tp_backward b = {.row_begin = row_begin,
                            .row_end = row_end,
                            .input_begin = input_begin,
                            .input_end = input_end,
                            .first = first,
                            .last = last,
                            .d = matrix_view(&d, 0, chain),
                            .wt = matrix_view(&wt, 0, inputs),
                            .a = last ? matrix_view(&a, 0, inputs) : (struct tp_matrix){0},
                            .d_in = matrix_view(&want, 0, inputs),
                            .activation = activation};
    tp_backward_reference(&b);
    b.d_in.data = got.data;
    run_slices(kernel, &b, slice);
    struct region region = {row_begin, row_end, NO_ROW, input_begin, input_end, zero_padding && kind != DATA_SPECIALS};
    matrix_compare(v, "d_in", &got, &want, &before, &region);
    check_backward_values(v, &b, &got, kind);

    matrix_free(&d);
    matrix_free(&wt);
    matrix_free(&a);
    matrix_free(&before);
    matrix_free(&got);
    matrix_free(&want);
}

void check_backward(struct verdict *v, tp_backward_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++)
        backward_case(v, kernel, &shape);
}
