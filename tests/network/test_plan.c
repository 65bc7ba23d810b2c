/* Plans: as text, by the model, by timed steps; and that no plan changes a bit. */
#include "network/plan.h"

#include <stdatomic.h>
#include <time.h>

#include "network/plan_text.h"
#include "schedule/autotune.h"
#include "schedule/cost.h"
#include "tests/scratch.h"
#include "tests/training.h"

#define MEMBERS_MAX 8
#define COMPLETE                                                                                             \
    "plan members 3\nplan step-members 2\nplan evaluation-rows 12\n"                                         \
    "plan layer 1: forward by units, update by units\nplan layer 2: forward by rows, update by inputs\n"

static struct tp_network shape(size_t features, size_t hidden, size_t classes, size_t members)
{
    struct tp_train_options options = tp_train_options_default();
    struct tp_network network;
    struct tp_error error = {""};
    options.hidden[0] = hidden;
    if (tp_network_shape(&network, &options, features, classes, members, &error))
        fail_msg("%s", error.text);
    return network;
}

static void test_text_reads_back(void **state)
{
    static const size_t hidden[] = {1, 16, 46, 64, 100, 512};
    char *path = scratch_path(*state, "plan");
    for (size_t h = 0; h < sizeof hidden / sizeof *hidden; h++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            for (size_t steps = 1; steps <= members; steps++) {
                struct tp_network network = shape(784, hidden[h], 10, members);
                struct tp_plan plan = tp_plan_make(&network, members, steps, 32), read;
                struct tp_error error = {""};
                FILE *file = fopen(path, "w");
                fputs("data        some other line\n", file);
                tp_plan_write(&plan, network.layer_count, file);
                fputs("planned     is another word\n", file);
                assert_int_equal(fclose(file), 0);
                if (tp_plan_read(path, &network, 32, &read, &error))
                    fail_msg("%s", error.text);
                assert_memory_equal(&plan, &read, sizeof plan);
                tp_network_free(&network);
            }
        }
    }
    free(path);
}

static void check_defect(void **state, const char *text, const char *expected)
{
    struct tp_network network = shape(784, 32, 10, 4);
    struct tp_plan plan;
    struct tp_error error = {""};
    char *path = scratch_path(*state, "plan"), *message = NULL;
    scratch_write(*state, "plan", text, strlen(text));
    tileprop_status status = tp_plan_read(path, &network, 32, &plan, &error);
    assert_true(asprintf(&message, "%s:%s", path, expected) > 0);
    if (*expected)
        assert_string_equal(error.text, message);
    assert_int_equal(status, *expected ? TILEPROP_BAD_INPUT : TILEPROP_OK);
    free(message);
    free(path);
    tp_network_free(&network);
}

static void test_defects_are_named(void **state)
{
    check_defect(state, COMPLETE, "");
    check_defect(state, "# nothing\n",
                 "1: plan: expected members with a number from 1 to 4096, found the end of the file");
    check_defect(state, "plan members 0\n",
                 "1: plan: expected members with a number from 1 to 4096, found \"members 0\"");
    check_defect(state, "plan members 2x\n",
                 "1: plan: expected members with a number from 1 to 4096, found \"members 2x\"");
    check_defect(state, "plan member 2\n",
                 "1: plan: expected members with a number from 1 to 4096, found \"member 2\"");
    check_defect(
        state, "plan members 99999999999999999999\n",
        "1: plan: expected members with a number from 1 to 4096, found \"members 99999999999999999999\"");
    check_defect(state, "\nplan members 2\n\nplan step-members 3\n",
                 "4: plan: expected step-members with a number from 1 to 2, found \"step-members 3\"");
    check_defect(
        state, COMPLETE "plan layer 3: forward by rows, update by units\n",
        "6: plan: expected no more than 2 layers, found \"layer 3: forward by rows, update by units\"");
    check_defect(
        state,
        "plan members 3\nplan step-members 3\nplan evaluation-rows 12\n"
        "plan layer 1: forward by units, update by units\n",
        "4: plan: expected forward by rows, because 32 units are not 16 for each of 3 step-members, found "
        "\"layer 1: forward by units, update by units\"");
    check_defect(
        state,
        "plan members 3\nplan step-members 2\nplan evaluation-rows 12\n"
        "plan layer 1: forward by units, update by inputs\n",
        "4: plan: expected layer 1: forward by rows, update by units, forward by rows, update by inputs or "
        "forward by units, update by units, found \"layer 1: forward by units, update by inputs\"");
}

static void test_an_absent_file_is_named(void **state)
{
    (void)state;
    struct tp_network network = shape(784, 32, 10, 4);
    struct tp_plan plan;
    struct tp_error error = {""};
    assert_int_equal(tp_plan_read("/nonexistent/plan", &network, 32, &plan, &error), TILEPROP_BAD_INPUT);
    assert_string_equal(error.text, "--plan: /nonexistent/plan: No such file or directory");
    tp_network_free(&network);
}

