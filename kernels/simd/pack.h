/*
 * pack: one row is one sample.
 */
#pragma once

#include <string.h>

#include "../kernels.h"

/* The values of a row from `column` on. */
static inline const char *values(const struct tp_pack *p, size_t row, size_t column, size_t value_size)
{
    size_t index = p->index ? p->index[row] : row;
    return (const char *)p->samples + (index * p->a.columns + column) * value_size;
}

/* Bit j is set if element j of a panel's row is not 0. */
INLINE uint64_t marks_of(const vec row[PANEL_VECS])
{
    uint64_t marks = 0;
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++)
        marks |= (uint64_t)mask_bits(vec_ne(row[v], vec_zero())) << (v * VEC_LANES);
    return marks;
}

/* Adds the marks of one panel's row to its word, which the first panel begins. */
INLINE void write_marks(const struct tp_pack *p, size_t row, size_t column, const vec x[PANEL_VECS])
{
    uint64_t *word = p->marks.words + column / TP_MARKS * p->marks.rows + row;
    const uint64_t marks = marks_of(x) << column % TP_MARKS;
    *word = column % TP_MARKS ? *word | marks : marks;
}

/* One whole panel: its scales stay in registers, its lines are written in memory order. */
INLINE void pack_panel(const struct tp_pack *p, bool is_u8, bool marked, size_t column, float *a)
{
    vec scale[PANEL_VECS], shift[PANEL_VECS], x[PANEL_VECS];
    for (int v = 0; v < PANEL_VECS; v++) {
        scale[v] = vec_load(p->scale + column + v * VEC_LANES);
        shift[v] = vec_load(p->shift + column + v * VEC_LANES);
    }
    for (size_t row = p->row_begin; row < p->row_end; row++) {
        const char *from = values(p, row, column, is_u8 ? 1 : sizeof(float));
        for (int v = 0; v < PANEL_VECS; v++) {
            size_t lane = (size_t)(v * VEC_LANES);
            x[v] =
                is_u8 ? vec_load_u8((const uint8_t *)from + lane) : vec_load((const float *)(const void *)from + lane);
            x[v] = vec_fma(x[v], scale[v], shift[v]);
            vec_store(a + row * TP_PANEL + lane, x[v]);
        }
        if (marked)
            write_marks(p, row, column, x);
    }
}

/* A partial last panel of a row, value by value: nothing past the last sample may be read. */
INLINE void pack_rest(const struct tp_pack *p, bool is_u8, size_t row, size_t column, float *a)
{
    float line[TP_PANEL] = {0};
    for (size_t c = 0; column + c < p->a.columns; c++) {
        const char *from = values(p, row, column + c, is_u8 ? 1 : sizeof(float));
        float x;
        if (is_u8)
            x = *(const uint8_t *)from;
        else
            memcpy(&x, from, sizeof x);
        line[c] = vec_first(vec_fma(vec_set1(x), vec_set1(p->scale[column + c]), vec_set1(p->shift[column + c])));
    }
    memcpy(a, line, sizeof line);
}

/*
 * By value: a vector store may alias the target of a pointer, so with a pointer each row would reload all members.
 * Packing four panels at once, which looks up each row once, is slower (results/kernels.md).
 */
INLINE void pack(const struct tp_pack p, bool is_u8, bool marked)
{
    float *a = p.a.data;
    size_t column = 0;
    for (; column + TP_PANEL <= p.a.columns; column += TP_PANEL, a += p.a.stride)
        pack_panel(&p, is_u8, marked, column, a);
    for (size_t row = p.row_begin; column < p.a.columns && row < p.row_end; row++) {
        vec x[PANEL_VECS];
        pack_rest(&p, is_u8, row, column, a + row * TP_PANEL);
        for (int v = 0; marked && v < PANEL_VECS; v++)
            x[v] = vec_load(a + row * TP_PANEL + v * VEC_LANES);
        if (marked)
            write_marks(&p, row, column, x);
    }
}

void TP_KERNEL(pack_u8)(const struct tp_pack *p)
{
    if (p->marks.words)
        pack(*p, true, true);
    else
        pack(*p, true, false);
}

void TP_KERNEL(pack_f32)(const struct tp_pack *p)
{
    if (p->marks.words)
        pack(*p, false, true);
    else
        pack(*p, false, false);
}
