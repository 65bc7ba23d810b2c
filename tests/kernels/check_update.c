/*
 * check_kernels: update, apply and refresh. Every rule against the reference tier; the gradient against integers and
 * double; the fused update against gradient mode followed by the rule as written in kernels.h.
 */
#include "tests/kernels/check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

struct update_case {
    size_t rows, inputs, input_begin, input_end, units, unit_begin, unit_end;
    bool bias, transposed, shifted, zero_padding, nontemporal;
    enum data_kind kind;
    struct tp_optimizer optimizer;
};

/* Operands that a call reads and writes. */
struct operands {
    struct matrix a, d;
    struct tp_marks marks; /* of a; or absent */
};

struct results {
    struct matrix w, wt, state[2], sums, gradient;
    float *shift; /* [inputs], read only and shared by all copies */
};

static struct results results_copy(const struct results *r)
{
    return (struct results){.w = matrix_copy(&r->w),
                            .wt = matrix_copy(&r->wt),
                            .state = {matrix_copy(&r->state[0]), matrix_copy(&r->state[1])},
                            .sums = matrix_copy(&r->sums),
                            .gradient = matrix_copy(&r->gradient),
                            .shift = r->shift};
}

static void results_free(struct results *r)
{
    matrix_free(&r->w);
    matrix_free(&r->wt);
    matrix_free(&r->state[0]);
    matrix_free(&r->state[1]);
    matrix_free(&r->sums);
    matrix_free(&r->gradient);
}

/* The sums of a slice; absent without a shift. */
static struct tp_matrix sums_of(const struct update_case *c, const struct results *r)
{
    return c->shifted ? matrix_view(&r->sums, c->unit_begin, c->units) : (struct tp_matrix){0};
}

static struct tp_optimizer make_rule(void)
{
    return (struct tp_optimizer){.kind = (tileprop_optimizer)check_below(TP_OPTIMIZER_COUNT),
                                 .rate = 0.02f,
                                 .momentum = 0.9f,
                                 .decay = check_below(2) ? 0.0f : 0.013f,
                                 .keep = check_below(2) ? 1.0f : 0.99971f,
                                 .beta1 = 0.9f,
                                 .one_minus_beta1 = 0.1f,
                                 .beta2 = 0.999f,
                                 .one_minus_beta2 = 0.001f,
                                 .root_correction = 3.1f,
                                 .epsilon = 1e-8f};
}

static void call(tp_update_fn *kernel, const struct update_case *c, const struct operands *in, struct results *out,
                 bool gradient)
{
    size_t at = tp_panel_offset(out->w.stride, 0, c->unit_begin);
    int states = tp_optimizer_states(c->optimizer.kind);
    struct tp_update t = {
        .rows = c->rows,
        .input_begin = c->input_begin,
        .input_end = c->input_end,
        .bias = c->bias,
        .a = matrix_view(&in->a, 0, c->inputs),
        .d = matrix_view(&in->d, c->unit_begin, c->units),
        .optimizer = &c->optimizer,
        .w = matrix_view(&out->w, c->unit_begin, c->units),
        .wt = {c->transposed ? out->wt.data + c->unit_begin * TP_PANEL : NULL, out->wt.stride, c->units, c->inputs},
        .state = {states > 0 ? out->state[0].data + at : NULL, states > 1 ? out->state[1].data + at : NULL},
        .shift = c->shifted ? out->shift : NULL,
        .sums = sums_of(c, out),
        .gradient = gradient ? matrix_view(&out->gradient, c->unit_begin, c->units) : (struct tp_matrix){0},
        .nontemporal = c->nontemporal,
        .marks = in->marks};
    kernel(&t);
}

