/*
 * A test of check_kernels: kernels with one defect each, which it must reject.
 */
#include "tests/kernels/check_kernels.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void forward_zeros(const struct tp_forward *f)
{
    for (size_t r = f->row_begin; r < f->row_end; r++) {
        for (size_t u = 0; u < f->z.columns; u++)
            *tp_matrix_at(&f->z, r, u) = 0;
    }
}

static void forward_misses_last_column(const struct tp_forward *f)
{
    struct tp_forward g = *f;
    g.z.columns--;
    tp_forward_reference(&g);
}

/* Runs the chain over the padding columns too, as a kernel that steps by whole panels would. */
static void forward_reads_padding(const struct tp_forward *f)
{
    struct tp_forward g = *f;
    g.a.columns = f->bias ? f->a.columns : tp_panel_count(f->a.columns) * TP_PANEL;
    tp_forward_reference(&g);
}

static void forward_writes_a_row_more(const struct tp_forward *f)
{
    struct tp_forward g = *f;
    g.row_end += f->row_end % 6 == 5;
    tp_forward_reference(&g);
}

/* Two chains, added at the end: right to within rounding only. */
static void forward_in_two_chains(const struct tp_forward *f)
{
    tp_forward_reference(f);
    if (f->activation != TILEPROP_LINEAR || f->bias)
        return;
    for (size_t r = f->row_begin; r < f->row_end; r++) {
        for (size_t u = 0; u < f->z.columns; u++) {
            float sum[2] = {0, 0};
            for (size_t k = 0; k < f->a.columns; k++)
                sum[k % 2] = fmaf(*tp_matrix_at(&f->a, r, k), *tp_matrix_at(&f->w, k, u), sum[k % 2]);
            *tp_matrix_at(&f->z, r, u) = sum[0] + sum[1];
        }
    }
}

static void forward_does_nothing(const struct tp_forward *f)
{
    (void)f;
}

/* Takes byte 0 for the value 0, whatever its input adds. */
static void forward_bytes_adds_nothing(const struct tp_forward *f)
{
    static const float *values[4096];
    static float tables[2][256];
    for (size_t k = 0; k < f->a.columns; k++) {
        const bool added = f->bytes.added[k / TP_MARKS] >> k % TP_MARKS & 1;
        memcpy(tables[added] + 1, f->bytes.values[k] + 1, sizeof tables[added] - sizeof *tables[added]);
        values[k] = tables[added];
    }
    struct tp_forward g = *f;
    g.bytes.values = values;
    tp_forward_bytes_reference(&g);
}

/* Leaves out the + 0 at the end of a chain that underflows. */
static void forward_leaves_minus_zero(const struct tp_forward *f)
{
    tp_forward_reference(f);
    for (size_t r = f->row_begin; r < f->row_end; r++) {
        for (size_t u = 0; f->activation == TILEPROP_LINEAR && u < f->z.columns; u++) {
            float *z = tp_matrix_at(&f->z, r, u), chain = 0;
            for (size_t k = 0; k < f->a.columns; k++)
                chain = fmaf(*tp_matrix_at(&f->a, r, k), *tp_matrix_at(&f->w, k, u), chain);
            *z = *z == 0 && chain == 0 ? chain : *z;
        }
    }
}

/* The marks without the first one in each word; none if they do not fit. */
static struct tp_marks fewer_marks(const struct tp_marks *marks, size_t columns)
{
    static uint64_t words[4096];
    const size_t count = tp_mark_words(columns) * marks->rows;
    for (size_t i = 0; i < count && count <= COUNT(words); i++)
        words[i] = marks->words[i] & (marks->words[i] - 1);
    return count <= COUNT(words) ? (struct tp_marks){words, marks->rows} : *marks;
}

static void forward_marked_misses_a_mark(const struct tp_forward *f)
{
    struct tp_forward g = *f;
    g.marks = fewer_marks(&f->marks, f->a.columns);
    tp_forward_marked_reference(&g);
}

