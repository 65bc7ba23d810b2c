/*
 * Shared by the parts of check_kernels; see check_kernels.h.
 */
#include "tests/kernels/check_kernels.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void verdict_case(struct verdict *v, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(v->label, sizeof v->label, format, arguments);
    va_end(arguments);
    v->cases++;
}

void verdict_fail(struct verdict *v, const char *format, ...)
{
    if (v->failures++ > 0)
        return;
    int length = snprintf(v->first, sizeof v->first, "%s: ", v->label);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(v->first + length, sizeof v->first - (size_t)length, format, arguments);
    va_end(arguments);
}

bool verdict_passed(const struct verdict *v)
{
    return v->cases > 0 && v->failures == 0;
}

static uint64_t random_state;

void check_random_seed(uint64_t seed)
{
    random_state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t check_random(void)
{
    random_state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = random_state;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

size_t check_below(size_t limit)
{
    return (size_t)(check_random() % limit);
}

size_t check_pick(const size_t *list, size_t count)
{
    return list[check_below(count)];
}

float check_normal(void)
{
    double sum = 0x1p-30;
    for (int i = 0; i < 3; i++) {
        uint64_t bits = check_random();
        for (int j = 0; j < 4; j++, bits >>= 16)
            sum += (double)(bits & 0xffff) / 65536 - 0.5;
    }
    return (float)sum;
}

const char *data_name(enum data_kind kind)
{
    static const char *const name[DATA_KIND_COUNT] = {"integers", "normals", "ties", "specials", "tiny", "wide"};
    return name[kind];
}

static float draw(enum data_kind kind)
{
    static const float tiny[] = {0.0f, -0.0f, 0x1p-140f, -0x1.8p-130f, 0x1p-126f, -0x1p-126f};
    switch (kind) {
    case DATA_INTEGERS:
        return (float)check_below(7) - 3;
    case DATA_TIES:
        return ((float)check_below(8191) - 4095) * (check_below(2) ? 1.0f : 0x1p-12f);
    case DATA_SPECIALS:
        return check_below(4) ? check_normal() : tiny[check_below(COUNT(tiny))];
    case DATA_TINY:
        return check_below(2) ? 0x1p-70f : -0x1p-70f;
    case DATA_WIDE:
        return ldexpf(check_normal(), (int)check_below(128) - 64);
    case DATA_NORMALS:
    case DATA_KIND_COUNT:
        break;
    }
    return check_normal();
}

void data_fill(float *x, size_t n, enum data_kind kind)
{
    static const float rare[] = {INFINITY, -INFINITY, NAN, 0x1.fffffep127f, -0x1.fffffep127f};
    for (size_t i = 0; i < n; i++)
        x[i] = draw(kind);
    for (size_t i = 0; kind == DATA_SPECIALS && n > 0 && i < 2; i++)
        x[check_below(n)] = rare[check_below(COUNT(rare))];
}

uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

float float_from(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

bool same_float(float a, float b)
{
    return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b));
}

void *check_alloc(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p) {
        printf("Bail out! no memory for %zu bytes\n", bytes);
        exit(1);
    }
    return p;
}

#define GUARD  1024 /* floats on each side: more than a kernel that runs a tile too far would touch */
#define POISON 0x7fc0dead

struct matrix matrix_new(size_t rows, size_t columns, enum data_kind kind, bool zero_padding)
{
    struct matrix m = {.rows = rows, .columns = columns};
    m.stride = (rows + check_below(4)) * TP_PANEL;
    m.total = GUARD + tp_panel_count(columns) * m.stride + GUARD;
    m.base = check_alloc(m.total * sizeof(float));
    m.data = m.base + GUARD;
    for (size_t i = 0; i < m.total; i++)
        m.base[i] = float_from(POISON);

    float *values = check_alloc((rows * columns + 1) * sizeof(float));
    data_fill(values, rows * columns, kind);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < tp_panel_count(columns) * TP_PANEL; c++) {
            if (c < columns)
                m.data[tp_panel_offset(m.stride, r, c)] = values[r * columns + c];
            else if (zero_padding)
                m.data[tp_panel_offset(m.stride, r, c)] = 0;
        }
    }
    free(values);
    return m;
}

struct matrix matrix_copy(const struct matrix *m)
{
    struct matrix copy = *m;
    copy.base = check_alloc(m->total * sizeof(float));
    copy.data = copy.base + GUARD;
    memcpy(copy.base, m->base, m->total * sizeof(float));
    return copy;
}

void matrix_free(struct matrix *m)
{
    free(m->base);
    *m = (struct matrix){0};
}

struct tp_matrix matrix_view(const struct matrix *m, size_t column, size_t columns)
{
    const struct tp_matrix whole = {m->data, m->stride, m->rows, m->columns};
    return tp_matrix_columns(&whole, column, columns);
}

float matrix_get(const struct matrix *m, size_t row, size_t column)
{
    return m->data[tp_panel_offset(m->stride, row, column)];
}

