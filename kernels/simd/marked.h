/*
 * The marked forms of forward and update: loops over the marks in a word. MARKED_PANELS panels of units share the cost
 * of a mark, and a word's 64 rows of weights (forward) or of D (update) stay in L1 meanwhile.
 */
#pragma once

#include <string.h>

#include "gemm.h"
#include "update.h"

#define MARKED_PANELS 4
#define MARKED_VECS   (MARKED_PANELS * PANEL_VECS)
#define MARKED_LINE   (MARKED_PANELS * TP_PANEL)
#define MARKED_ROWS   64 /* their sums stay in L1 */

/* One word of marks and some panels: the first word begins the sums of a row, the last one ends them. */
struct forward_tile {
    const float *a;        /* the word's first input of row 0 */
    const size_t *offset;  /* of each of the word's inputs from the first */
    const uint64_t *marks; /* of each row */

    /* Instead of a and offset, for bytes: */
    const uint8_t *bytes;       /* the word's first of row 0 */
    size_t features;            /* of a row */
    const float *const *values; /* of the word's inputs */

    const float *w; /* the word's first row of weights */
    size_t w_stride;
    float *z; /* of row 0 */
    size_t z_stride;
    const float *start, *bias; /* lines; bias: NULL if there is none */
    bool first, last;
};

/* A row's sums begin with its first word and end with its last; in between they wait in z. */
INLINE void begin_row(const struct forward_tile *t, size_t row, int panels, vec acc[])
{
    if (t->first)
        load_lines(t->start, TP_PANEL, panels, acc);
    else
        load_lines(t->z + row * TP_PANEL, t->z_stride, panels, acc);
}

INLINE void end_row(const struct forward_tile *t, size_t row, int panels, vec acc[])
{
    if (t->last) {
        UNROLL
        for (int v = 0; v < panels * PANEL_VECS; v++) {
            if (t->bias)
                acc[v] += vec_load(t->bias + tile_vec_offset(v, t->w_stride));
            acc[v] = acc[v] + vec_zero();
        }
    }
    store_lines(t->z + row * TP_PANEL, t->z_stride, panels, acc);
}

/* Where a row's inputs of the word begin. */
INLINE const void *row_at(const struct forward_tile *t, size_t row, bool bytes)
{
    return bytes ? (const void *)(t->bytes + row * t->features) : (const void *)(t->a + row * TP_PANEL);
}

/* Adds the product of the lowest input in `left` and its weights to a row, and returns the other inputs. */
INLINE uint64_t add_input(const struct forward_tile *t, uint64_t left, const void *at, bool bytes, int panels,
                          vec acc[])
{
    const size_t k = (size_t)__builtin_ctzll(left);
    const float x = bytes ? t->values[k][((const uint8_t *)at)[k]] : ((const float *)at)[t->offset[k]];
    add_lines(x, t->w + k * TP_PANEL, t->w_stride, panels, acc);
    return left & (left - 1);
}

/*
 * Rows [row, end). Few panels have too few chains to hide an FMA's latency: then two rows alternate while both have
 * inputs left.
 */
INLINE void forward_rows(const struct forward_tile *t, size_t row, size_t end, bool bytes, int panels)
{
    const struct forward_tile tile = *t;
    for (; panels <= MARKED_PANELS / 2 && row + 2 <= end; row += 2) {
        vec acc[2][MARKED_VECS];
        uint64_t left[2] = {tile.marks[row], tile.marks[row + 1]};
        if (!(left[0] | left[1]) && !tile.first && !tile.last)
            continue;
        const void *const at[2] = {row_at(&tile, row, bytes), row_at(&tile, row + 1, bytes)};
        begin_row(&tile, row, panels, acc[0]);
        begin_row(&tile, row + 1, panels, acc[1]);
        while (left[0] && left[1]) {
            left[0] = add_input(&tile, left[0], at[0], bytes, panels, acc[0]);
            left[1] = add_input(&tile, left[1], at[1], bytes, panels, acc[1]);
        }
        while (left[0])
            left[0] = add_input(&tile, left[0], at[0], bytes, panels, acc[0]);
        while (left[1])
            left[1] = add_input(&tile, left[1], at[1], bytes, panels, acc[1]);
        end_row(&tile, row, panels, acc[0]);
        end_row(&tile, row + 1, panels, acc[1]);
    }
    for (; row < end; row++) {
        uint64_t left = tile.marks[row];
        if (!left && !tile.first && !tile.last)
            continue;
        const void *const at = row_at(&tile, row, bytes);
        vec acc[MARKED_VECS];
        begin_row(&tile, row, panels, acc);
        while (left)
            left = add_input(&tile, left, at, bytes, panels, acc);
        end_row(&tile, row, panels, acc);
    }
}

