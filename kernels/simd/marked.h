/*
 * The marked forms of forward and update: a loop over the marks of a word. MARKED_PANELS panels of units share what a
 * mark costs, and a word's 64 rows of weights (forward) or of D (update) stay in L1 meanwhile.
 *
 * Include a tier's tiles.h first.
 */
#pragma once

#include <string.h>

#include "gemm.h"
#include "update.h"

#define MARKED_PANELS 4
#define MARKED_VECS   (MARKED_PANELS * PANEL_VECS)
#define MARKED_ROWS   64 /* whose sums stay in L1 */

static inline __attribute__((always_inline)) void load_lines(const float *from, size_t stride, int panels, vec to[])
{
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        to[v] = vec_load(from + tile_vec_offset(v, stride));
}

static inline __attribute__((always_inline)) void store_lines(float *to, size_t stride, int panels, const vec from[])
{
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        vec_store(to + tile_vec_offset(v, stride), from[v]);
}

/* acc += x times the lines at `b`. */
static inline __attribute__((always_inline)) void add_lines(float x, const float *b, size_t stride, int panels,
                                                            vec acc[])
{
    const vec factor = vec_set1(x);
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++)
        acc[v] = vec_fma(factor, vec_load(b + tile_vec_offset(v, stride)), acc[v]);
}

/* Rows [row_begin, row_end), one word of marks, some panels. The first word begins the sums and the last one ends them.
 */
static inline __attribute__((always_inline)) void forward_word(const struct tp_forward *f, size_t row_begin,
                                                               size_t row_end, size_t word, size_t panel, int panels,
                                                               const float *start)
{
    const size_t w_stride = f->w.stride, z_stride = f->z.stride;
    const bool first = word == 0, last = word + 1 == tp_mark_words(f->a.columns);
    const float *w = f->w.data + panel * w_stride + word * TP_MARKS * TP_PANEL;
    const float *bias = f->bias ? f->w.data + panel * w_stride + f->a.columns * TP_PANEL : NULL;
    const float *x = f->marked.values + row_begin * f->marked.stride + word * TP_MARKS;
    const uint64_t *marks = f->marked.marks + word * f->marked.rows;
    float *z = f->z.data + panel * z_stride + row_begin * TP_PANEL;
    for (size_t r = row_begin; r < row_end; r++, z += TP_PANEL, x += f->marked.stride) {
        vec acc[MARKED_VECS];
        load_lines(first ? start : z, first ? TP_PANEL : z_stride, panels, acc);
        for (uint64_t left = marks[r]; left; left &= left - 1) {
            const size_t k = (size_t)__builtin_ctzll(left);
            add_lines(x[k], w + k * TP_PANEL, w_stride, panels, acc);
        }
        if (last) {
            UNROLL
            for (int v = 0; v < panels * PANEL_VECS; v++) {
                if (bias)
                    acc[v] = vec_add(acc[v], vec_load(bias + tile_vec_offset(v, w_stride)));
                acc[v] = vec_add(acc[v], vec_zero());
            }
        }
        store_lines(z, z_stride, panels, acc);
    }
}

/* Panels from `panel` on, all rows. */
static inline __attribute__((always_inline)) void forward_panels(const struct tp_forward *f, size_t panel, int panels)
{
    _Alignas(64) float start[MARKED_PANELS * TP_PANEL];
    chain_start(&f->sums, panel, (size_t)panels, start);
    for (size_t row = f->row_begin, end; row < f->row_end; row = end) {
        end = min_size(row + MARKED_ROWS, f->row_end);
        for (size_t word = 0; word < tp_mark_words(f->a.columns); word++)
            forward_word(f, row, end, word, panel, panels, start);
        for (size_t p = panel; p < panel + (size_t)panels; p++)
            activate(f->activation, f->z.data + p * f->z.stride + row * TP_PANEL, NULL, (end - row) * TP_PANEL);
    }
}

void TP_KERNEL(forward_marked)(const struct tp_forward *f)
{
    const size_t all = tp_panel_count(f->z.columns);
    size_t panel = 0;
    for (; all - panel >= MARKED_PANELS; panel += MARKED_PANELS)
        forward_panels(f, panel, MARKED_PANELS);
    if (all - panel == 3)
        forward_panels(f, panel, 3);
    else if (all - panel == 2)
        forward_panels(f, panel, 2);
    else if (all - panel == 1)
        forward_panels(f, panel, 1);
}

/*
 * The marks of 64 rows, so many words of the one kind, as words of the other: bit r of words[k] for bit k of words[r].
 * Blocks of half the size are exchanged, and so on down to single bits (Warren, Hacker's Delight, 7-3).
 */
static void transpose_marks(uint64_t words[TP_MARKS])
{
    uint64_t low = UINT64_C(0x00000000ffffffff);
    for (size_t half = TP_MARKS / 2; half > 0; half /= 2, low ^= low << half) {
        for (size_t i = 0; i < TP_MARKS; i += 2 * half) {
            for (size_t j = i; j < i + half; j++) {
                const uint64_t exchanged = (words[j] >> half ^ words[j + half]) & low;
                words[j + half] ^= exchanged;
                words[j] ^= exchanged << half;
            }
        }
    }
}

/* Gradients are written and no optimizer follows. */
#define NO_OPTIMIZER ((tileprop_optimizer)TP_OPTIMIZER_COUNT)