struct tp_marks marks_new(const struct matrix *m)
{
    const size_t words = m->rows * tp_mark_words(m->columns);
    const struct tp_marks marks = {.words = check_alloc(words * sizeof(uint64_t)), .rows = m->rows};
    memset(marks.words, 0, words * sizeof(uint64_t));
    for (size_t r = 0; r < m->rows; r++)
        for (size_t k = 0; k < m->columns; k++)
            marks.words[k / TP_MARKS * m->rows + r] |= (uint64_t)(matrix_get(m, r, k) != 0 || check_below(8) == 0)
                                                       << k % TP_MARKS;
    for (size_t r = 0; r < m->rows; r++)
        for (size_t k = 0; k < m->columns; k++)
            if (!(marks.words[k / TP_MARKS * m->rows + r] >> (k % TP_MARKS & ~(size_t)(TP_PANEL - 1)) & 0xffff))
                m->data[tp_panel_offset(m->stride, r, k)] = float_from(POISON);
    return marks;
}

void matrix_thin(const struct matrix *m, size_t percent)
{
    for (size_t r = 0; r < m->rows; r++)
        for (size_t k = 0; k < m->columns; k++)
            if (check_below(100) >= percent)
                m->data[tp_panel_offset(m->stride, r, k)] = check_below(4) ? 0.0f : -0.0f;
}

enum place { INSIDE, PADDING, OUTSIDE };

static enum place place_of(const struct matrix *m, const struct region *region, size_t row, size_t column)
{
    bool row_inside = row < m->rows && ((row >= region->row_begin && row < region->row_end) || row == region->extra);
    if (!row_inside || column < region->column_begin)
        return OUTSIDE;
    if (column < region->column_end)
        return INSIDE;
    bool beside = region->column_end > region->column_begin && column < tp_panel_count(region->column_end) * TP_PANEL;
    return beside ? PADDING : OUTSIDE;
}

void matrix_compare(struct verdict *v, const char *name, const struct matrix *got, const struct matrix *want,
                    const struct matrix *before, const struct region *region)
{
    size_t body = tp_panel_count(got->columns) * got->stride;
    for (size_t i = 0; i < got->total; i++) {
        size_t at = i - GUARD, row = 0, column = 0;
        enum place place = OUTSIDE;
        if (i >= GUARD && at < body) {
            row = at % got->stride / TP_PANEL;
            column = at / got->stride * TP_PANEL + at % TP_PANEL;
            place = place_of(got, region, row, column);
        }
        float g = got->base[i];
        if (place == INSIDE && !same_float(g, want->base[i])) {
            verdict_fail(v, "%s[%zu][%zu] is %a, expected %a", name, row, column, (double)g, (double)want->base[i]);
            return;
        }
        if (place == PADDING && region->zero_padding && g != 0) {
            verdict_fail(v, "%s[%zu][%zu], padding, is %a, expected 0", name, row, column, (double)g);
            return;
        }
        if (place == OUTSIDE && float_bits(g) != float_bits(before->base[i])) {
            verdict_fail(v, "%s[%zu][%zu], outside the range, was written (float %zu of the buffer's %zu)", name, row,
                         column, i, got->total);
            return;
        }
    }
}

struct fence fence_new(size_t bytes, size_t gap)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t body = (bytes + gap + page) / page * page; /* with room before the data */
    struct fence f = {.map_bytes = body + page};
    f.map = mmap(NULL, f.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.map == MAP_FAILED || mprotect((char *)f.map + body, page, PROT_NONE) != 0) {
        printf("Bail out! no memory for %zu bytes and a guard page\n", bytes);
        exit(1);
    }
    f.data = (char *)f.map + body - gap - bytes;
    return f;
}

void fence_free(struct fence *f)
{
    munmap(f->map, f->map_bytes);
    *f = (struct fence){0};
}

const size_t check_rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 48, 97};
const size_t check_rows_count = COUNT(check_rows);

static const size_t inputs[] = {1, 2, 7, 15, 16, 17, 23, 31, 33, 63, 64, 65, 75, 100, 127};
static const size_t units[] = {1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 32, 33, 48, 49, 63, 64, 65, 80, 100, 130};

bool check_shape(size_t at, struct shape *shape)
{
    static const struct shape longest[] = {
        {6, 1025, 64},  {13, 1031, 17}, {7, 2050, 33}, {12, 2049, 1}, {1, 3000, 16}, {100, 1025, 33}, {97, 2049, 17},
        {98, 17, 1030}, {63, 385, 80},  {64, 384, 81}, {64, 385, 80}, {66, 70, 400}, {337, 769, 65}};
    size_t by_rows = check_rows_count * COUNT(units);
    size_t by_inputs = COUNT(inputs) * COUNT(units);
    if (at < by_rows) {
        *shape =
            (struct shape){check_rows[at / COUNT(units)], check_pick(inputs, COUNT(inputs)), units[at % COUNT(units)]};
        return true;
    }
    at -= by_rows;
    if (at < by_inputs) {
        *shape = (struct shape){check_pick(check_rows, check_rows_count), inputs[at / COUNT(units)],
                                units[at % COUNT(units)]};
        return true;
    }
    at -= by_inputs;
    if (at < COUNT(longest)) {
        *shape = longest[at];
        return true;
    }
    return false;
}
