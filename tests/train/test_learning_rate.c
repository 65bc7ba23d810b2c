/* The learning rate of each step: our cosine against libm's, and schedules computed by hand. */
#include "train/learning_rate.h"

#include <float.h>
#include <math.h>

#include "tests/check.h"

#define PI 0x1.921fb54442d18p+1L

static void test_cosine(void **state)
{
    (void)state;
    assert_true(tp_cos_pi(0) == 1 && tp_cos_pi(0.5) == 0 && tp_cos_pi(1) == -1);
    for (int i = 0; i <= 100000; i++) {
        const double x = i / 100000.0;
        const long double expected = cosl((PI + 0x1.1a62633145c07p-53L) * (long double)x);
        const long double allowed = 4 * DBL_EPSILON * fabsl(expected) + 0x1p-62L;
        if (fabsl(tp_cos_pi(x) - expected) > allowed)
            fail_msg("cos(pi %.17g): %.17g found, expected %.17Lg", x, tp_cos_pi(x), expected);
    }
}

static void check_rates(tileprop_schedule schedule, size_t warmup, const double *expected)
{
    const tileprop_options options = {
        .learning_rate = 8, .lr_schedule = schedule, .warmup = warmup, .lr_steps = 8 + warmup};
    for (size_t s = 0; s < 10 + warmup; s++)
        if (fabs(tp_learning_rate(&options, s) - expected[s]) > 1e-12)
            fail_msg("step %zu of schedule %d: %.17g found, expected %.17g", s, (int)schedule,
                     tp_learning_rate(&options, s), expected[s]);
}

static void test_schedules(void **state)
{
    (void)state;
    const double low = 4 - 2 * sqrt(2), a = 4 * cos(M_PI / 8), b = 4 * sin(M_PI / 8);
    check_rates(TILEPROP_SCHEDULE_CONSTANT, 0, (const double[]){8, 8, 8, 8, 8, 8, 8, 8, 8, 8});
    check_rates(TILEPROP_SCHEDULE_CONSTANT, 4, (const double[]){2, 4, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8});
    check_rates(TILEPROP_SCHEDULE_STEP, 0, (const double[]){8, 8, 8, 8, 0.8, 0.8, 0.08, 0.08, 0.08, 0.08});
    check_rates(TILEPROP_SCHEDULE_STEP, 2, (const double[]){4, 8, 8, 8, 8, 8, 0.8, 0.8, 0.08, 0.08, 0.08, 0.08});
    check_rates(TILEPROP_SCHEDULE_COSINE, 0, (const double[]){8, 4 + a, 8 - low, 4 + b, 4, 4 - b, low, 4 - a, 0, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
