#include "network/sparse.h"

#include <math.h>
#include <string.h>

static struct tp_row row_of(const struct tp_pack *p, const struct tp_dataset *dataset, size_t r)
{
    return tp_dataset_row(dataset, p->index ? p->index[r] : r);
}

/* fma(value, scale, added), which needs no fma where nothing is added. */
static float normalized(const struct tp_normalization *n, size_t feature, float value)
{
    const float scale = n->scale[feature], added = n->added[feature];
    return added == 0 ? value * scale + added : fmaf(value, scale, added);
}

void tp_sparse_pack(const struct tp_pack *p, const struct tp_dataset *dataset, const struct tp_normalization *n)
{
    const size_t columns = p->a.columns;
    for (size_t first = 0; first < columns; first += TP_PANEL) {
        float zeros[TP_PANEL] = {0}; /* what a row without entries becomes */
        for (size_t c = first; c < columns && c < first + TP_PANEL; c++)
            zeros[c - first] = normalized(n, c, 0);
        for (size_t r = p->row_begin; r < p->row_end; r++)
            memcpy(tp_matrix_at(&p->a, r, first), zeros, sizeof zeros);
    }
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const struct tp_row row = row_of(p, dataset, r);
        for (size_t k = 0; k < row.count; k++) {
            const size_t c = tp_row_feature(&row, k);
            *tp_matrix_at(&p->a, r, c) = normalized(n, c, row.values[k]);
        }
    }
}

/* A line's first value clears it: where others have marks, kernels may read those that have none. */
static void put(const struct tp_marked *m, size_t r, size_t c, float x)
{
    float *values = m->values + r * m->stride;
    uint64_t *marks = &m->marks[c / TP_MARKS * m->rows + r];
    if (!(*marks >> (c % TP_MARKS & ~(size_t)(TP_PANEL - 1)) & 0xffff))
        memset(values + (c & ~(size_t)(TP_PANEL - 1)), 0, TP_PANEL * sizeof *values);
    values[c] = x;
    *marks |= (uint64_t)(x != 0) << c % TP_MARKS;
}

void tp_sparse_pack_marked(const struct tp_pack *p, const struct tp_dataset *dataset, const struct tp_normalization *n)
{
    const struct tp_marked *m = &p->marked;
    for (size_t w = 0; w < tp_mark_words(p->a.columns); w++)
        memset(m->marks + w * m->rows + p->row_begin, 0, (p->row_end - p->row_begin) * sizeof *m->marks);
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        const struct tp_row row = row_of(p, dataset, r);
        for (size_t i = 0; i < n->nonzero_count; i++)
            put(m, r, n->nonzero[i], n->added[n->nonzero[i]]);
        for (size_t k = 0; k < row.count; k++) {
            const size_t c = tp_row_feature(&row, k);
            put(m, r, c, normalized(n, c, row.values[k]));
        }
    }
}