static void compare_results(struct verdict *v, const struct update_case *c, const struct results *got,
                            const struct results *want, const struct results *before, bool gradient)
{
    struct region none = {.extra = NO_ROW};
    /* Zero padding stays zero where no inf meets it, and the slice must end where the matrix does. */
    bool pads = c->zero_padding && c->kind != DATA_SPECIALS && c->unit_end == got->w.columns;
    struct region covered = {c->input_begin, c->input_end, c->bias ? c->inputs : NO_ROW,
                             c->unit_begin,  c->unit_end,  pads};
    struct region given = {0, c->input_end - c->input_begin + c->bias, NO_ROW, c->unit_begin, c->unit_end, pads};
    struct region transposed = {c->unit_begin, c->unit_end, NO_ROW, c->input_begin, c->input_end, true};
    struct region summed = {
        c->input_begin / TP_PANEL, tp_panel_count(c->input_end), NO_ROW, c->unit_begin, c->unit_end, false};
    int states = gradient ? 0 : tp_optimizer_states(c->optimizer.kind);
    matrix_compare(v, "w", &got->w, &want->w, &before->w, gradient ? &none : &covered);
    matrix_compare(v, "wt", &got->wt, &want->wt, &before->wt, !gradient && c->transposed ? &transposed : &none);
    matrix_compare(v, "state 0", &got->state[0], &want->state[0], &before->state[0], states > 0 ? &covered : &none);
    matrix_compare(v, "state 1", &got->state[1], &want->state[1], &before->state[1], states > 1 ? &covered : &none);
    matrix_compare(v, "sums", &got->sums, &want->sums, &before->sums, !gradient && c->shifted ? &summed : &none);
    matrix_compare(v, "gradient", &got->gradient, &want->gradient, &before->gradient, gradient ? &given : &none);
}

/* The rule for one weight, from the text of kernels.h; s are the states m and v of adam, or v alone. */
static float plain_rule(const struct tp_optimizer *optimizer, bool is_bias, float g, float w, float *s0, float *s1)
{
    float decay = is_bias ? 0 : optimizer->decay, keep = is_bias ? 1 : optimizer->keep;
    if (optimizer->kind == TILEPROP_ADAM) {
        w = keep * w;
        *s0 = fmaf(optimizer->beta1, *s0, optimizer->one_minus_beta1 * g);
        *s1 = fmaf(optimizer->beta2, *s1, optimizer->one_minus_beta2 * g * g);
        float root = fmaf(sqrtf(*s1), optimizer->root_correction, optimizer->epsilon);
        return fmaf(-optimizer->rate, *s0 / root, w);
    }
    g = fmaf(decay, w, g);
    if (optimizer->kind == TILEPROP_SGD)
        return fmaf(-optimizer->rate, g, w);
    *s0 = fmaf(optimizer->momentum, *s0, optimizer->kind == TILEPROP_LECUN_MOMENTUM ? optimizer->rate * g : g);
    if (optimizer->kind == TILEPROP_LECUN_MOMENTUM)
        return w - *s0;
    return fmaf(-optimizer->rate, optimizer->kind == TILEPROP_NESTEROV ? fmaf(optimizer->momentum, *s0, g) : *s0, w);
}

/* The sums of the range's weights, each a chain. */
static void sum_plain(const struct update_case *c, struct results *r)
{
    for (size_t u = c->unit_begin; c->shifted && u < c->unit_end; u++) {
        float sum = 0;
        for (size_t i = c->input_begin; i < c->input_end; i++) {
            sum = fmaf(r->shift[i], matrix_get(&r->w, i, u), i % TP_PANEL ? sum : 0);
            r->sums.data[tp_panel_offset(r->sums.stride, i / TP_PANEL, u)] = sum;
        }
    }
}

/* Applies the rule to the gradient in r, over the range. */
static void apply_plain(const struct update_case *c, struct results *r)
{
    for (size_t i = 0; i <= c->inputs; i++) {
        bool is_bias = i == c->inputs;
        if (is_bias ? !c->bias : i < c->input_begin || i >= c->input_end)
            continue;
        for (size_t u = c->unit_begin; u < c->unit_end; u++) {
            size_t at = tp_panel_offset(r->w.stride, i, u);
            float *w = r->w.data + at;
            const float g = matrix_get(&r->gradient, (is_bias ? c->input_end : i) - c->input_begin, u);
            *w = plain_rule(&c->optimizer, is_bias, g, *w, r->state[0].data + at, r->state[1].data + at);
            if (c->transposed && !is_bias)
                r->wt.data[tp_panel_offset(r->wt.stride, u, i)] = *w;
        }
    }
    sum_plain(c, r);
}

