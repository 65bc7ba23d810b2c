/*
 * update, reference tier: the gradient of one row of weights, a panel at a time, then the rule.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../tiers.h"
#include "functions.h"

/* The step that a rule takes from one weight w with state s (s[0] and s[1] as the rule keeps them). */
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
        return fmaf(-optimizer->rate,
                    *s[0] / fmaf(sqrtf(*s[1]), optimizer->root_correction, optimizer->epsilon), keep * w);
        break;
    }
    return w;
}

/* One panel of one row of weights, starting at element (i, u): its gradient, then the rule. */
static void update_panel(const struct tp_update *t, size_t i, size_t u)
{
    size_t lanes = t->d.columns - u < TP_PANEL ? t->d.columns - u : TP_PANEL;
    bool is_bias = i == t->a.columns;
    const float *d = tp_matrix_at(&t->d, 0, u);
    float g[TP_PANEL] = {0};
    for (size_t r = 0; r < t->rows; r++, d += TP_PANEL) {
        float a = is_bias ? 1.0f : *tp_matrix_at(&t->a, r, i);
        for (size_t j = 0; j < lanes; j++)
            g[j] = fmaf(a, d[j], g[j]);
    }

    if (t->gradient.data) {
        memcpy(tp_matrix_at(&t->gradient, i, u), g, lanes * sizeof *g);
        return;
    }
    size_t at = tp_panel_offset(t->w.stride, i, u);
    float decay = is_bias ? 0.0f : t->optimizer->decay;
    float keep = is_bias ? 1.0f : t->optimizer->keep;
    int states = tp_optimizer_states(t->optimizer->kind);
    for (size_t j = 0; j < lanes; j++) {
        float *const s[2] = {states > 0 ? t->state[0] + at + j : NULL,
                             states > 1 ? t->state[1] + at + j : NULL};
        float w = step_weight(t->optimizer, decay, keep, g[j], t->w.data[at + j], s);
        t->w.data[at + j] = w;
        if (t->wt.data && !is_bias)
            *tp_matrix_at(&t->wt, u + j, i) = w;
    }
}

/* The transposed view's padding columns, where the range ends with the matrix. */
static void pad_transposed(const struct tp_update *t)
{
    if (t->input_end != t->a.columns)
        return;
    for (size_t u = 0; u < t->d.columns; u++) {
        for (size_t i = t->a.columns; i < tp_panel_count(t->a.columns) * TP_PANEL; i++)
            *tp_matrix_at(&t->wt, u, i) = 0.0f;
    }
}

void tp_update_reference(const struct tp_update *t)
{
    for (size_t u = 0; u < t->d.columns; u += TP_PANEL) {
        for (size_t i = t->input_begin; i < t->input_end; i++)
            update_panel(t, i, u);
        if (t->bias)
            update_panel(t, t->a.columns, u);
    }
    if (t->wt.data && !t->gradient.data)
        pad_transposed(t);
}