static void update_marked_misses_a_mark(const struct tp_update *t)
{
    struct tp_update s = *t;
    s.marks = fewer_marks(&t->marks, t->a.columns);
    tp_update_marked_reference(&s);
}

static void backward_forgets_slices(const struct tp_backward *b)
{
    struct tp_backward c = *b;
    c.first = true;
    tp_backward_reference(&c);
}

static void loss_takes_highest_class(const struct tp_loss *l)
{
    float z[256];
    bool small = l->z.columns <= COUNT(z);
    for (size_t r = l->row_begin; r < l->row_end; r++) {
        struct tp_loss one = *l;
        one.row_begin = r;
        one.row_end = r + 1;
        for (size_t k = 0; small && k < l->z.columns; k++)
            z[k] = *tp_matrix_at(&l->z, r, k);
        tp_loss_reference(&one);
        for (size_t k = 0; small && l->predicted && k < l->z.columns; k++) {
            if (z[k] >= z[l->predicted[r]])
                l->predicted[r] = (uint16_t)k;
        }
    }
}

static void softmax_forgets_padding(const struct tp_softmax *x)
{
    struct tp_softmax y = *x;
    tp_softmax_reference(x);
    for (size_t r = x->row_begin; r < x->row_end && y.p.columns % TP_PANEL; r++)
        *tp_matrix_at(&y.p, r, y.p.columns) = 1;
}

static void softmax_zeros(const struct tp_softmax *x)
{
    for (size_t r = x->row_begin; r < x->row_end; r++) {
        for (size_t k = 0; k < tp_panel_count(x->p.columns) * TP_PANEL; k++)
            *tp_matrix_at(&x->p, r, k) = 0;
    }
}

static void apply_does_nothing(const struct tp_update *a)
{
    (void)a;
}

static void update_keeps_old_sums(const struct tp_update *t)
{
    struct tp_update s = *t;
    float aside[64 * TP_PANEL];
    if (t->shift && tp_panel_count(t->a.columns) * TP_PANEL <= COUNT(aside) && t->d.columns <= TP_PANEL)
        s.sums = (struct tp_matrix){aside, COUNT(aside), t->sums.rows, t->sums.columns};
    tp_update_reference(&s);
}

static void forward_ignores_sums(const struct tp_forward *f)
{
    struct tp_forward g = *f;
    g.sums.data = NULL;
    tp_forward_reference(&g);
}

static void refresh_zeros(const struct tp_update *r)
{
    for (size_t u = 0; r->wt.data && u < r->wt.rows; u++) {
        for (size_t i = r->input_begin; i < r->input_end; i++)
            *tp_matrix_at(&r->wt, u, i) = 0;
    }
}

static void update_decays_bias(const struct tp_update *t)
{
    tp_update_reference(t);
    for (size_t u = 0; t->bias && !t->gradient.data && t->optimizer->decay > 0 && u < t->d.columns; u++) {
        float *w = tp_matrix_at(&t->w, t->a.columns, u);
        *w = fmaf(-t->optimizer->rate * t->optimizer->decay, *w, *w);
    }
}

/* Writes the last panel of inputs as a whole, over the bias row. */
static void update_overruns_inputs(const struct tp_update *t)
{
    tp_update_reference(t);
    if (t->bias && t->input_end == t->a.columns && t->a.columns % TP_PANEL && !t->gradient.data)
        memset(t->w.data + t->a.columns * TP_PANEL, 0, TP_PANEL * sizeof(float));
}

static void update_keeps_old_transpose(const struct tp_update *t)
{
    struct tp_update s = *t;
    s.wt.data = NULL;
    tp_update_reference(&s);
}

static void exp_off_by_an_ulp(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        float in = x[i];
        tp_exp_reference(1, &in, y + i);
        if (in < -1 && in > -1.001f)
            y[i] = nextafterf(y[i], 0);
    }
}