/* The gradient against integer or double arithmetic, where the data allow it. */
static void check_gradient(struct verdict *v, const struct update_case *c, const struct operands *in,
                           const struct results *got)
{
    if (c->kind != DATA_INTEGERS && c->kind != DATA_NORMALS)
        return;
    double k = (double)(c->shifted ? 2 * c->rows + 2 : c->rows) * 0x1p-24;
    for (size_t i = c->input_begin; i < c->input_end + c->bias; i++) {
        bool is_bias = i == c->input_end;
        size_t row = i - c->input_begin;
        for (size_t u = c->unit_begin; u < c->unit_end; u++) {
            double sum = 0, magnitude = 0;
            for (size_t r = 0; r < c->rows; r++) {
                double a = is_bias ? 1 : (double)matrix_get(&in->a, r, i), d = (double)matrix_get(&in->d, r, u);
                double shift = is_bias || !c->shifted ? 0 : (double)got->shift[i];
                sum += a * d + shift * d;
                magnitude += fabs(a * d) + fabs(shift * d);
            }
            double bound = c->kind == DATA_INTEGERS ? 0 : k / (1 - k) * magnitude + (double)c->rows * (double)FLT_MIN;
            double g = (double)matrix_get(&got->gradient, row, u);
            if (!(fabs(g - sum) <= bound)) {
                verdict_fail(v, "gradient[%zu][%zu] is %a, the sum is %a and the bound %g", row, u, g, sum, bound);
                return;
            }
        }
    }
}

/* What a case begins with. */
static struct results make_results(const struct update_case *c, size_t units)
{
    const enum data_kind weights = c->kind == DATA_SPECIALS ? DATA_SPECIALS : DATA_NORMALS;
    struct results r = {.w = matrix_new(c->inputs + c->bias, units, weights, c->zero_padding),
                        .wt = matrix_new(units, c->inputs, DATA_NORMALS, c->zero_padding)};
    for (int s = 0; s < 2; s++) {
        r.state[s] = matrix_copy(&r.w);
        for (size_t i = 0; i < r.w.rows; i++) {
            for (size_t u = 0; u < units; u++) { /* adam's v is a mean of squares */
                float x = check_normal();
                r.state[s].data[tp_panel_offset(r.w.stride, i, u)] = s ? fabsf(x) : x;
            }
        }
    }
    r.sums = matrix_new(tp_panel_count(c->inputs), units, DATA_NORMALS, false);
    r.shift = check_alloc(c->inputs * sizeof *r.shift);
    data_fill(r.shift, c->inputs, c->kind);
    const bool none = check_below(3) == 0;
    for (size_t i = 0; i < c->inputs; i++) /* some are 0, and none is infinite */
        r.shift[i] = none || check_below(4) == 0 || !isfinite(r.shift[i]) ? 0 : r.shift[i];
    r.gradient = matrix_copy(&r.w);
    return r;
}

static void run_case(struct verdict *v, tp_update_fn *kernel, bool marked, struct update_case *c)
{
    const size_t density = marked ? check_pick(check_densities, check_densities_count) : 100;
    c->shifted |= marked; /* all marked updates are, and have no transposed copy */
    c->transposed &= !marked;
    verdict_case(v,
                 "rule %d, %zu rows, inputs %zu to %zu of %zu%s, units %zu to %zu, decay %g, keep %g, %s, "
                 "%s, %s, %zu %% marked, %s, %s padding",
                 (int)c->optimizer.kind, c->rows, c->input_begin, c->input_end, c->inputs, c->bias ? " and bias" : "",
                 c->unit_begin, c->unit_end, (double)c->optimizer.decay, (double)c->optimizer.keep,
                 c->transposed ? "transposed too" : "not transposed", c->shifted ? "shifted" : "not shifted",
                 c->nontemporal ? "nontemporal" : "temporal", density, data_name(c->kind),
                 c->zero_padding ? "zero" : "NaN");
    size_t units = c->unit_end + (check_below(2) ? check_below(20) : 0);
    struct operands in = {.a = matrix_new(c->rows, c->inputs, c->kind, c->zero_padding),
                          .d = matrix_new(c->rows, units, c->kind, c->zero_padding)};
    struct results before = make_results(c, units);
    for (size_t i = 0; marked && i < before.w.total; i++) { /* kernels.h: no subnormals or infinities */
        float *w = &before.w.base[i];
        *w = !(float_bits(*w) & 0x7f800000) ? 0 : isinf(*w) ? NAN : *w;
    }
    if (marked) {
        matrix_thin(&in.a, density);
        tp_refresh_reference(&(struct tp_update){.input_end = c->inputs,
                                                 .w = matrix_view(&before.w, 0, units),
                                                 .shift = before.shift,
                                                 .sums = matrix_view(&before.sums, 0, units)});
    }
    struct results want = results_copy(&before), got = results_copy(&before), plain = results_copy(&before);
    call(tp_update_reference, c, &in, &want, false);
    struct operands own = in;
    own.a = matrix_copy(&in.a);
    own.marks = marked ? marks_new(&own.a) : (struct tp_marks){0};
    call(kernel, c, &own, &got, false);
    compare_results(v, c, &got, &want, &before, false);

    struct results gradient = results_copy(&before);
    call(tp_update_reference, c, &in, &gradient, true);
    call(kernel, c, &own, &plain, true);
    matrix_free(&own.a);
    free(own.marks.words);
    compare_results(v, c, &plain, &gradient, &before, true);
    check_gradient(v, c, &in, &plain);
    apply_plain(c, &plain);
    matrix_free(&plain.gradient);
    plain.gradient = matrix_copy(&before.gradient);
    compare_results(v, c, &got, &plain, &before, false);

    matrix_free(&in.a);
    matrix_free(&in.d);
    free(before.shift);
    results_free(&before);
    results_free(&want);
    results_free(&got);
    results_free(&plain);
    results_free(&gradient);
}

