/*
 * pack and loss: one row is one sample.
 *
 * Include a tier's vector.h first.
 */
#ifndef TP_SIMD_SAMPLES_H
#define TP_SIMD_SAMPLES_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "functions.h"

/* Where the values of row r from `column` on stand. */
static inline const char *values(const struct tp_pack *p, size_t row, size_t column, size_t value_size)
{
    size_t index = p->index ? p->index[row] : row;
    return (const char *)p->samples + (index * p->a.columns + column) * value_size;
}

/* One whole panel: its scales stay in registers, its lines are written in the order in which they lie. */
static inline __attribute__((always_inline)) void pack_panel(const struct tp_pack *p, bool is_u8,
                                                             size_t column, float *a)
{
    vec scale[PANEL_VECS], shift[PANEL_VECS];
    for (int v = 0; v < PANEL_VECS; v++) {
        scale[v] = vec_load(p->scale + column + v * VEC_LANES);
        shift[v] = vec_load(p->shift + column + v * VEC_LANES);
    }
    for (size_t row = p->row_begin; row < p->row_end; row++) {
        const char *from = values(p, row, column, is_u8 ? 1 : sizeof(float));
        for (int v = 0; v < PANEL_VECS; v++) {
            size_t lane = (size_t)(v * VEC_LANES);
            vec x = is_u8 ? vec_load_u8((const uint8_t *)from + lane)
                          : vec_load((const float *)(const void *)from + lane);
            vec_store(a + row * TP_PANEL + lane, vec_fma(x, scale[v], shift[v]));
        }
    }
}

/* The last panel, where it is not full. Value by value, for nothing behind a sample may be read. */
static inline __attribute__((always_inline)) void pack_rest(const struct tp_pack *p, bool is_u8,
                                                            size_t column, float *a)
{
    for (size_t row = p->row_begin; row < p->row_end; row++) {
        float line[TP_PANEL] = {0};
        for (size_t c = 0; column + c < p->a.columns; c++) {
            const char *from = values(p, row, column + c, is_u8 ? 1 : sizeof(float));
            float x;
            if (is_u8)
                x = *(const uint8_t *)from;
            else
                memcpy(&x, from, sizeof x);
            line[c] = vec_first(
                vec_fma(vec_set1(x), vec_set1(p->scale[column + c]), vec_set1(p->shift[column + c])));
        }
        memcpy(a + row * TP_PANEL, line, sizeof line);
    }
}

/*
 * By value: a vector's store may change whatever a pointer names, so with a pointer each row loads all
 * members again. Four panels side by side, each row found once for all, took 1.03 to 1.04 times as long.
 */
static inline __attribute__((always_inline)) void pack(const struct tp_pack p, bool is_u8)
{
    float *a = p.a.data;
    size_t column = 0;
    for (; column + TP_PANEL <= p.a.columns; column += TP_PANEL, a += p.a.stride)
        pack_panel(&p, is_u8, column, a);
    if (column < p.a.columns)
        pack_rest(&p, is_u8, column, a);
}

void TP_KERNEL(pack_u8)(const struct tp_pack *p)
{
    pack(*p, true);
}

void TP_KERNEL(pack_f32)(const struct tp_pack *p)
{
    pack(*p, false);
}

/* Logits of one row, 16 at a time; -inf in the lanes past the last class. */
static inline void load_logits(const struct tp_loss *l, size_t row, size_t panel, vec z[PANEL_VECS])
{
    const float *from = l->z.data + panel * l->z.stride + row * TP_PANEL;
    ptrdiff_t left = (ptrdiff_t)(l->z.columns - panel * TP_PANEL);
    for (int v = 0; v < PANEL_VECS; v++)
        z[v] =
            vec_select(mask_first(left - v * VEC_LANES), vec_load(from + v * VEC_LANES), vec_set1(-INFINITY));
}

static inline vec largest_logit(const struct tp_loss *l, size_t row, size_t panels)
{
    vec largest[PANEL_VECS], z[PANEL_VECS];
    load_logits(l, row, 0, largest);
    for (size_t p = 1; p < panels; p++) {
        load_logits(l, row, p, z);
        for (int v = 0; v < PANEL_VECS; v++)
            largest[v] = vec_max(largest[v], z[v]);
    }
    return panel_row_max(largest);
}

