/* forward, reference tier: one row and one panel of units at a time, so that the 16 chains are independent. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../tiers.h"
#include "functions.h"

/* The values at which the chains of a panel of units begin. */
static void begin(const struct tp_matrix *sums, size_t u, float start[TP_PANEL])
{
    memset(start, 0, TP_PANEL * sizeof *start);
    for (size_t j = 0; sums->data && j < TP_PANEL && u + j < sums->columns; j++) {
        for (size_t p = 0; p < sums->rows; p++)
            start[j] += *tp_matrix_at(sums, p, u + j);
        start[j] = tp_scalar_propagate(start[j]);
    }
}

static float input(const struct tp_forward *f, size_t r, size_t k)
{
    return f->bytes.samples ? f->bytes.values[k][f->bytes.samples[r * f->a.columns + k]] : *tp_matrix_at(&f->a, r, k);
}

static void forward(const struct tp_forward *f, bool marked)
{
    for (size_t u = 0; u < f->z.columns; u += TP_PANEL) {
        const size_t lanes = f->z.columns - u < TP_PANEL ? f->z.columns - u : TP_PANEL;
        float start[TP_PANEL];
        begin(&f->sums, u, start);
        for (size_t r = f->row_begin; r < f->row_end; r++) {
            const float *w = tp_matrix_at(&f->w, 0, u);
            float *z = tp_matrix_at(&f->z, r, u);
            float sum[TP_PANEL];
            memcpy(sum, start, sizeof sum);
            for (size_t k = 0; k < f->a.columns; k++, w += TP_PANEL) {
                if (marked && !tp_is_marked(&f->marks, r, k))
                    continue;
                const float a = input(f, r, k);
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(a, w[j], sum[j]);
            }
            if (f->bias) {
                for (size_t j = 0; j < lanes; j++)
                    sum[j] = fmaf(1.0f, w[j], sum[j]);
            }
            for (size_t j = 0; f->sums.data && j < lanes; j++)
                sum[j] += 0.0f;
            for (size_t j = 0; j < TP_PANEL; j++)
                z[j] = j < lanes ? tp_scalar_activate(f->activation, sum[j]) : 0.0f;
        }
    }
}

void tp_forward_reference(const struct tp_forward *f)
{
    forward(f, false);
}

void tp_forward_marked_reference(const struct tp_forward *f)
{
    forward(f, true);
}

void tp_forward_bytes_reference(const struct tp_forward *f)
{
    forward(f, false);
}