/* Panels from `panel` on, all rows. */
INLINE void forward_panels(const struct tp_forward *f, size_t panel, bool bytes, int panels)
{
    const size_t words = tp_mark_words(f->a.columns);
    const float *w = f->w.data + panel * f->w.stride;
    _Alignas(64) float start[MARKED_LINE];
    size_t offset[TP_MARKS];
    for (size_t k = 0; !bytes && k < TP_MARKS; k++) /* a table: computing them for each mark takes longer */
        offset[k] = tp_panel_offset(f->a.stride, 0, k);
    for (int p = 0; p < panels; p++) {
        vec line[PANEL_VECS];
        chain_start(&f->sums, panel + (size_t)p, line);
        store_lines(start + p * TP_PANEL, TP_PANEL, 1, line);
    }
    for (size_t row = f->row_begin, end; row < f->row_end; row = end) {
        end = min_size(row + MARKED_ROWS, f->row_end);
        for (size_t word = 0; word < words; word++) {
            struct forward_tile tile = {.marks = f->marks.words + word * f->marks.rows,
                                        .w = w + word * TP_MARKS * TP_PANEL,
                                        .w_stride = f->w.stride,
                                        .z = f->z.data + panel * f->z.stride,
                                        .z_stride = f->z.stride,
                                        .start = start,
                                        .bias = f->bias ? w + f->a.columns * TP_PANEL : NULL,
                                        .first = word == 0,
                                        .last = word + 1 == words};
            if (bytes) {
                tile.bytes = f->bytes.samples + word * TP_MARKS;
                tile.features = f->a.columns;
                tile.values = f->bytes.values + word * TP_MARKS;
            } else {
                tile.a = tp_matrix_at(&f->a, 0, word * TP_MARKS);
                tile.offset = offset;
            }
            forward_rows(&tile, row, end, bytes, panels);
        }
        for (size_t p = panel; p < panel + (size_t)panels; p++)
            activate(f->activation, f->z.data + p * f->z.stride + row * TP_PANEL, NULL, (end - row) * TP_PANEL);
    }
}

INLINE void forward_inputs(const struct tp_forward *f, bool bytes)
{
    const size_t all = tp_panel_count(f->z.columns);
    size_t panel = 0;
    for (; all - panel >= MARKED_PANELS; panel += MARKED_PANELS)
        forward_panels(f, panel, bytes, MARKED_PANELS);
    if (all - panel == 3)
        forward_panels(f, panel, bytes, 3);
    else if (all - panel == 2)
        forward_panels(f, panel, bytes, 2);
    else if (all - panel == 1)
        forward_panels(f, panel, bytes, 1);
}

void TP_KERNEL(forward_marked)(const struct tp_forward *f)
{
    forward_inputs(f, false);
}

/* Marks a row's bytes. */
static void mark_bytes(const struct tp_forward *f, size_t row)
{
    const uint8_t *from = f->bytes.samples + row * f->a.columns;
    uint64_t *word = f->marks.words + row;
    const uint64_t *added = f->bytes.added;
    size_t left = f->a.columns;
    for (; left >= TP_MARKS; left -= TP_MARKS, from += TP_MARKS, word += f->marks.rows)
        *word = bytes_set(from) | *added++;
    if (left) {
        uint8_t part[TP_MARKS] = {0}; /* nothing past the last sample may be read */
        memcpy(part, from, left);
        *word = bytes_set(part) | *added;
    }
}

void TP_KERNEL(forward_bytes)(const struct tp_forward *f)
{
    for (size_t row = f->row_begin; row < f->row_end; row++)
        mark_bytes(f, row);
    forward_inputs(f, true);
}

/*
 * Transposes the marks of 32 rows, one word each: bit k of from[r] goes to bit `at` + r of to[k]. Bytes are shuffled
 * until a register holds the same byte of all rows; movemask reads the top bits, and doubling moves up the next ones.
 */
