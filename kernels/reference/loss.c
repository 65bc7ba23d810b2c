/* loss and softmax, reference tier, row by row. */
#include <float.h>

#include "../tiers.h"
#include "functions.h"

/* The row's maximum; *at is the lowest class that has it. */
static float row_max(const struct tp_matrix *logits, size_t r, size_t *at)
{
    float m = *tp_matrix_at(logits, r, 0);
    *at = 0;
    for (size_t k = 1; k < logits->columns; k++) {
        float z = *tp_matrix_at(logits, r, k);
        if (z > m) {
            m = z;
            *at = k;
        }
    }
    return m;
}

/* Sum of exp(z - m) over 16 lanes, then a tree: the order of a vector of 16. */
static float row_sum(const struct tp_matrix *logits, size_t r, float m)
{
    float lane[TP_PANEL] = {0};
    for (size_t k = 0; k < logits->columns; k++)
        lane[k % TP_PANEL] += tp_scalar_exp(*tp_matrix_at(logits, r, k) - m);
    for (size_t half = TP_PANEL / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++)
            lane[j] += lane[j + half];
    }
    return lane[0];
}

/*
 * D = (softmax(Z) - Y) / B (results/report.md, tasks 1a and 1b): factor is the row's weight / B. Subtracting the
 * maximum m changes no quotient and keeps exp from overflowing. d may be z itself: each logit is read before its
 * gradient is written, and the loss comes first.
 */
static void row_gradient(const struct tp_loss *l, size_t r, float m, float s, float factor)
{
    size_t padded = tp_panel_count(l->z.columns) * TP_PANEL;
    for (size_t k = 0; k < l->z.columns; k++) {
        float p = tp_scalar_exp(*tp_matrix_at(&l->z, r, k) - m) / s;
        float target = k == l->labels[r] ? 1.0f : 0.0f;
        *tp_matrix_at(&l->d, r, k) = (p - target) * factor;
    }
    for (size_t k = l->z.columns; k < padded; k++)
        *tp_matrix_at(&l->d, r, k) = 0.0f;
}

void tp_loss_reference(const struct tp_loss *l)
{
    for (size_t r = l->row_begin; r < l->row_end; r++) {
        float weight = l->weights ? l->weights[r] : 1.0f;
        size_t best;
        float m = row_max(&l->z, r, &best);
        float s = row_sum(&l->z, r, m);
        float margin = *tp_matrix_at(&l->z, r, l->labels[r]) - m;
        margin = -FLT_MAX > margin ? -FLT_MAX : margin; /* finite for any finite logits */
        l->loss[r] = weight * (tp_scalar_log(s) - margin);
        if (l->predicted)
            l->predicted[r] = (uint16_t)best;
        if (l->d.data)
            row_gradient(l, r, m, s, weight * l->scale);
    }
}

void tp_softmax_reference(const struct tp_softmax *x)
{
    for (size_t r = x->row_begin; r < x->row_end; r++) {
        size_t best;
        float m = row_max(&x->z, r, &best);
        float s = row_sum(&x->z, r, m);
        for (size_t k = 0; k < x->z.columns; k++)
            *tp_matrix_at(&x->p, r, k) = tp_scalar_exp(*tp_matrix_at(&x->z, r, k) - m) / s;
        for (size_t k = x->z.columns; k < tp_panel_count(x->z.columns) * TP_PANEL; k++)
            *tp_matrix_at(&x->p, r, k) = 0.0f;
        if (x->predicted)
            x->predicted[r] = (uint16_t)best;
    }
}