/* The shape with a range, a slice and a rule drawn for it. */
static struct update_case make_case(size_t rows, size_t inputs, size_t units)
{
    static const enum data_kind often[] = {DATA_INTEGERS, DATA_NORMALS, DATA_NORMALS, DATA_TIES,
                                           DATA_TIES,     DATA_TINY,    DATA_WIDE,    DATA_SPECIALS};
    struct update_case c = {.rows = rows, .inputs = inputs, .units = units};
    size_t panels = tp_panel_count(inputs);
    if (check_below(3) == 0) {
        c.input_begin = TP_PANEL * check_below(panels);
        c.input_end = c.input_begin + TP_PANEL * (1 + check_below(panels));
    }
    if (c.input_end == 0 || c.input_end > inputs)
        c.input_end = inputs;
    c.unit_begin = check_below(3) == 0 ? TP_PANEL * (1 + check_below(3)) : 0;
    c.unit_end = c.unit_begin + units;
    c.bias = check_below(2);
    c.transposed = check_below(3) > 0;
    c.shifted = check_below(2);
    c.zero_padding = check_below(2);
    c.nontemporal = check_below(2);
    c.kind = often[check_below(COUNT(often))];
    c.optimizer = make_rule();
    return c;
}

static struct tp_update make_apply(const struct update_case *c, struct results *r)
{
    const size_t at = tp_panel_offset(r->w.stride, 0, c->unit_begin);
    const int states = tp_optimizer_states(c->optimizer.kind);
    return (struct tp_update){
        .input_begin = c->input_begin,
        .input_end = c->input_end,
        .bias = c->bias,
        .a = {.columns = c->inputs},
        .gradient = matrix_view(&r->gradient, c->unit_begin, c->units),
        .optimizer = &c->optimizer,
        .w = matrix_view(&r->w, c->unit_begin, c->units),
        .wt = {c->transposed ? r->wt.data + c->unit_begin * TP_PANEL : NULL, r->wt.stride, c->units, c->inputs},
        .state = {states > 0 ? r->state[0].data + at : NULL, states > 1 ? r->state[1].data + at : NULL},
        .shift = c->shifted ? r->shift : NULL,
        .sums = sums_of(c, r),
        .nontemporal = c->nontemporal};
}