static void turn_marks(const uint64_t from[32], uint64_t to[TP_MARKS], int at)
{
    __m256i x[8], y[8];
    const __m256i pairs = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2, 10, 3,
                                           11, 4, 12, 5, 13, 6, 14, 7, 15);
    for (int i = 0; i < 8; i++) { /* rows 2 i and 2 i + 1, and those 16 later */
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(from + 2 * i));
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(from + 16 + 2 * i));
        x[i] = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), pairs);
    }
    for (int i = 0; i < 4; i++) { /* bytes 0 to 3, then 4 to 7, of four rows */
        y[i] = _mm256_unpacklo_epi16(x[2 * i], x[2 * i + 1]);
        y[4 + i] = _mm256_unpackhi_epi16(x[2 * i], x[2 * i + 1]);
    }
    for (int i = 0; i < 8; i += 4) { /* two bytes each, of eight rows */
        x[i] = _mm256_unpacklo_epi32(y[i], y[i + 1]);
        x[i + 1] = _mm256_unpacklo_epi32(y[i + 2], y[i + 3]);
        x[i + 2] = _mm256_unpackhi_epi32(y[i], y[i + 1]);
        x[i + 3] = _mm256_unpackhi_epi32(y[i + 2], y[i + 3]);
    }
    for (int i = 0; i < 8; i += 2) {
        y[i] = _mm256_unpacklo_epi64(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_epi64(x[i], x[i + 1]);
    }
    for (int byte = 0; byte < 8; byte++) {
        for (int bit = 7; bit >= 0; bit--, y[byte] = _mm256_add_epi8(y[byte], y[byte]))
            to[8 * byte + bit] |= (uint64_t)(uint32_t)_mm256_movemask_epi8(y[byte]) << at;
    }
}

/* Gradients are written, not applied. */
#define NO_OPTIMIZER ((tileprop_optimizer)TP_OPTIMIZER_COUNT)

/*
 * The inputs of one word of marks, some rows of the batch and some panels of units. Passed by value: vector stores may
 * alias the target of a pointer, so loops would reload members after each store.
 */
struct marked_tile {
    const float *a, *d; /* the first of the rows: its input 0, its first panel of D */
    size_t a_stride, d_stride;
    const float *shift;
    const float *totals; /* a line per panel; sums of the first rows begin at multiples of them, others at `partial` */
    bool first, last;    /* the first or last rows of the batch; unless last, sums go to `partial` */
    float *partial;      /* a line for each of the panels and inputs of the word */
    float *w, *state[2]; /* row 0 of the panels */
    size_t w_stride;
    struct optimizer_vectors constants;
    float *gradient; /* of input_begin */
    size_t gradient_stride, input_begin;
};

/*
 * Inputs [i, i + inputs). They share one walk over the rows where any of them is marked: neighbours are mostly 0 in the
 * same rows, so few multiplications are wasted, and each load of D and the branch miss at the end of the loop serve
 * all. whole: these are all rows of the batch.
 */
INLINE void update_inputs(const struct marked_tile t, const uint64_t *marks, size_t i, int inputs, bool whole,
                          tileprop_optimizer kind, int panels)
{
    const int states = kind == NO_OPTIMIZER ? 0 : tp_optimizer_states(kind), vecs = panels * PANEL_VECS;
    const size_t at = i % TP_MARKS;
    const float *a = t.a + tp_panel_offset(t.a_stride, 0, i);
    vec acc[MARKED_INPUTS_MAX][MARKED_VECS];
    uint64_t left = 0;
    UNROLL
    for (int n = 0; n < inputs; n++) {
        left |= marks[at + (size_t)n];
        if (whole || t.first) {
            const vec shift = vec_set1(t.shift[i + (size_t)n]);
            UNROLL
            for (int v = 0; v < vecs; v++)
                acc[n][v] = vec_fma(shift, vec_load(t.totals + v * VEC_LANES), vec_zero());
        } else {
            load_lines(t.partial + (at + (size_t)n) * MARKED_LINE, TP_PANEL, panels, acc[n]);
        }
    }
    for (; left; left &= left - 1) {
        const size_t r = (size_t)__builtin_ctzll(left);
        const float *x = a + r * TP_PANEL, *d = t.d + r * TP_PANEL;
        vec factor[MARKED_INPUTS_MAX];
        UNROLL
        for (int n = 0; n < inputs; n++)
            factor[n] = vec_set1(x[n]);
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const vec line = vec_load(d + tile_vec_offset(v, t.d_stride));
            UNROLL
            for (int n = 0; n < inputs; n++)
                acc[n][v] = vec_fma(factor[n], line, acc[n][v]);
        }
    }
    UNROLL
    for (int n = 0; n < inputs; n++) {
        if (!whole && !t.last) {
            store_lines(t.partial + (at + (size_t)n) * MARKED_LINE, TP_PANEL, panels, acc[n]);
            continue;
        }
        const size_t row = (i + (size_t)n) * TP_PANEL;
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const size_t offset = row + tile_vec_offset(v, t.w_stride);
            const vec g = acc[n][v] + vec_zero();
            float *const state[2] = {states > 0 ? t.state[0] + offset : NULL, states > 1 ? t.state[1] + offset : NULL};
            if (kind == NO_OPTIMIZER)
                vec_store(t.gradient + (row - t.input_begin * TP_PANEL) + tile_vec_offset(v, t.gradient_stride), g);
            else
                apply_optimizer(kind, &t.constants, g, t.w + offset, state, 0);
        }
    }
}

