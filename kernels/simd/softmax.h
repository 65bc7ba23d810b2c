/*
 * loss and softmax: one row is one sample. What every row needs is inlined in both: with few classes, calls cost too
 * much. first_equal() is not, since a step does not need predictions.
 */
#pragma once

#include <float.h>
#include <math.h>

#include "functions.h"

/* Sum of a panel's row, in every lane: lanes j and j + 8 first, then j + 4, j + 2, j + 1. */
INLINE vec row_sum(const vec row[PANEL_VECS])
{
    vec x = row[0] + row_swap_8(row);
    x += vec_swap_4(x);
    x += vec_swap_2(x);
    return x + vec_swap_1(x);
}

/* Maximum of a panel's row, in every lane. */
INLINE vec row_max(const vec row[PANEL_VECS])
{
    vec x = vec_max(row[0], row_swap_8(row));
    x = vec_max(x, vec_swap_4(x));
    x = vec_max(x, vec_swap_2(x));
    return vec_max(x, vec_swap_1(x));
}

/* Logits of one row, 16 at a time; -inf in the lanes past the last class. */
INLINE void load_logits(const struct tp_matrix *logits, size_t row, size_t panel, vec z[PANEL_VECS])
{
    const float *from = logits->data + panel * logits->stride + row * TP_PANEL;
    ptrdiff_t left = (ptrdiff_t)(logits->columns - panel * TP_PANEL);
    for (int v = 0; v < PANEL_VECS; v++)
        z[v] = vec_select(mask_first(left - v * VEC_LANES), vec_load(from + v * VEC_LANES), vec_set1(-INFINITY));
}

INLINE vec largest_logit(const struct tp_matrix *logits, size_t row, size_t panels)
{
    vec largest[PANEL_VECS], z[PANEL_VECS];
    load_logits(logits, row, 0, largest);
    for (size_t p = 1; p < panels; p++) {
        load_logits(logits, row, p, z);
        for (int v = 0; v < PANEL_VECS; v++)
            largest[v] = vec_max(largest[v], z[v]);
    }
    return row_max(largest);
}

/* The lowest class whose logit is m; 0 if there is none, as with NaN. */
static inline size_t first_equal(const struct tp_matrix *logits, size_t row, size_t panels, vec m)
{
    for (size_t p = 0; p < panels; p++) {
        vec z[PANEL_VECS];
        load_logits(logits, row, p, z);
        for (int v = 0; v < PANEL_VECS; v++) {
            ptrdiff_t left = (ptrdiff_t)(logits->columns - p * TP_PANEL) - v * VEC_LANES;
            uint32_t equal = mask_bits(vec_eq(z[v], m)) & mask_bits(mask_first(left));
            if (equal)
                return p * TP_PANEL + (size_t)(v * VEC_LANES) + (size_t)__builtin_ctz(equal);
        }
    }
    return 0;
}

/* Sums exp(z - m), +0 in the lanes past the last class; stores them in `to` unless it is absent. */
INLINE vec exponentials(const struct tp_matrix *logits, size_t row, size_t panels, vec m, const struct tp_matrix *to)
{
    vec sum[PANEL_VECS];
    for (int v = 0; v < PANEL_VECS; v++)
        sum[v] = vec_zero();
    for (size_t p = 0; p < panels; p++) {
        vec e[PANEL_VECS];
        load_logits(logits, row, p, e);
        ptrdiff_t left = (ptrdiff_t)(logits->columns - p * TP_PANEL);
        for (int v = 0; v < PANEL_VECS; v++) {
            e[v] = vec_select(mask_first(left - v * VEC_LANES), exp_bounded(e[v] - m), vec_zero());
            sum[v] += e[v];
            if (to->data)
                vec_store(to->data + p * to->stride + row * TP_PANEL + v * VEC_LANES, e[v]);
        }
    }
    return row_sum(sum);
}

/* D of one row, from the exponentials that d holds. */
INLINE void loss_gradient(const struct tp_loss *l, size_t row, size_t panels, vec sum, float weight)
{
    vec scale = vec_set1(weight * l->scale);
    for (size_t p = 0; p < panels; p++) {
        float *d = l->d.data + p * l->d.stride + row * TP_PANEL;
        ptrdiff_t left = (ptrdiff_t)(l->z.columns - p * TP_PANEL);
        ptrdiff_t label = (ptrdiff_t)l->labels[row] - (ptrdiff_t)(p * TP_PANEL);
        for (int v = 0; v < PANEL_VECS; v++, d += VEC_LANES, left -= VEC_LANES, label -= VEC_LANES) {
            vec up_to = vec_select(mask_first(label + 1), vec_set1(1), vec_zero());
            vec target = vec_select(mask_first(label), vec_zero(), up_to);
            vec difference = (vec_load(d) / sum - target) * scale;
            vec_store(d, vec_select(mask_first(left), difference, vec_zero()));
        }
    }
}

/* Rows [begin, begin + rows), at most 16, so that one panel row holds their logarithms. */
static void loss_rows(const struct tp_loss *l, size_t begin, size_t rows)
{
    size_t panels = tp_panel_count(l->z.columns);
    float sums[TP_PANEL] = {0}, margins[TP_PANEL] = {0}, logs[TP_PANEL];
    for (size_t i = 0; i < rows; i++) {
        size_t row = begin + i;
        vec m = largest_logit(&l->z, row, panels);
        float margin = *tp_matrix_at(&l->z, row, l->labels[row]) - vec_first(m);
        margins[i] = -FLT_MAX > margin ? -FLT_MAX : margin;
        if (l->predicted)
            l->predicted[row] = (uint16_t)first_equal(&l->z, row, panels, m);
        vec sum = exponentials(&l->z, row, panels, m, &l->d);
        sums[i] = vec_first(sum);
        if (l->d.data)
            loss_gradient(l, row, panels, sum, l->weights ? l->weights[row] : 1);
    }
    for (int v = 0; v < PANEL_VECS; v++)
        vec_store(logs + v * VEC_LANES, log_normal(vec_load(sums + v * VEC_LANES)));
    for (size_t i = 0; i < rows; i++)
        l->loss[begin + i] = (l->weights ? l->weights[begin + i] : 1) * (logs[i] - margins[i]);
}

void TP_KERNEL(loss)(const struct tp_loss *l)
{
    for (size_t row = l->row_begin; row < l->row_end; row += TP_PANEL)
        loss_rows(l, row, l->row_end - row < TP_PANEL ? l->row_end - row : TP_PANEL);
}

/* A row's probabilities, from the exponentials that p holds. */
static inline void divide_row(const struct tp_matrix *p, size_t row, size_t panels, vec sum)
{
    for (size_t panel = 0; panel < panels; panel++) {
        float *at = p->data + panel * p->stride + row * TP_PANEL;
        const ptrdiff_t left = (ptrdiff_t)(p->columns - panel * TP_PANEL);
        for (int v = 0; v < PANEL_VECS; v++) {
            const vec quotient = vec_load(at + v * VEC_LANES) / sum;
            vec_store(at + v * VEC_LANES, vec_select(mask_first(left - v * VEC_LANES), quotient, vec_zero()));
        }
    }
}

void TP_KERNEL(softmax)(const struct tp_softmax *x)
{
    const size_t panels = tp_panel_count(x->z.columns);
    for (size_t row = x->row_begin; row < x->row_end; row++) {
        const vec m = largest_logit(&x->z, row, panels);
        if (x->predicted)
            x->predicted[row] = (uint16_t)first_equal(&x->z, row, panels, m);
        divide_row(&x->p, row, panels, exponentials(&x->z, row, panels, m, &x->p));
    }
}