static void relu_of_nan_is_zero(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

/* Loads 16 bytes at a time. */
static void pack_reads_behind(const struct tp_pack *p)
{
    volatile uint8_t last = 0;
    for (size_t r = p->row_begin; r < p->row_end; r++) {
        size_t sample = p->index ? p->index[r] : r;
        const uint8_t *bytes = (const uint8_t *)p->samples + sample * p->a.columns;
        last = bytes[tp_panel_count(p->a.columns) * TP_PANEL - 1];
    }
    (void)last;
    tp_pack_u8_reference(p);
}

/* A read past the samples raises a signal, so the check runs in a child process. */
static void check_in_child(struct verdict *v, tp_pack_fn *kernel)
{
    pid_t child = fork();
    if (child == 0) {
        check_pack_u8(v, kernel);
        _exit(v->failures > 0);
    }
    int status = 0;
    v->cases++;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        v->failures++;
}

bool check_broken(size_t at, const char **what, struct verdict *v)
{
    switch (at) {
    case 0:
        *what = "a forward that writes zeros";
        check_forward(v, forward_zeros);
        return true;
    case 1:
        *what = "a forward that misses the last column";
        check_forward(v, forward_misses_last_column);
        return true;
    case 2:
        *what = "a forward that reads padding";
        check_forward(v, forward_reads_padding);
        return true;
    case 3:
        *what = "a forward that writes a row more";
        check_forward(v, forward_writes_a_row_more);
        return true;
    case 4:
        *what = "a forward that adds in two chains";
        check_forward(v, forward_in_two_chains);
        return true;
    case 5:
        *what = "a forward that does nothing";
        check_forward(v, forward_does_nothing);
        return true;
    case 6:
        *what = "a backward that starts every slice at zero";
        check_backward(v, backward_forgets_slices);
        return true;
    case 7:
        *what = "a loss that takes the highest of equal classes";
        check_loss(v, loss_takes_highest_class);
        return true;
    case 8:
        *what = "an update that decays the bias";
        check_update(v, update_decays_bias);
        return true;
    case 9:
        *what = "an update that overruns the inputs";
        check_update(v, update_overruns_inputs);
        return true;
    case 10:
        *what = "an update that leaves the transposed copy";
        check_update(v, update_keeps_old_transpose);
        return true;
    case 11:
        *what = "an exp that is an ulp off in a narrow range";
        check_exp(v, exp_off_by_an_ulp);
        return true;
    case 12:
        *what = "a relu that turns NaN into 0";
        check_relu(v, relu_of_nan_is_zero);
        return true;
    case 13:
        *what = "a pack that reads behind the last sample";
        check_in_child(v, pack_reads_behind);
        return true;
    case 14:
        *what = "a softmax that leaves padding";
        check_softmax(v, softmax_forgets_padding);
        return true;
    case 15:
        *what = "a softmax that writes zeros";
        check_softmax(v, softmax_zeros);
        return true;
    case 16:
        *what = "an apply that does nothing";
        check_apply(v, apply_does_nothing);
        return true;
    case 17:
        *what = "a refresh that writes zeros";
        check_refresh(v, refresh_zeros);
        return true;
    case 18:
        *what = "an update that keeps the old sums";
        check_update(v, update_keeps_old_sums);
        return true;
    case 19:
        *what = "a forward that begins at zero";
        check_forward(v, forward_ignores_sums);
        return true;
    case 20:
        *what = "a forward of bytes that marks only bytes that are not 0";
        check_forward_bytes(v, forward_bytes_adds_nothing);
        return true;
    case 21:
        *what = "a forward that ends in -0";
        check_forward(v, forward_leaves_minus_zero);
        return true;
    case 22:
        *what = "a marked forward that misses a mark";
        check_forward_marked(v, forward_marked_misses_a_mark);
        return true;
    case 23:
        *what = "a marked update that misses a mark";
        check_update_marked(v, update_marked_misses_a_mark);
        return true;
    default:
        return false;
    }
}