/* The marks of at most 64 rows, transposed: a word for each input. */
static void turn_rows(const struct tp_marks *m, size_t word, size_t row, size_t rows, uint64_t marks[TP_MARKS])
{
    uint64_t of_rows[TP_MARKS] = {0};
    memcpy(of_rows, m->words + word * m->rows + row, rows * sizeof *of_rows);
    memset(marks, 0, TP_MARKS * sizeof *marks);
    turn_marks(of_rows, marks, 0);
    if (rows > 32)
        turn_marks(of_rows + 32, marks, 32);
}

/*
 * The inputs of a word whose weights change, a bit for each. With sgd, no decay, no shift and finite totals, inputs
 * without a mark have a gradient of +0, which changes neither weights nor sums. With sparse samples these are most of
 * the inputs.
 */
INLINE uint64_t changing(const struct tp_update *u, size_t word, const float *totals, tileprop_optimizer kind,
                         int panels)
{
    if (kind != TILEPROP_SGD || u->optimizer->decay != 0)
        return UINT64_MAX;
    for (int i = 0; i < panels * TP_PANEL; i++)
        if (!(totals[i] == totals[i]))
            return UINT64_MAX;
    for (size_t i = word * TP_MARKS; i < (word + 1) * TP_MARKS && i < u->a.columns; i++)
        if (u->shift[i] != 0)
            return UINT64_MAX;
    uint64_t marked = 0;
    for (size_t r = 0; r < u->rows; r++)
        marked |= u->marks.words[word * u->marks.rows + r];
    return marked;
}

/* The sums of inputs without a shift are 0, unless a weight is not finite: then they are NaN and stay NaN. */
INLINE void keep_sum(const struct tp_update *u, size_t panel, int panels, size_t i)
{
    const float *w = tp_matrix_at(&u->w, i, panel * TP_PANEL);
    float *sum = tp_matrix_at(&u->sums, i / TP_PANEL, panel * TP_PANEL);
    UNROLL
    for (int v = 0; v < panels * PANEL_VECS; v++) {
        float *at = sum + tile_vec_offset(v, u->sums.stride);
        vec_store(at, vec_fma(vec_zero(), vec_load(w + tile_vec_offset(v, u->w.stride)), vec_load(at)));
    }
}