/* The lowest class whose logit is m; 0 where there is none, as with NaN. */
static inline size_t first_equal(const struct tp_loss *l, size_t row, size_t panels, vec m)
{
    for (size_t p = 0; p < panels; p++) {
        vec z[PANEL_VECS];
        load_logits(l, row, p, z);
        for (int v = 0; v < PANEL_VECS; v++) {
            ptrdiff_t left = (ptrdiff_t)(l->z.columns - p * TP_PANEL) - v * VEC_LANES;
            uint32_t equal = mask_bits(vec_eq(z[v], m)) & mask_bits(mask_first(left));
            if (equal)
                return p * TP_PANEL + (size_t)(v * VEC_LANES) + (size_t)__builtin_ctz(equal);
        }
    }
    return 0;
}

/* exp(z - m), +0 in the lanes past the last class; also into d where it is wanted. Returns their sum. */
static inline vec exponentials(const struct tp_loss *l, size_t row, size_t panels, vec m)
{
    vec sum[PANEL_VECS];
    for (int v = 0; v < PANEL_VECS; v++)
        sum[v] = vec_zero();
    for (size_t p = 0; p < panels; p++) {
        vec e[PANEL_VECS];
        load_logits(l, row, p, e);
        ptrdiff_t left = (ptrdiff_t)(l->z.columns - p * TP_PANEL);
        for (int v = 0; v < PANEL_VECS; v++) {
            e[v] = vec_select(mask_first(left - v * VEC_LANES), exp_bounded(vec_sub(e[v], m)), vec_zero());
            sum[v] = vec_add(sum[v], e[v]);
            if (l->d.data)
                vec_store(l->d.data + p * l->d.stride + row * TP_PANEL + v * VEC_LANES, e[v]);
        }
    }
    return panel_row_sum(sum);
}

/* D of one row, from the exponentials that stand there. */
static inline void gradient(const struct tp_loss *l, size_t row, size_t panels, vec sum, float weight)
{
    vec scale = vec_set1(weight * l->scale);
    for (size_t p = 0; p < panels; p++) {
        float *d = l->d.data + p * l->d.stride + row * TP_PANEL;
        ptrdiff_t left = (ptrdiff_t)(l->z.columns - p * TP_PANEL);
        ptrdiff_t label = (ptrdiff_t)l->labels[row] - (ptrdiff_t)(p * TP_PANEL);
        for (int v = 0; v < PANEL_VECS; v++, d += VEC_LANES, left -= VEC_LANES, label -= VEC_LANES) {
            vec up_to = vec_select(mask_first(label + 1), vec_set1(1), vec_zero());
            vec target = vec_select(mask_first(label), vec_zero(), up_to);
            vec difference = vec_mul(vec_sub(vec_div(vec_load(d), sum), target), scale);
            vec_store(d, vec_select(mask_first(left), difference, vec_zero()));
        }
    }
}

/* Rows [begin, begin + rows), at most 16 of them, so that their logarithms are one panel row's. */
static void loss_rows(const struct tp_loss *l, size_t begin, size_t rows)
{
    size_t panels = tp_panel_count(l->z.columns);
    float sums[TP_PANEL] = {0}, margins[TP_PANEL] = {0}, logs[TP_PANEL];
    for (size_t i = 0; i < rows; i++) {
        size_t row = begin + i;
        vec m = largest_logit(l, row, panels);
        float margin = *tp_matrix_at(&l->z, row, l->labels[row]) - vec_first(m);
        margins[i] = -FLT_MAX > margin ? -FLT_MAX : margin;
        if (l->predicted)
            l->predicted[row] = (uint16_t)first_equal(l, row, panels, m);
        vec sum = exponentials(l, row, panels, m);
        sums[i] = vec_first(sum);
        if (l->d.data)
            gradient(l, row, panels, sum, l->weights ? l->weights[row] : 1);
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

#endif
