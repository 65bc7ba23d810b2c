/* update, apply and refresh, reference tier: one row of weights, a panel at a time. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../tiers.h"
#include "functions.h"

/* One weight after the optimizer's step, which updates as many of its states *s[0] and *s[1] as there are. */
static float step_weight(const struct tp_optimizer *optimizer, float decay, float keep, float g, float w,
                         float *const s[2])
{
    if (optimizer->kind != TILEPROP_ADAM)
        g = fmaf(decay, w, g);
    switch (optimizer->kind) {
    case TILEPROP_SGD:
        return fmaf(-optimizer->rate, g, w);
    case TILEPROP_MOMENTUM:
        *s[0] = fmaf(optimizer->momentum, *s[0], g);
        return fmaf(-optimizer->rate, *s[0], w);
    case TILEPROP_LECUN_MOMENTUM:
        *s[0] = fmaf(optimizer->momentum, *s[0], optimizer->rate * g);
        return w - *s[0];
    case TILEPROP_NESTEROV:
        *s[0] = fmaf(optimizer->momentum, *s[0], g);
        return fmaf(-optimizer->rate, fmaf(optimizer->momentum, *s[0], g), w);
    case TILEPROP_ADAM:
        *s[0] = fmaf(optimizer->beta1, *s[0], optimizer->one_minus_beta1 * g);
        *s[1] = fmaf(optimizer->beta2, *s[1], (optimizer->one_minus_beta2 * g) * g);
        return fmaf(-optimizer->rate, *s[0] / fmaf(sqrtf(*s[1]), optimizer->root_correction, optimizer->epsilon),
                    keep * w);
        break;
    }
    return w;
}

/* One panel of one row of weights, starting at element (i, u), from its gradient. */
static void apply_panel(const struct tp_update *t, size_t i, size_t u, const float *g)
{
    const size_t at = tp_panel_offset(t->w.stride, i, u);
    const size_t lanes = t->w.columns - u < TP_PANEL ? t->w.columns - u : TP_PANEL;
    const bool is_bias = i == t->a.columns;
    float decay = is_bias ? 0.0f : t->optimizer->decay;
    float keep = is_bias ? 1.0f : t->optimizer->keep;
    int states = tp_optimizer_states(t->optimizer->kind);
    for (size_t j = 0; j < lanes; j++) {
        float *const s[2] = {states > 0 ? t->state[0] + at + j : NULL, states > 1 ? t->state[1] + at + j : NULL};
        float w = step_weight(t->optimizer, decay, keep, g[j], t->w.data[at + j], s);
        t->w.data[at + j] = w;
        if (t->wt.data && !is_bias)
            *tp_matrix_at(&t->wt, u + j, i) = w;
    }
}

/* g = g + sum over the rows of a[r] d[r], for the panel of units at u. */
static void add_products(const struct tp_update *t, size_t i, size_t u, float g[TP_PANEL])
{
    const size_t lanes = t->d.columns - u < TP_PANEL ? t->d.columns - u : TP_PANEL;
    const float *d = tp_matrix_at(&t->d, 0, u);
    for (size_t r = 0; r < t->rows; r++, d += TP_PANEL) {
        const bool is_bias = i == t->a.columns;
        if (!is_bias && t->marks.words && !tp_is_marked(&t->marks, r, i))
            continue;
        const float a = is_bias ? 1.0f : *tp_matrix_at(&t->a, r, i);
        for (size_t j = 0; j < lanes; j++)
            g[j] = fmaf(a, d[j], g[j]);
    }
}

/* The gradient of a panel of one row, and the same with it. total: the bias row's gradient. */
static void update_panel(const struct tp_update *t, size_t i, size_t u, const float total[TP_PANEL])
{
    const size_t lanes = t->d.columns - u < TP_PANEL ? t->d.columns - u : TP_PANEL;
    const bool shifts = t->shift && i < t->a.columns;
    float g[TP_PANEL] = {0};
    for (size_t j = 0; shifts && j < lanes; j++)
        g[j] = fmaf(t->shift[i], tp_scalar_propagate(total[j]), 0.0f);
    add_products(t, i, u, g);
    for (size_t j = 0; i < t->a.columns && j < lanes; j++)
        g[j] += 0.0f;
    if (t->gradient.data)
        memcpy(tp_matrix_at(&t->gradient, i < t->a.columns ? i - t->input_begin : t->input_end - t->input_begin, u), g,
               lanes * sizeof *g);
    else
        apply_panel(t, i, u, g);
}

/* Rewrites the sums, and the transposed copy's padding columns if the range ends with the matrix. */
static void rewrite_derived(const struct tp_update *t)
{
    for (size_t u = 0; t->wt.data && t->input_end == t->wt.columns && u < t->wt.rows; u++) {
        for (size_t i = t->wt.columns; i < tp_panel_count(t->wt.columns) * TP_PANEL; i++)
            *tp_matrix_at(&t->wt, u, i) = 0.0f;
    }
    for (size_t u = 0; t->shift && u < t->sums.columns; u++) {
        for (size_t i = t->input_begin; i < t->input_end; i++) {
            float *sum = tp_matrix_at(&t->sums, i / TP_PANEL, u);
            *sum = fmaf(t->shift[i], *tp_matrix_at(&t->w, i, u), i % TP_PANEL ? *sum : 0.0f);
        }
    }
}

void tp_update_marked_reference(const struct tp_update *t)
{
    for (size_t u = 0; u < t->d.columns; u += TP_PANEL) {
        float total[TP_PANEL] = {0};
        add_products(t, t->a.columns, u, total);
        for (size_t i = t->input_begin; i < t->input_end; i++)
            update_panel(t, i, u, total);
        if (t->bias)
            update_panel(t, t->a.columns, u, total);
    }
    if (!t->gradient.data)
        rewrite_derived(t);
}

void tp_update_reference(const struct tp_update *t)
{
    struct tp_update all = *t;
    all.marks = (struct tp_marks){0};
    tp_update_marked_reference(&all);
}

void tp_apply_reference(const struct tp_update *t)
{
    for (size_t u = 0; u < t->w.columns; u += TP_PANEL) {
        for (size_t i = t->input_begin; i < t->input_end; i++)
            apply_panel(t, i, u, tp_matrix_at(&t->gradient, i - t->input_begin, u));
        if (t->bias)
            apply_panel(t, t->a.columns, u, tp_matrix_at(&t->gradient, t->input_end - t->input_begin, u));
    }
    rewrite_derived(t);
}

void tp_refresh_reference(const struct tp_update *t)
{
    for (size_t u = 0; t->wt.data && u < t->wt.rows; u++) {
        for (size_t i = t->input_begin; i < t->input_end; i++)
            *tp_matrix_at(&t->wt, u, i) = *tp_matrix_at(&t->w, i, u);
    }
    rewrite_derived(t);
}