/* Layers of slices that differ are updated by inputs, others by units; no layer has slices that nobody owns.
 */
static void test_splits_of_shapes(void **state)
{
    (void)state;
    static const struct {
        size_t units, members, slices;
    } known[] = {{64, 2, 2}, {46, 2, 1}, {16, 2, 1},  {32, 2, 2},
                 {80, 4, 1}, {64, 1, 1}, {64, 16, 4}, {400, 2, 2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct tp_network network = shape(784, known[i].units, 10, known[i].members);
        struct tp_plan plan = tp_plan_make(&network, known[i].members, known[i].members, 32);
        assert_int_equal(plan.slices[0], known[i].slices);
        tp_plan_cut(&plan, &network);
        assert_int_equal(network.layers[0].slice_count, known[i].slices);
        tp_network_free(&network);
    }
}

/* What is clear: a step of milliseconds pays on two whatever the machine, one of a microsecond nowhere. */
static void test_model(void **state)
{
    (void)state;
    struct tp_network large = shape(784, 2048, 10, 2), small = shape(16, 16, 3, 2);
    for (size_t members = 1; members <= 2; members++) {
        struct tp_plan plan = tp_plan_make(&large, 2, members, 1000);
        assert_true(tp_cost_step(&large, &plan, &tp_cost_best) <
                        tp_cost_step(&large, &plan, &tp_cost_worst) ||
                    members == 1);
    }
    struct tp_plan one = tp_plan_make(&large, 2, 1, 1000), two = tp_plan_make(&large, 2, 2, 1000);
    assert_true(tp_cost_step(&large, &two, &tp_cost_worst) < tp_cost_step(&large, &one, &tp_cost_best));
    one = tp_plan_make(&small, 2, 1, 1);
    two = tp_plan_make(&small, 2, 2, 1);
    assert_true(tp_cost_step(&small, &one, &tp_cost_usual) < tp_cost_step(&small, &two, &tp_cost_usual));
    assert_true(tp_cost_step(&small, &two, &tp_cost_best) <= tp_cost_step(&small, &one, &tp_cost_worst));
    tp_network_free(&large);
    tp_network_free(&small);
}

/* A tier on which either whole batches or parts of batches take long: longer than a thread waits for its
 * turn. */
static const struct tp_tier *honest;
static size_t slow_least, slow_most; /* rows of a forward that takes long */

static void forward_slowly(const struct tp_forward *f)
{
    size_t rows = f->row_end - f->row_begin;
    honest->forward(f);
    if (rows >= slow_least && rows <= slow_most)
        nanosleep(&(struct timespec){.tv_nsec = 8000000}, NULL);
}

#define BATCH 40

static struct tp_plan probe_plan(size_t members, double seconds, size_t steps,
                                 struct tp_autotune_result *found)
{
    struct tp_dataset train = samples(0, SAMPLES);
    struct tp_network network = shape(FEATURES, 46, CLASSES, members);
    struct tp_normalization normalization = {0};
    const struct tp_binding unbound = {0};
    struct tp_error error = {""};
    honest = tp_tier_find("reference");
    struct tp_tier tier = *honest;
    tier.forward = forward_slowly;
    assert_int_equal(tp_normalization_fit(&normalization, TILEPROP_NORMALIZE_GLOBAL, &train, &error),
                     TILEPROP_OK);
    const struct tp_autotune probe = {.tier = &tier,
                                      .network = &network,
                                      .train = &train,
                                      .normalization = &normalization,
                                      .optimizer = TILEPROP_MOMENTUM,
                                      .binding = &unbound,
                                      .members = members,
                                      .batch = BATCH,
                                      .steps = steps,
                                      .seconds = seconds};
    struct tp_plan plan;
    if (tp_autotune_plan(&probe, &plan, found, &error))
        fail_msg("%s", error.text);
    assert_int_equal(plan.members, members);
    assert_int_equal(plan.batch, BATCH);
    assert_in_range(plan.step_members, 1, members);
    tp_normalization_free(&normalization);
    tp_network_free(&network);
    return plan;
}

static void test_the_faster_plan_is_chosen(void **state)
{
    (void)state;
    struct tp_autotune_result found;
    slow_least = BATCH;
    slow_most = BATCH;
    assert_true(probe_plan(2, 1000, 1000, &found).step_members == 2);
    slow_least = 1;
    slow_most = BATCH - 1;
    assert_true(probe_plan(2, 1000, 1000, &found).step_members == 1);
    assert_int_equal(found.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found.candidates[i].step_members, i + 1);
        assert_true(found.candidates[i].measured > 0 && found.candidates[i].model > 0);
    }
    slow_least = 14; /* of 40 rows 2 and 3 members have as many or more; 4 have 10 */
    slow_most = BATCH;
    assert_true(probe_plan(4, 1000, 1000, &found).step_members == 4);
    assert_int_equal(found.count, 3);
}

