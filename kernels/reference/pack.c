/* pack, reference tier: gather, normalise, write panels. */
#include <math.h>
#include <stdbool.h>
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

/* The normalized value of an element. Samples may lie at any address. */
static float normalized(const struct tp_pack *p, size_t r, size_t c, bool is_u8)
{
    const size_t at = sample_of(p, r) * p->a.columns + c;
    float x;
    if (is_u8)
        x = ((const uint8_t *)p->samples)[at];
    else
        memcpy(&x, (const unsigned char *)p->samples + at * sizeof x, sizeof x);
    return fmaf(x, p->scale[c], p->shift[c]);
}

static void mark_row(const struct tp_pack *p, size_t r)
{
    for (size_t w = 0; w < tp_mark_words(p->a.columns); w++)
        p->marks.words[w * p->marks.rows + r] = 0;
    for (size_t c = 0; c < p->a.columns; c++)
        p->marks.words[c / TP_MARKS * p->marks.rows + r] |= (uint64_t)(*tp_matrix_at(&p->a, r, c) != 0) << c % TP_MARKS;
}

static void pack(const struct tp_pack *p, bool is_u8)
{
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        for (size_t c = 0; c < p->a.columns; c++)
            *tp_matrix_at(&p->a, r, c) = normalized(p, r, c, is_u8);
        pad_row(p, r);
        if (p->marks.words)
            mark_row(p, r);
    }
}

void tp_pack_u8_reference(const struct tp_pack *p)
{
    pack(p, true);
}

void tp_pack_f32_reference(const struct tp_pack *p)
{
    pack(p, false);
}
