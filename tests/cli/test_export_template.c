/*
 * The arithmetic of exported models, compiled from the template, against the library's. tests/cli/export.bats compares
 * whole models.
 */
#include <math.h>
#include <stddef.h>

#include "kernels/flush.h"
#include "kernels/reference/functions.h"
#include "tests/check.h"

enum { model_classes = 37 };

#define HIDDEN
#define ANY_TANH
#define SIGMOID
#include "cli/export_template.h"

/* Calls it with every 1001st float, NaN and infinities among them. */
static void for_floats(void (*check)(float x))
{
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1001)
        check(tp_float_from((uint32_t)bits));
    check(INFINITY);
    check(-INFINITY);
    check(NAN);
}

static float flushed(float (*function)(float), float x)
{
    const uint64_t saved = tp_flush_enter();
    const volatile float result = function(x);
    tp_flush_leave(saved);
    return result;
}

/* The CPU flushes to zeros that keep their sign. */
static void assert_same(float found, float expected)
{
    if (!(isnan(found) && isnan(expected)) && found != expected)
        fail_msg("%a found, expected %a", (double)found, (double)expected);
}

static void check_exp(float x)
{
    assert_same(model_exp(x), flushed(tp_scalar_exp, x));
}

static void check_tanh(float x)
{
    assert_same(model_tanh(model_flush(x)), flushed(tp_scalar_tanh, x));
}

static void check_sigmoid(float x)
{
    float values[1] = {model_flush(x)};
    model_activate(values, 1);
    assert_same(values[0], flushed(tp_scalar_sigmoid, x));
}

static void test_functions_have_the_library_bits(void **state)
{
    (void)state;
    for_floats(check_exp);
    for_floats(check_tanh);
    for_floats(check_sigmoid);
}

static void test_softmax_finds_the_first_of_equals(void **state)
{
    (void)state;
    float values[model_classes] = {0};
    values[5] = values[20] = 2;
    assert_int_equal(model_softmax(values), 5);
    assert_true(values[5] == values[20] && values[5] > values[0]);
    double sum = 0;
    for (size_t k = 0; k < model_classes; k++)
        sum += (double)values[k];
    assert_true(fabs(sum - 1) < 1e-6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_have_the_library_bits),
        cmocka_unit_test(test_softmax_finds_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