/* Takes batches of more than 64 rows in parts; between parts the sums wait in L1. */
INLINE void update_word(const struct tp_update *u, size_t word, size_t panel, const float *totals,
                        tileprop_optimizer kind, int panels)
{
    _Alignas(64) float partial[TP_MARKS * MARKED_LINE];
    uint64_t marks[TP_MARKS];
    const size_t base = word * TP_MARKS, end = min_size(base + TP_MARKS, u->input_end);
    const size_t begin = base < u->input_begin ? u->input_begin : base;
    const size_t group = MARKED_INPUTS(panels);
    const uint64_t changes = changing(u, word, totals, kind, panels);
    if (!changes)
        return;
    const struct optimizer_target target = target_at(u, panel * u->w.stride, true);
    struct marked_tile t = {.a_stride = u->a.stride,
                            .d_stride = u->d.stride,
                            .shift = u->shift,
                            .totals = totals,
                            .partial = partial,
                            .w = target.w,
                            .state = {target.state[0], target.state[1]},
                            .w_stride = u->w.stride};
    if (kind == NO_OPTIMIZER) {
        t.gradient = tp_matrix_at(&u->gradient, 0, panel * TP_PANEL);
        t.gradient_stride = u->gradient.stride;
        t.input_begin = u->input_begin;
    } else {
        t.constants = optimizer_vectors(&target);
    }
    for (size_t row = 0; row < u->rows; row += TP_MARKS) {
        const size_t rows = min_size(u->rows - row, TP_MARKS);
        size_t i = begin;
        turn_rows(&u->marks, word, row, rows, marks);
        t.a = u->a.data + row * TP_PANEL;
        t.d = u->d.data + panel * u->d.stride + row * TP_PANEL;
        t.first = row == 0;
        t.last = row + rows == u->rows;
        for (; t.first && t.last && i + group <= end; i += group)
            if (changes >> i % TP_MARKS & ((1u << group) - 1))
                update_inputs(t, marks, i, (int)group, true, kind, panels);
        for (; i < end; i++)
            if (changes >> i % TP_MARKS & 1)
                update_inputs(t, marks, i, 1, false, kind, panels);
    }
    for (size_t i = begin; changes != UINT64_MAX && i < end; i++)
        if (changes >> i % TP_MARKS & 1)
            keep_sum(u, panel, panels, i);
    for (size_t i = begin; changes == UINT64_MAX && kind != NO_OPTIMIZER && i < end; i += TP_PANEL)
        write_sums(u, panel, panels, i, min_size(end - i, TP_PANEL));
}

INLINE void update_panels(const struct tp_update *u, size_t panel, tileprop_optimizer kind, int panels)
{
    _Alignas(64) float totals[MARKED_LINE];
    find_totals(u, panel, (size_t)panels, totals);
    for (size_t word = u->input_begin / TP_MARKS; word * TP_MARKS < u->input_end; word++)
        update_word(u, word, panel, totals, kind, panels);
}

INLINE void update_with_rule(const struct tp_update *u, size_t panel, int panels)
{
    switch (u->gradient.data ? NO_OPTIMIZER : u->optimizer->kind) {
    case TILEPROP_SGD:
        update_panels(u, panel, TILEPROP_SGD, panels);
        break;
    case TILEPROP_MOMENTUM:
        update_panels(u, panel, TILEPROP_MOMENTUM, panels);
        break;
    case TILEPROP_LECUN_MOMENTUM:
        update_panels(u, panel, TILEPROP_LECUN_MOMENTUM, panels);
        break;
    case TILEPROP_NESTEROV:
        update_panels(u, panel, TILEPROP_NESTEROV, panels);
        break;
    case TILEPROP_ADAM:
        update_panels(u, panel, TILEPROP_ADAM, panels);
        break;
    default:
        update_panels(u, panel, NO_OPTIMIZER, panels);
        break;
    }
}

/* Not inlined: in one function for all widths, gcc allocates registers worse. */
static __attribute__((noinline)) void update_4_panels(const struct tp_update *u, size_t panel)
{
    update_with_rule(u, panel, 4);
}

static __attribute__((noinline)) void update_3_panels(const struct tp_update *u, size_t panel)
{
    update_with_rule(u, panel, 3);
}

static __attribute__((noinline)) void update_2_panels(const struct tp_update *u, size_t panel)
{
    update_with_rule(u, panel, 2);
}

static __attribute__((noinline)) void update_1_panel(const struct tp_update *u, size_t panel)
{
    update_with_rule(u, panel, 1);
}

void TP_KERNEL(update_marked)(const struct tp_update *u)
{
    const size_t all = tp_panel_count(u->d.columns);
    size_t panel = 0;
    for (; all - panel >= MARKED_PANELS; panel += MARKED_PANELS)
        update_4_panels(u, panel);
    if (all - panel == 3)
        update_3_panels(u, panel);
    else if (all - panel == 2)
        update_2_panels(u, panel);
    else if (all - panel == 1)
        update_1_panel(u, panel);
    for (panel = 0; u->bias && panel < all; panel++)
        update_bias(u, panel);
}
