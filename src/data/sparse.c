#include "data/sparse.h"

#include <math.h>
#include <string.h>

static struct tp_row row_of(const struct tp_pack *p, const struct tp_dataset *dataset, size_t r)
{
    return tp_dataset_row(dataset, p->index ? p->index[r] : r);
}

/* fma(value, scale, added); without an addend a product suffices. */
static float normalized(const struct tp_normalization *n, size_t feature, float value)
{
    const float scale = n->scale[feature], added = n->added[feature];
    return added == 0 ? value * scale + added : fmaf(value, scale, added);
}

/* What a row without entries becomes. */
static void fill(const struct tp_pack *p, const struct tp_normalization *n)
{
    const size_t columns = p->a.columns;
    for (size_t first = 0; first < columns; first += TP_PANEL) {
        float zeros[TP_PANEL] = {0};
        for (size_t c = first; c < columns && c < first + TP_PANEL; c++)
            zeros[c - first] = normalized(n, c, 0);
        for (size_t r = p->row_begin; r < p->row_end; r++)
            memcpy(tp_matrix_at(&p->a, r, first), zeros, sizeof zeros);
    }
}

static void put(const struct tp_pack *p, size_t r, size_t c, float x)
{
    *tp_matrix_at(&p->a, r, c) = x;
}

/* A line's first value clears the line: kernels may read unmarked values of a line with marks. */
static void put_marked(const struct tp_pack *p, size_t r, size_t c, float x)
{
    uint64_t *word = &p->marks.words[c / TP_MARKS * p->marks.rows + r];
    if (!(*word >> (c % TP_MARKS & ~(size_t)(TP_PANEL - 1)) & 0xffff))
        memset(tp_matrix_at(&p->a, r, c & ~(size_t)(TP_PANEL - 1)), 0, TP_PANEL * sizeof(float));
    put(p, r, c, x);
    *word |= (uint64_t)(x != 0) << c % TP_MARKS;
}

static void pack_marked(const struct tp_pack *p, const struct tp_dataset *dataset, const struct tp_normalization *n)
{
    for (size_t w = 0; w < tp_mark_words(p->a.columns); w++)
        memset(p->marks.words + w * p->marks.rows + p->row_begin, 0, (p->row_end - p->row_begin) * sizeof(uint64_t));
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const struct tp_row row = row_of(p, dataset, r);
        for (size_t i = 0; i < n->nonzero_count; i++)
            put_marked(p, r, n->nonzero[i], n->added[n->nonzero[i]]);
        for (size_t k = 0; k < row.count; k++) {
            const size_t c = tp_row_feature(&row, k);
            put_marked(p, r, c, normalized(n, c, row.values[k]));
        }
    }
}

void tp_sparse_pack(const struct tp_pack *p, const struct tp_dataset *dataset, const struct tp_normalization *n)
{
    if (p->marks.words) {
        pack_marked(p, dataset, n);
        return;
    }
    fill(p, n);
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const struct tp_row row = row_of(p, dataset, r);
        for (size_t k = 0; k < row.count; k++)
            put(p, r, tp_row_feature(&row, k), normalized(n, tp_row_feature(&row, k), row.values[k]));
    }
}
