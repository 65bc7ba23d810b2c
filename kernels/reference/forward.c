/*
 * forward, reference tier: one row and one panel of units at a time, so that the 16 chains are independent.
 */
#include <math.h>

#include "../tiers.h"
#include "functions.h"

void tp_forward_reference(const struct tp_forward *f)
{
    for (size_t r = f->row_begin; r < f->row_end; r++) {
        for (size_t u = 0; u < f->z.columns; u += TP_PANEL) {
            size_t lanes = f->z.columns - u < TP_PANEL ? f->z.columns - u : TP_PANEL;
            const float *w = tp_matrix_at(&f->w, 0, u);
            float *z = tp_matrix_at(&f->z, r, u);
            float sum[TP_PANEL] = {0};
            for (size_t k = 0; k < f->a.columns; k++, w += TP_PANEL) {
                float a = *tp_matrix_at(&f->a, r, k);
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(a, w[j], sum[j]);
            }
            if (f->bias) {
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(1.0f, w[j], sum[j]);
            }
            for (size_t j = 0; j < TP_PANEL; j++)
                z[j] = j < lanes ? tp_scalar_activate(f->activation, sum[j]) : 0.0f;
        }
    }
}
