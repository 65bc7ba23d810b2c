/*
 * pack: one row is one sample.
 *
 * Include a tier's vector.h first.
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

/* One whole panel: its scales stay in registers, its lines are written in the order in which they lie. */
static inline __attribute__((always_inline)) void pack_panel(const struct tp_pack *p, bool is_u8, size_t column,
                                                             float *a)
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
            vec x =
                is_u8 ? vec_load_u8((const uint8_t *)from + lane) : vec_load((const float *)(const void *)from + lane);
            vec_store(a + row * TP_PANEL + lane, vec_fma(x, scale[v], shift[v]));
        }
    }
}

/* A row of a partial last panel, value by value: nothing past the last sample may be read. */
static inline __attribute__((always_inline)) void pack_rest(const struct tp_pack *p, bool is_u8, size_t row,
                                                            size_t column, float *a)
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
 * By value: a vector store may alias whatever a pointer names, so with a pointer each row would load all
 * members again. Four panels side by side, which find each row once, are slower (results/kernels.md).
 */
static inline __attribute__((always_inline)) void pack(const struct tp_pack p, bool is_u8)
{
    float *a = p.a.data;
    size_t column = 0;
    for (; column + TP_PANEL <= p.a.columns; column += TP_PANEL, a += p.a.stride)
        pack_panel(&p, is_u8, column, a);
    for (size_t row = p.row_begin; column < p.a.columns && row < p.row_end; row++)
        pack_rest(&p, is_u8, row, column, a + row * TP_PANEL);
}

/* A panel of a row, or its rest; returns the marks of its 16 values, of which those beyond the last are 0. */
static inline __attribute__((always_inline)) uint64_t pack_line(const struct tp_pack *p, bool is_u8, size_t row,
                                                                size_t column, float *to)
{
    uint64_t marks = 0;
    const char *from = values(p, row, column, is_u8 ? 1 : sizeof(float));
    const bool whole = column + TP_PANEL <= p->a.columns;
    if (!whole)
        pack_rest(p, is_u8, row, column, to);
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++) {
        const size_t lane = (size_t)(v * VEC_LANES);
        vec x;
        if (whole) {
            x = is_u8 ? vec_load_u8((const uint8_t *)from + lane) : vec_load((const float *)(const void *)from + lane);
            x = vec_fma(x, vec_load(p->scale + column + lane), vec_load(p->shift + column + lane));
            vec_store(to + lane, x);
        } else {
            x = vec_load(to + lane);
        }
        marks |= (uint64_t)mask_bits(vec_ne(x, vec_zero())) << lane;
    }
    return marks;
}

/* Row by row: a sample is read once, and the words of its marks are finished one after the other. */
static inline __attribute__((always_inline)) void pack_marked(const struct tp_pack p, bool is_u8)
{
    const struct tp_marked m = p.marked;
    for (size_t row = p.row_begin; row < p.row_end; row++) {
        float *to = m.values + row * m.stride;
        for (size_t column = 0; column < p.a.columns; column += TP_MARKS) {
            uint64_t marks = p.always[column / TP_MARKS];
            for (size_t c = column; c < column + TP_MARKS && c < p.a.columns; c += TP_PANEL)
                marks |= pack_line(&p, is_u8, row, c, to + c) << (c - column);
            m.marks[column / TP_MARKS * m.rows + row] = marks;
        }
    }
}

void TP_KERNEL(pack_u8)(const struct tp_pack *p)
{
    pack(*p, true);
}

void TP_KERNEL(pack_f32)(const struct tp_pack *p)
{
    pack(*p, false);
}

void TP_KERNEL(pack_u8_marked)(const struct tp_pack *p)
{
    pack_marked(*p, true);
}

void TP_KERNEL(pack_f32_marked)(const struct tp_pack *p)
{
    pack_marked(*p, false);
}