static void apply_case(struct verdict *v, tp_update_fn *kernel, const struct update_case *c)
{
    verdict_case(v, "rule %d, inputs %zu to %zu of %zu%s, units %zu to %zu, %s, %s", (int)c->optimizer.kind,
                 c->input_begin, c->input_end, c->inputs, c->bias ? " and bias" : "", c->unit_begin, c->unit_end,
                 c->transposed ? "transposed too" : "not transposed", c->nontemporal ? "nontemporal" : "temporal");
    struct results before = make_results(c, c->unit_end);
    struct operands in = {.a = matrix_new(c->rows, c->inputs, c->kind, c->zero_padding),
                          .d = matrix_new(c->rows, c->unit_end, c->kind, c->zero_padding)};
    struct results fused = results_copy(&before);
    call(tp_update_reference, c, &in, &before, true);
    struct results got = results_copy(&before), want = results_copy(&before);
    struct tp_update apply = make_apply(c, &want);
    tp_apply_reference(&apply);
    apply = make_apply(c, &got);
    kernel(&apply);
    compare_results(v, c, &got, &want, &before, false);

    call(tp_update_reference, c, &in, &fused, false);
    matrix_free(&fused.gradient);
    fused.gradient = matrix_copy(&before.gradient);
    compare_results(v, c, &got, &fused, &before, false);
    matrix_free(&in.a);
    matrix_free(&in.d);
    free(before.shift);
    results_free(&before);
    results_free(&got);
    results_free(&want);
    results_free(&fused);
}

static void refresh_case(struct verdict *v, tp_update_fn *kernel, const struct update_case *c)
{
    verdict_case(v, "inputs %zu to %zu of %zu, units %zu to %zu, %s", c->input_begin, c->input_end, c->inputs,
                 c->unit_begin, c->unit_end, c->nontemporal ? "nontemporal" : "temporal");
    struct results before = make_results(c, c->unit_end), got = results_copy(&before), want = results_copy(&before);
    for (size_t i = c->input_begin; c->transposed && i < c->input_end; i++) {
        for (size_t u = c->unit_begin; u < c->unit_end; u++)
            want.wt.data[tp_panel_offset(want.wt.stride, u, i)] = matrix_get(&before.w, i, u);
    }
    sum_plain(c, &want);
    float *wt = c->transposed ? got.wt.data + c->unit_begin * TP_PANEL : NULL;
    kernel(&(struct tp_update){.input_begin = c->input_begin,
                               .input_end = c->input_end,
                               .w = matrix_view(&got.w, c->unit_begin, c->units),
                               .wt = {wt, got.wt.stride, c->units, c->inputs},
                               .shift = c->shifted ? got.shift : NULL,
                               .sums = sums_of(c, &got),
                               .nontemporal = c->nontemporal});
    compare_results(v, c, &got, &want, &before, false);
    free(before.shift);
    results_free(&before);
    results_free(&got);
    results_free(&want);
}

void check_apply(struct verdict *v, tp_update_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++) {
        struct update_case c = make_case(1 + shape.rows % 7, shape.inputs, shape.units);
        apply_case(v, kernel, &c);
    }
}

void check_refresh(struct verdict *v, tp_update_fn *kernel)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++) {
        struct update_case c = make_case(1, shape.inputs, shape.units);
        refresh_case(v, kernel, &c);
    }
}

static void check_updates(struct verdict *v, tp_update_fn *kernel, bool marked)
{
    struct shape shape;
    for (size_t at = 0; check_shape(at, &shape); at++) {
        struct update_case c = make_case(shape.rows, shape.inputs, shape.units);
        run_case(v, kernel, marked, &c);
    }
    /* Where no weight of an unmarked input changes, unless D has a NaN. */
    for (int i = 0; i < 30; i++) {
        struct update_case c = make_case(1 + check_below(40), 130, 1 + check_below(80));
        c.kind = DATA_SPECIALS;
        c.optimizer.kind = TILEPROP_SGD;
        c.optimizer.decay = 0;
        run_case(v, kernel, marked, &c);
    }
    /* Batches longer than a tier's block of rows. */
    static const struct shape longest[] = {{1023, 17, 16}, {1024, 16, 17}, {1025, 31, 33},
                                           {1500, 3, 64},  {2048, 33, 10}, {2500, 16, 65}};
    for (size_t i = 0; i < COUNT(longest); i++) {
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct update_case c = make_case(longest[i].rows, longest[i].inputs, longest[i].units);
            c.optimizer.kind = (tileprop_optimizer)rule;
            run_case(v, kernel, marked, &c);
        }
    }
}

void check_update(struct verdict *v, tp_update_fn *kernel)
{
    check_updates(v, kernel, false);
}

void check_update_marked(struct verdict *v, tp_update_fn *kernel)
{
    check_updates(v, kernel, true);
}
