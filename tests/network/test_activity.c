/*
 * RMS and saturation of known outputs.
 */
#include <math.h>

#include "network/activity.h"
#include "tests/check.h"

#define ROWS    3
#define COLUMNS 2

/* In a panel; the last row and the padding would spoil every figure. */
static tileprop_activity activity_of(float a, float b, float c, float d, tileprop_activation activation)
{
    float panel[ROWS * TP_PANEL];
    for (size_t i = 0; i < ROWS * TP_PANEL; i++)
        panel[i] = NAN;
    const struct tp_matrix matrix = {panel, sizeof panel / sizeof *panel, ROWS, COLUMNS};
    *tp_matrix_at(&matrix, 0, 0) = a;
    *tp_matrix_at(&matrix, 0, 1) = b;
    *tp_matrix_at(&matrix, 1, 0) = c;
    *tp_matrix_at(&matrix, 1, 1) = d;
    return tp_activity_of(&matrix, ROWS - 1, activation);
}

static void test_rms(void **state)
{
    (void)state;
    assert_true(fabs(activity_of(1, -2, 3, -4, TILEPROP_LINEAR).rms - sqrt(30 / 4.0)) < 1e-15);
}

/* On both sides of the outputs at which the derivative is 5 % of its largest value. */
static void test_saturation(void **state)
{
    (void)state;
    const float sigmoid = (float)(0.5 + sqrt(0.25 - 0.05 / 4)), tangent = (float)sqrt(0.95), lecun = 1.7159f * tangent;
    assert_true(activity_of(sigmoid - 1e-6f, 1 - sigmoid + 1e-6f, sigmoid + 1e-6f, 0, TILEPROP_SIGMOID).saturation ==
                0.5);
    assert_true(activity_of(tangent - 1e-6f, -tangent - 1e-6f, 0, 1, TILEPROP_TANH).saturation == 0.5);
    assert_true(activity_of(lecun - 1e-6f, -lecun - 1e-6f, 0, 0, TILEPROP_LECUN_TANH).saturation == 0.25);
    assert_true(activity_of(0, 0, 0, 1e-30f, TILEPROP_RELU).saturation == 0.75);
    assert_true(activity_of(9, 0, -9, 1, TILEPROP_LINEAR).saturation == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rms), cmocka_unit_test(test_saturation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
