/*
 * pack, reference tier: gather, normalise, write panels.
 */
#include <math.h>
#include <string.h>

#include "../tiers.h"

static void pad_row(const struct tp_pack *p, size_t r)
{
    size_t padded = tp_panel_count(p->a.columns) * TP_PANEL;
    for (size_t c = p->a.columns; c < padded; c++)
        *tp_matrix_at(&p->a, r, c) = 0.0f;
}

static size_t sample_of(const struct tp_pack *p, size_t r)
{
    return p->index ? p->index[r] : r;
}

void tp_pack_u8_reference(const struct tp_pack *p)
{
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const uint8_t *sample = (const uint8_t *)p->samples + sample_of(p, r) * p->a.columns;
        for (size_t c = 0; c < p->a.columns; c++)
            *tp_matrix_at(&p->a, r, c) = fmaf(sample[c], p->scale[c], p->shift[c]);
        pad_row(p, r);
    }
}

void tp_pack_f32_reference(const struct tp_pack *p)
{
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const unsigned char *sample =
            (const unsigned char *)p->samples + sample_of(p, r) * p->a.columns * sizeof(float);
        for (size_t c = 0; c < p->a.columns; c++) {
            float x; /* samples may lie at any address */
            memcpy(&x, sample + c * sizeof x, sizeof x);
            *tp_matrix_at(&p->a, r, c) = fmaf(x, p->scale[c], p->shift[c]);
        }
        pad_row(p, r);
    }
}
