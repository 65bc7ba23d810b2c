/* Plots of a sweep's results, with an axis that suits the values of each option. */
#include "cli/sweep_plot.h"

#include <math.h>
#include <stdlib.h>

#include "tests/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Draws a.svg or a.png and returns the script, which the caller frees. */
static char *draw(const char *folder, const char *image, const struct tp_sweep_results *results)
{
    struct tp_drawing drawing;
    struct tp_error error = {""};
    char *path = scratch_path(folder, image), *beside = scratch_path(folder, "a.gp"), *text = NULL;
    size_t capacity = 0;
    assert_int_equal(tp_drawing_open(&drawing, "--plot", path, &error), TILEPROP_OK);
    if (tp_sweep_plot(&drawing, results, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    tp_drawing_discard(&drawing);

    FILE *script = fopen(beside, "r");
    assert_non_null(script);
    assert_true(getdelim(&text, &capacity, '\0', script) > 0);
    fclose(script);
    free(path);
    free(beside);
    return text;
}

static void skip_without_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") != 0) {
        print_message("# SKIP gnuplot is not installed\n");
        skip();
    }
}

static void expect_in(const char *script, const char *text)
{
    if (!strstr(script, text))
        fail_msg("expected \"%s\" in: %s", text, script);
}

static void test_axes(void **state)
{
    static const struct tp_sweep_value rates[] = {
        {"0.1", 0.2, 0.02, 6}, {"0.001", 0.5, 0.04, 6}, {"0.003", 0.31, 0.03, 6}, {"0.01", 0.22, 0.01, 6}};
    static const struct tp_sweep_value hidden[] = {{"none", 0.55, 0.02, 8}, {"64", 0.3, 0.1, 4}, {"64,64", 0.2, 0, 1}};
    static const struct tp_sweep_value momenta[] = {
        {"0.5", 0.35, 0.1, 6}, {"0.9", 0.3, 0.1, 6}, {"0.99", 0.25, 0.1, 6}, {"0.999", 0.45, 0.1, 6}};
    static const struct tp_sweep_value decays[] = {{"0", 0.3, 0.1, 6}, {"1e-4", 0.31, 0.1, 6}, {"0.01", 0.4, 0.1, 6}};
    static const struct tp_sweep_option options[] = {{"lr", rates, COUNT(rates)},
                                                     {"hidden", hidden, COUNT(hidden)},
                                                     {"momentum", momenta, COUNT(momenta)},
                                                     {"weight_decay", decays, COUNT(decays)}};
    const struct tp_sweep_results results = {"validation loss (nats per sample)", options, COUNT(options)};
    skip_without_gnuplot();
    char *script = draw(*state, "a.svg", &results);
    expect_in(script, "set logscale x\n");
    expect_in(script, "('0.001' 0.001, '0.003' 0.003, '0.01' 0.01, '0.1' 0.1)");
    expect_in(script, "0.001 0.5 0.04\n0.003 0.31 0.03\n");
    expect_in(script, "('none' 0, '64' 1, '64,64' 2)");
    expect_in(script, "'1 to 8 runs for each value'");
    expect_in(script, "2 0.2 0\n");                                    /* one run has no deviation */
    expect_in(script, "('0.5' 0.5, '0.9' 0.9, '0.99' 0.99, '' 0.999"); /* no room for 0.999 */
    expect_in(script, "('0' 0, '1e-4' 1, '0.01' 2)");
    free(script);
}

/* Runs that all diverged leave their place empty; a single option, a single value, long texts and other encodings. */
static void test_little(void **state)
{
    static const struct tp_sweep_value rates[] = {{"9", NAN, NAN, 0}, {"90", INFINITY, NAN, 2}};
    static const struct tp_sweep_value one[] = {{"1024,1024,1024,1024,1024", 0.5, NAN, 1}};
    static const struct tp_sweep_value names[] = {{"it's", 0.5, 0, 2}, {"\xE4", 0.5, 0.1, 2}};
    static const struct tp_sweep_option options[] = {
        {"hidden", one, COUNT(one)}, {"lr", rates, COUNT(rates)}, {"data", names, COUNT(names)}};
    skip_without_gnuplot();
    char *script = draw(*state, "a.svg", &(struct tp_sweep_results){"validation accuracy", options, 3});
    expect_in(script, "('1024,1024,1024,10...' 0)");
    expect_in(script, "('it''s' 0, '?' 1)");
    expect_in(script, "'0 to 2 runs for each value'");
    free(script);
    script = draw(*state, "a.png", &(struct tp_sweep_results){"validation accuracy", options, 1});
    expect_in(script, "0 0.5 0\n");
    expect_in(script, "'1 run for each value'");
    free(script);
}

static void test_nothing(void **state)
{
    static const struct tp_sweep_value rates[] = {{"9", NAN, NAN, 0}, {"90", INFINITY, NAN, 2}};
    static const struct tp_sweep_option options[] = {{"lr", rates, COUNT(rates)}};
    struct tp_drawing drawing;
    struct tp_error error = {""};
    char *path = scratch_path(*state, "a.svg");
    assert_int_equal(tp_drawing_open(&drawing, "--plot", path, &error), TILEPROP_OK);
    const tileprop_status status = tp_sweep_plot(&drawing, &(struct tp_sweep_results){"loss", options, 1}, &error);
    tp_drawing_discard(&drawing);
    check_failure(status, TILEPROP_FAILURE, &error, "--plot: expected a run with a loss");
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_axes, scratch_make, scratch_remove),
                                       cmocka_unit_test_setup_teardown(test_little, scratch_make, scratch_remove),
                                       cmocka_unit_test_setup_teardown(test_nothing, scratch_make, scratch_remove)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
