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

/* A partial last panel of a row, value by value: nothing past the last sample may be read. */
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

/* Bit j is set if element j of a panel's row is not 0. */
static inline __attribute__((always_inline)) uint64_t marks_of(const vec row[PANEL_VECS])
{
    uint64_t marks = 0;
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++)
        marks |= (uint64_t)mask_bits(vec_ne(row[v], vec_zero())) << (v * VEC_LANES);
    return marks;
}

/* A whole panel of a row; returns its marks. */
static inline __attribute__((always_inline)) uint64_t pack_line(const struct tp_pack *p, bool is_u8, const char *from,
                                                                size_t column, float *to)
{
    vec x[PANEL_VECS];
    UNROLL
    for (int v = 0; v < PANEL_VECS; v++) {
        const size_t lane = (size_t)(v * VEC_LANES);
        x[v] = is_u8 ? vec_load_u8((const uint8_t *)from + lane) : vec_load((const float *)(const void *)from + lane);
        x[v] = vec_fma(x[v], vec_load(p->scale + column + lane), vec_load(p->shift + column + lane));
        vec_store(to + lane, x[v]);
    }
    return marks_of(x);
}

/* The same for a partial last panel, whose padding becomes 0. */
static inline __attribute__((always_inline)) uint64_t pack_rest_line(const struct tp_pack *p, bool is_u8, size_t row,
                                                                     size_t column, float *to)
{
    vec x[PANEL_VECS];
    pack_rest(p, is_u8, row, column, to);
    for (int v = 0; v < PANEL_VECS; v++)
        x[v] = vec_load(to + v * VEC_LANES);
    return marks_of(x);
}

/* Word by word, so that cache misses of all rows overlap. */
static inline __attribute__((always_inline)) void pack_marked(const struct tp_pack p, bool is_u8)
{
    const struct tp_marked m = p.marked;
    const size_t size = is_u8 ? 1 : sizeof(float);
    for (size_t word = 0; word < tp_mark_words(p.a.columns); word++) {
        const size_t column = word * TP_MARKS, left = p.a.columns - column;
        const size_t panels = (left < TP_MARKS ? left : TP_MARKS) / TP_PANEL;
        for (size_t row = p.row_begin; row < p.row_end; row++) {
            const char *from = values(&p, row, column, size);
            float *to = m.values + row * m.stride + column;
            uint64_t marks = 0;
            if (panels == TP_MARKS / TP_PANEL) {
                UNROLL
                for (size_t i = 0; i < TP_MARKS / TP_PANEL; i++)
                    marks |= pack_line(&p, is_u8, from + i * TP_PANEL * size, column + i * TP_PANEL, to + i * TP_PANEL)
                             << (i * TP_PANEL);
            } else {
                for (size_t i = 0; i < panels; i++)
                    marks |= pack_line(&p, is_u8, from + i * TP_PANEL * size, column + i * TP_PANEL, to + i * TP_PANEL)
                             << (i * TP_PANEL);
                if (left % TP_PANEL)
                    marks |= pack_rest_line(&p, is_u8, row, column + panels * TP_PANEL, to + panels * TP_PANEL)
                             << (panels * TP_PANEL);
            }
            m.marks[word * m.rows + row] = marks;
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
