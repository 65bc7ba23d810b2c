/*
 * backward, reference tier: one row and one panel of inputs at a time, so that the 16 chains are independent.
 */
#include <math.h>

#include "../tiers.h"
#include "functions.h"

void tp_backward_reference(const struct tp_backward *b)
{
    for (size_t r = b->row_begin; r < b->row_end; r++) {
        for (size_t i = b->input_begin; i < b->input_end; i += TP_PANEL) {
            size_t lanes = b->input_end - i < TP_PANEL ? b->input_end - i : TP_PANEL;
            const float *wt = b->wt + tp_panel_offset(b->wt_stride, 0, i);
            float *d_in = b->d_in + tp_panel_offset(b->d_in_stride, r, i);
            float sum[TP_PANEL] = {0};
            for (size_t j = 0; j < lanes && !b->first; j++)
                sum[j] = d_in[j];
            for (size_t u = 0; u < b->units; u++, wt += TP_PANEL) {
                float d = b->d[tp_panel_offset(b->d_stride, r, u)];
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(d, wt[j], sum[j]);
            }
            if (b->last) {
                const float *a = b->a + tp_panel_offset(b->a_stride, r, i);
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = tp_scalar_derive(b->activation, a[j], sum[j]);
            }
            for (size_t j = 0; j < TP_PANEL; j++)
                d_in[j] = sum[j];
        }
    }
}