/*
 * The inputs of one word of marks and some panels of units. A batch of more rows than a word is taken word by word, its
 * partial sums waiting in L1.
 */
static inline __attribute__((always_inline)) void update_word(const struct tp_update *u, size_t word, size_t panel,
                                                              const float *totals, tileprop_optimizer kind, int panels)
{
    _Alignas(64) float partial[TP_MARKS * MARKED_PANELS * TP_PANEL];
    const size_t base = word * TP_MARKS, end = min_size(base + TP_MARKS, u->input_end);
    const size_t begin = base < u->input_begin ? u->input_begin : base;
    const size_t w_stride = u->w.stride, d_stride = u->d.stride, a_stride = u->marked.stride;
    const int states = kind == NO_OPTIMIZER ? 0 : tp_optimizer_states(kind), line = panels * TP_PANEL;
    for (size_t row = 0; row < u->rows; row += TP_MARKS) {
        const size_t rows = min_size(u->rows - row, TP_MARKS);
        const bool last = row + rows == u->rows;
        const float *a = u->marked.values + row * a_stride, *d = u->d.data + panel * d_stride + row * TP_PANEL;
        uint64_t marks[TP_MARKS] = {0};
        memcpy(marks, u->marked.marks + word * u->marked.rows + row, rows * sizeof *marks);
        transpose_marks(marks);
        for (size_t i = begin; i < end; i++) {
            float *sums = partial + (i - base) * (size_t)line;
            vec acc[MARKED_VECS];
            load_lines(row ? sums : totals, TP_PANEL, panels, acc);
            if (!row) {
                UNROLL
                for (int v = 0; v < panels * PANEL_VECS; v++)
                    acc[v] = vec_fma(vec_set1(u->shift[i]), acc[v], vec_zero());
            }
            for (uint64_t left = marks[i - base]; left; left &= left - 1) {
                const size_t r = (size_t)__builtin_ctzll(left);
                add_lines(a[r * a_stride + i], d + r * TP_PANEL, d_stride, panels, acc);
            }
            if (!last) {
                store_lines(sums, TP_PANEL, panels, acc);
                continue;
            }
            UNROLL
            for (int v = 0; v < panels * PANEL_VECS; v++)
                acc[v] = vec_add(acc[v], vec_zero());
            if (kind == NO_OPTIMIZER) {
                store_lines(tp_matrix_at(&u->gradient, i, panel * TP_PANEL), u->gradient.stride, panels, acc);
                continue;
            }
            const struct optimizer_target target = target_at(u, panel * w_stride + i * TP_PANEL, true);
            const struct optimizer_vectors constants = optimizer_vectors(&target);
            UNROLL
            for (int v = 0; v < panels * PANEL_VECS; v++) {
                const size_t offset = tile_vec_offset(v, w_stride);
                float *const state[2] = {states > 0 ? target.state[0] + offset : NULL,
                                         states > 1 ? target.state[1] + offset : NULL};
                apply_optimizer(kind, &constants, acc[v], target.w + offset, state, 0);
            }
        }
    }
    for (size_t p = panel; kind != NO_OPTIMIZER && p < panel + (size_t)panels; p++) {
        for (size_t i = begin; i < end; i += TP_PANEL)
            leave_sums(u, p, i, min_size(end - i, TP_PANEL));
    }
}

static inline __attribute__((always_inline)) void update_panels(const struct tp_update *u, size_t panel,
                                                                tileprop_optimizer kind, int panels)
{
    _Alignas(64) float totals[MARKED_PANELS * TP_PANEL];
    find_totals(u, panel, (size_t)panels, totals);
    for (size_t word = u->input_begin / TP_MARKS; word * TP_MARKS < u->input_end; word++)
        update_word(u, word, panel, totals, kind, panels);
}

static inline __attribute__((always_inline)) void update_all(const struct tp_update *u, tileprop_optimizer kind)
{
    const size_t all = tp_panel_count(u->d.columns);
    size_t panel = 0;
    for (; all - panel >= MARKED_PANELS; panel += MARKED_PANELS)
        update_panels(u, panel, kind, MARKED_PANELS);
    if (all - panel == 3)
        update_panels(u, panel, kind, 3);
    else if (all - panel == 2)
        update_panels(u, panel, kind, 2);
    else if (all - panel == 1)
        update_panels(u, panel, kind, 1);
}

void TP_KERNEL(update_marked)(const struct tp_update *u)
{
    switch (u->gradient.data ? NO_OPTIMIZER : u->optimizer->kind) {
    case TILEPROP_SGD:
        update_all(u, TILEPROP_SGD);
        break;
    case TILEPROP_MOMENTUM:
        update_all(u, TILEPROP_MOMENTUM);
        break;
    case TILEPROP_LECUN_MOMENTUM:
        update_all(u, TILEPROP_LECUN_MOMENTUM);
        break;
    case TILEPROP_NESTEROV:
        update_all(u, TILEPROP_NESTEROV);
        break;
    case TILEPROP_ADAM:
        update_all(u, TILEPROP_ADAM);
        break;
    default:
        update_all(u, NO_OPTIMIZER);
        break;
    }
    for (size_t panel = 0; u->bias && panel < tp_panel_count(u->d.columns); panel++)
        update_bias(u, panel);
}
