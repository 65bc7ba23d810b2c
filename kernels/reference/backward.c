/* backward, reference tier: one row and one panel of inputs at a time, so that the 16 chains are independent. */
#include <math.h>

#include "../tiers.h"
#include "functions.h"

void tp_backward_reference(const struct tp_backward *b)
{
    for (size_t r = b->row_begin; r < b->row_end; r++) {
        for (size_t i = b->input_begin; i < b->input_end; i += TP_PANEL) {
            size_t lanes = b->input_end - i < TP_PANEL ? b->input_end - i : TP_PANEL;
            const float *wt = tp_matrix_at(&b->wt, 0, i);
            float *d_in = tp_matrix_at(&b->d_in, r, i);
            float sum[TP_PANEL] = {0};
            for (size_t j = 0; j < lanes && !b->first; j++)
                sum[j] = d_in[j];
            for (size_t u = 0; u < b->d.columns; u++, wt += TP_PANEL) {
                float d = *tp_matrix_at(&b->d, r, u);
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(d, wt[j], sum[j]);
            }
            if (b->last) {
                const float *a = tp_matrix_at(&b->a, r, i);
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = tp_scalar_derive(b->activation, a[j], sum[j]);
            }
            for (size_t j = 0; j < TP_PANEL; j++)
                d_in[j] = sum[j];
        }
    }
}
