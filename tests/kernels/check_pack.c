/*
 * check_kernels: pack. Samples, scale, shift and index end at an unreadable page.
 */
#include "tests/kernels/check_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pack_case {
    size_t features, count, row_begin, row_end;
    enum data_kind kind;
    bool by_index, marked;
    size_t gap; /* bytes between the last sample and the unreadable page: makes samples unaligned */
};

static void fill_samples(const struct fence *samples, const struct pack_case *c, bool is_u8)
{
    size_t n = c->count * c->features;
    if (is_u8) {
        uint8_t *pixel = samples->data;
        for (size_t i = 0; i < n; i++)
            pixel[i] = (uint8_t)check_random();
        return;
    }
    float *values = check_alloc(n * sizeof(float));
    data_fill(values, n, c->kind);
    memcpy(samples->data, values, n * sizeof(float));
    free(values);
}

/* An element by the contract's formula. */
static float formula(const struct tp_pack *p, bool is_u8, size_t r, size_t c)
{
    const size_t at = (p->index ? p->index[r] : r) * p->a.columns + c;
    float x;
    if (is_u8)
        x = ((const uint8_t *)p->samples)[at];
    else
        memcpy(&x, (const char *)p->samples + at * sizeof x, sizeof x);
    return fmaf(x, p->scale[c], p->shift[c]);
}

static void check_formula(struct verdict *v, const struct tp_pack *p, bool is_u8, const struct matrix *got)
{
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        for (size_t c = 0; c < p->a.columns; c++) {
            const float want = formula(p, is_u8, r, c);
            if (!same_float(matrix_get(got, r, c), want)) {
                verdict_fail(v, "a[%zu][%zu] is %a, the formula gives %a", r, c, (double)matrix_get(got, r, c),
                             (double)want);
                return;
            }
        }
    }
}

/* Words of marks filled with poison. */
static struct tp_marks make_marks(size_t rows, size_t features)
{
    const size_t bytes = rows * tp_mark_words(features) * sizeof(uint64_t);
    const struct tp_marks marks = {.words = check_alloc(bytes), .rows = rows};
    memset(marks.words, 0x5a, bytes);
    return marks;
}

/* Marks must say which elements of the rows are not 0; no other word may be written. */
static void check_marks(struct verdict *v, const struct tp_pack *p)
{
    for (size_t r = 0; r < p->marks.rows; r++) {
        const bool packed = r >= p->row_begin && r < p->row_end;
        for (size_t w = 0; w < tp_mark_words(p->a.columns); w++) {
            const uint64_t got = p->marks.words[w * p->marks.rows + r];
            uint64_t want = packed ? 0 : UINT64_C(0x5a5a5a5a5a5a5a5a);
            for (size_t c = w * TP_MARKS; packed && c < (w + 1) * TP_MARKS && c < p->a.columns; c++)
                want |= (uint64_t)(*tp_matrix_at(&p->a, r, c) != 0) << c % TP_MARKS;
            if (got != want)
                verdict_fail(v, "word %zu of row %zu is %llx, expected %llx", w, r, (unsigned long long)got,
                             (unsigned long long)want);
        }
    }
}

static void run_case(struct verdict *v, tp_pack_fn *kernel, bool is_u8, const struct pack_case *c)
{
    verdict_case(v, "rows %zu to %zu of %zu features, %zu samples%s, %s, %zu bytes before the page%s", c->row_begin,
                 c->row_end, c->features, c->count, c->by_index ? " by index" : "", data_name(c->kind), c->gap,
                 c->marked ? ", marked" : "");
    size_t bytes = c->count * c->features * (is_u8 ? 1 : sizeof(float));
    struct fence samples = fence_new(bytes, c->gap), index = fence_new(c->row_end * sizeof(uint32_t), 0);
    struct fence scale = fence_new(c->features * sizeof(float), 0), shift = fence_new(c->features * sizeof(float), 0);
    fill_samples(&samples, c, is_u8);
    data_fill(scale.data, c->features, DATA_NORMALS);
    data_fill(shift.data, c->features, DATA_NORMALS);
    for (size_t i = 0; c->marked && i < c->features; i++)
        ((float *)shift.data)[i] *= check_below(3) == 0 ? 1.0f : 0.0f;
    for (size_t r = 0; r < c->row_end; r++)
        ((uint32_t *)index.data)[r] = (uint32_t)check_below(c->count);
    ((uint32_t *)index.data)[c->row_begin] = (uint32_t)c->count - 1; /* the one that ends at the page */

    struct matrix before = matrix_new(c->row_end + 2, c->features, DATA_NORMALS, false);
    struct matrix got = matrix_copy(&before), want = matrix_copy(&before);
    struct tp_pack p = {.row_begin = c->row_begin,
                        .row_end = c->row_end,
                        .samples = samples.data,
                        .index = c->by_index ? index.data : NULL,
                        .scale = scale.data,
                        .shift = shift.data,
                        .a = matrix_view(&want, 0, c->features)};
    if (is_u8)
        tp_pack_u8_reference(&p);
    else
        tp_pack_f32_reference(&p);
    p.a.data = got.data;
    p.marks = c->marked ? make_marks(got.rows, c->features) : (struct tp_marks){0};
    kernel(&p);
    struct region region = {c->row_begin, c->row_end, NO_ROW, 0, c->features, true};
    matrix_compare(v, "a", &got, &want, &before, &region);
    check_formula(v, &p, is_u8, &got);
    check_marks(v, &p);

    free(p.marks.words);
    matrix_free(&before);
    matrix_free(&got);
    matrix_free(&want);
    fence_free(&samples);
    fence_free(&index);
    fence_free(&scale);
    fence_free(&shift);
}

static void check_pack(struct verdict *v, tp_pack_fn *kernel, bool is_u8)
{
    static const size_t features[] = {1,  2,  7,  8,  9,  15, 16, 17,  23,  24,  25,
                                      31, 32, 33, 47, 63, 64, 65, 100, 784, 785, 1030};
    for (size_t f = 0; f < COUNT(features); f++) {
        for (size_t r = 0; r < check_rows_count; r++) {
            struct pack_case c = {.features = features[f],
                                  .kind = (enum data_kind)check_below(DATA_KIND_COUNT),
                                  .by_index = check_below(4) > 0,
                                  .marked = check_below(2),
                                  .row_begin = check_below(2) * check_below(20)};
            c.row_end = c.row_begin + check_rows[r];
            c.count = c.by_index ? 1 + check_below(9) : c.row_end;
            c.gap = check_below(2) * check_below(4);
            run_case(v, kernel, is_u8, &c);
        }
    }
}

void check_pack_u8(struct verdict *v, tp_pack_fn *kernel)
{
    check_pack(v, kernel, true);
}

void check_pack_f32(struct verdict *v, tp_pack_fn *kernel)
{
    check_pack(v, kernel, false);
}