/* A run that is over at once is not worth any timing. */
static void test_short_runs_go_by_the_model(void **state)
{
    (void)state;
    struct tp_autotune_result found;
    slow_least = 1;
    slow_most = 0;
    probe_plan(2, 0, 1, &found);
    assert_int_equal(found.count, 2);
    assert_true(found.candidates[0].measured == 0 && found.candidates[1].measured == 0);
    assert_int_equal(probe_plan(1, 1000, 1000, &found).step_members, 1); /* nothing to choose */
    assert_int_equal(found.count, 1);
}

/*
 * Every way to divide the work, with members that evaluate only, gives the weights of one thread. Layers 2
 * and 3 are so large that by units they are by inputs in backward.
 */
static void test_no_plan_changes_a_bit(void **state)
{
    static const char *const ways[] = {"forward by rows, update by units",
                                       "forward by rows, update by inputs",
                                       "forward by units, update by units"};
    struct tp_train_options options = options_small();
    options.hidden[0] = 160;
    options.hidden[1] = 144;
    options.hidden[2] = 130;
    options.hidden_count = 3;
    options.threads_exact = 1;
    assert_true(tp_plan_inputs_pay(true, 160, 144) && tp_plan_inputs_pay(true, 144, 130) &&
                !tp_plan_inputs_pay(true, 130, 10));
    struct tp_result alone = run_alone(&options);
    char *path = scratch_path(*state, "plan");
    options.plan = path;
    for (size_t steps = 1; steps <= 3; steps++) {
        for (size_t i = 0; i < 9; i++) {
            FILE *file = fopen(path, "w");
            fprintf(file, "plan members 3\nplan step-members %zu\nplan evaluation-rows %zu\n", steps, 1 + i);
            fprintf(file, "plan layer 1: %s\nplan layer 2: %s\n", ways[(i + i / 3) % 3], ways[i / 3]);
            fprintf(file, "plan layer 3: %s\nplan layer 4: %s\n", ways[i % 3], ways[i % 2]);
            assert_int_equal(fclose(file), 0);
            struct tp_result result = run_alone(&options);
            assert_true(result.weights_hash == alone.weights_hash);
            assert_true(result.validation.loss == alone.validation.loss);
            assert_int_equal(result.run.threads_used, 3);
            assert_int_equal(result.run.plan.step_members, steps);
            assert_int_equal(result.threads_worked, steps);
            assert_int_equal(result.run.probe.count, 0);
        }
    }
    free(path);
}

/* What the profile of a run of two layers adds up to; its cells are of layers that have the verb. */
static double profile_sum(const struct tp_result *result)
{
    double sum = 0;
    for (int v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < TP_LAYERS_MAX; l++) {
            const struct tp_profile_cell *cell = &result->profile.mean[v][l];
            bool worked = (v == TILEPROP_PACK && l == 0) ||
                          ((v == TILEPROP_FORWARD || v == TILEPROP_UPDATE) && l < 2) ||
                          ((v == TILEPROP_LOSS || v == TILEPROP_BACKWARD) && l == 1);
            assert_int_equal(cell->seconds > 0, worked);
            assert_true(result->profile.longest[v][l] >= cell->seconds);
            sum += cell->seconds + cell->waited;
        }
    }
    assert_true(result->profile.mean[TILEPROP_BACKWARD][1].waited > 0);
    assert_true(result->profile.mean[TILEPROP_UPDATE][1].waited > 0);
    return sum;
}

/*
 * Where the time went is known when it was asked for. Of one thread it lies within the time of training. Of
 * two, one may wait in its step for the other that has not begun it, for as long as that one's CPU runs
 * something else; so one run of several has to be without.
 */
static void test_profile(void **state)
{
    (void)state;
    struct tp_train_options options = options_small();
    struct tp_result result = run_alone(&options);
    for (int v = 0; v < TILEPROP_VERBS; v++)
        assert_true(result.profile.mean[v][0].seconds == 0);
    options.explain = true;
    double least = INFINITY;
    for (int i = 0; i < 50 && least > 1.5; i++) {
        result = run_alone(&options);
        least = fmin(least, profile_sum(&result) / result.seconds_training);
    }
    assert_true(least <= 1.5);
    options.threads_exact = 1;
    result = run_alone(&options);
    assert_true(profile_sum(&result) <= result.seconds_training + 1e-9); /* of rounding */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_reads_back, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_defects_are_named, scratch_make, scratch_remove),
        cmocka_unit_test(test_an_absent_file_is_named),
        cmocka_unit_test(test_splits_of_shapes),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_the_faster_plan_is_chosen),
        cmocka_unit_test(test_short_runs_go_by_the_model),
        cmocka_unit_test_setup_teardown(test_no_plan_changes_a_bit, scratch_make, scratch_remove),
        cmocka_unit_test(test_profile),
    };
    return cmocka_run_group_tests(tests, make_samples, NULL);
}
