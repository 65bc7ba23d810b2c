/*
 * The loss verb against the definition of cross-entropy: one-hot targets written out as a matrix Y, the
 * predictions Yhat = softmax(Z) in double, C = -sum Y log Yhat / B and dC/dZ = (Yhat - Y) / B.
 */
#include <float.h>
#include <math.h>
#include <stdalign.h>

#include "kernels/flush.h"
#include "kernels/kernels.h"
#include "tests/check.h"

#define BATCH_MAX   40
#define CLASSES_MAX 100
#define STRIDE      (BATCH_MAX * TP_PANEL)
#define FLOATS      ((CLASSES_MAX + TP_PANEL) * BATCH_MAX)

static struct {
    alignas(64) float z[FLOATS], d[FLOATS];
    float loss[BATCH_MAX];
    uint16_t labels[BATCH_MAX];
    double y[BATCH_MAX][CLASSES_MAX], yhat[BATCH_MAX][CLASSES_MAX];
} batch;

static void make_batch(size_t rows, size_t classes, double spread)
{
    uint32_t state = (uint32_t)(rows * 1000 + classes);
    memset(&batch, 0, sizeof batch);
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t k = 0; k < classes; k++) {
            state = state * 1664525 + 1013904223; /* Numerical Recipes, 7.1 */
            const float z = (float)(spread * (state / 4294967296.0 - 0.5));
            batch.z[tp_panel_offset(STRIDE, r, k)] = z;
            sum += batch.yhat[r][k] = exp((double)z);
        }
        for (size_t k = 0; k < classes; k++)
            batch.yhat[r][k] /= sum;
        batch.labels[r] = (uint16_t)((state >> 16) % classes);
        batch.y[r][batch.labels[r]] = 1;
    }
}

static double cross_entropy(size_t rows, size_t classes)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < classes; k++)
            sum -= batch.y[r][k] > 0 ? batch.y[r][k] * log(batch.yhat[r][k]) : 0;
    return sum / (double)rows;
}

/*
 * A logit's distance from the largest one is rounded once (up to `spread` u), as are exp, the sums over lanes
 * and the last operations: fewer than classes / 16 + 14 roundings in all.
 */
static double relative_bound(size_t classes, double spread)
{
    return (2 * spread + (double)tp_panel_count(classes) + 14) * (double)FLT_EPSILON / 2;
}

static void check_batch(const struct tp_tier *tier, size_t rows, size_t classes, double spread)
{
    make_batch(rows, classes, spread);
    tier->loss(&(struct tp_loss){.row_end = rows,
                                 .z = {batch.z, STRIDE, rows, classes},
                                 .labels = batch.labels,
                                 .scale = 1 / (float)rows,
                                 .d = {batch.d, STRIDE, rows, classes},
                                 .loss = batch.loss});
    const double bound = relative_bound(classes, spread), expected = cross_entropy(rows, classes);
    double mean = 0;
    for (size_t r = 0; r < rows; r++)
        mean += (double)batch.loss[r] / (double)rows;
    if (!(fabs(mean - expected) <= bound * (1 + expected)))
        fail_msg("%s, %zu x %zu: C is %.9g, expected %.9g", tier->name, rows, classes, mean, expected);
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < classes; k++) {
            const double d = (batch.yhat[r][k] - batch.y[r][k]) / (double)rows;
            const double got = (double)batch.d[tp_panel_offset(STRIDE, r, k)];
            if (!(fabs(got - d) <= bound / (double)rows * fmax(batch.yhat[r][k], fabs(d) * (double)rows)))
                fail_msg("%s, %zu x %zu: D[%zu][%zu] is %.9g, expected %.9g", tier->name, rows, classes, r, k, got, d);
        }
    }
}

static void test_cross_entropy(void **state)
{
    (void)state;
    static const size_t rows[] = {1, 7, 32, BATCH_MAX}, classes[] = {1, 2, 10, 16, 17, CLASSES_MAX};
    const uint64_t saved = tp_flush_enter();
    for (const struct tp_tier *const *tier = tp_tiers; *tier; tier++) {
        if (!tp_tier_runs_here(*tier)) {
            print_message("# %s: not on this CPU\n", (*tier)->name);
            continue;
        }
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++)
                for (double spread = 0.01; spread < 100; spread *= 10)
                    check_batch(*tier, rows[r], classes[c], spread);
    }
    tp_flush_leave(saved);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_cross_entropy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
