/* Plans: as lists and as text, chosen by timed steps; no plan changes a bit. */
#include "network/plan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "schedule/autotune.h"
#include "tests/training.h"

#define MEMBERS_MAX    8
#define OPERATIONS_MAX 512

static struct tp_network shape(size_t features, size_t hidden, size_t classes, size_t members)
{
    tileprop_options options = options_default();
    struct tp_network network;
    struct tp_error error = {""};
    options.hidden[0] = hidden;
    if (tp_network_shape(&network, &options, features, classes, members, &error))
        fail_msg("%s", error.text);
    return network;
}

/* The operations of a step member, in order. */
static size_t operations_of(const struct tp_plan *plan, const struct tp_network *network, size_t member,
                            struct tp_operation *operations)
{
    const size_t count = tp_plan_operations(plan, network, member, plan->batch, true, operations);
    assert_in_range(count, 1, OPERATIONS_MAX);
    return count;
}

/*
 * Whatever the plan, all members of a step meet at as many barriers, the last of which ends it; one reports;
 * and every row of the batch runs through each unit of each layer once.
 */
static void test_lists_fit_together(void **state)
{
    (void)state;
    static struct tp_operation operations[OPERATIONS_MAX];
    static const size_t hidden[] = {1, 16, 46, 64, 100, 512};
    for (size_t h = 0; h < sizeof hidden / sizeof *hidden; h++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            struct tp_network network = shape(784, hidden[h], 10, members);
            struct tp_plan plan = tp_plan_make(&network, members, members, 32);
            size_t barriers = 0, reports = 0, forward[2] = {0}, lost = 0;
            tp_plan_cut(&plan, &network);
            for (size_t m = 0; m < members; m++) {
                const size_t count = operations_of(&plan, &network, m, operations);
                size_t met = 0;
                for (size_t i = 0; i < count; i++) {
                    const struct tp_operation *o = &operations[i];
                    const size_t rows = o->rows.end - o->rows.begin;
                    met += o->kind == TP_DO_BARRIER;
                    reports += o->kind == TP_DO_REPORT;
                    lost += o->kind == TP_DO_LOSS ? rows : 0;
                    if (o->kind == TP_DO_FORWARD)
                        forward[o->layer] += rows * network.layers[o->layer].slices[o->slice].w.columns;
                }
                assert_int_equal(operations[count - 1].kind, TP_DO_BARRIER);
                barriers = m ? barriers : met;
                assert_int_equal(met, barriers);
            }
            assert_int_equal(reports, 1);
            assert_int_equal(lost, 32);
            assert_int_equal(forward[0], 32 * hidden[h]);
            assert_int_equal(forward[1], 32 * 10);
            tp_network_free(&network);
        }
    }
}

/* What is written of a plan. */
static void test_text(void **state)
{
    (void)state;
    struct tp_network network = shape(784, 64, 10, 2);
    const struct tp_plan plan = tp_plan_make(&network, 3, 2, 32);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    tp_plan_cut(&plan, &network);
    assert_true(tp_plan_write(&plan, &network, false, stream));
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, "plan        2 of 3 threads take part in steps; an evaluation's blocks have 48 rows\n"
                              "plan        thread 0: pack, rows 0-31\n"
                              "plan        thread 0: forward layer 1, units 0-31, rows 0-31\n"
                              "plan        thread 0: barrier\n"
                              "plan        thread 0: forward layer 2, units 0-9, rows 0-15\n"
                              "plan        thread 0: loss, rows 0-15\n"
                              "plan        thread 0: backward layer 2, units 0-9, rows 0-15, inputs 0-63\n"
                              "plan        thread 0: prefetch, rows 0-31\n"
                              "plan        thread 0: barrier\n"
                              "plan        thread 0: report, rows 0-31\n"
                              "plan        thread 0: update layer 1, units 0-31, inputs 0-783, bias\n"
                              "plan        thread 0: update layer 2, units 0-9, inputs 0-31\n"
                              "plan        thread 0: barrier\n"
                              "plan        thread 1: pack, rows 0-31\n"
                              "plan        thread 1: forward layer 1, units 32-63, rows 0-31\n"
                              "plan        thread 1: barrier\n"
                              "plan        thread 1: forward layer 2, units 0-9, rows 16-31\n"
                              "plan        thread 1: loss, rows 16-31\n"
                              "plan        thread 1: backward layer 2, units 0-9, rows 16-31, inputs 0-63\n"
                              "plan        thread 1: prefetch, rows 0-31\n"
                              "plan        thread 1: barrier\n"
                              "plan        thread 1: update layer 1, units 32-63, inputs 0-783, bias\n"
                              "plan        thread 1: update layer 2, units 0-9, inputs 32-63\n"
                              "plan        thread 1: barrier\n");
    free(text);
    tp_network_free(&network);
}

/* Layers of slices that differ are updated by inputs, others by units; no layer
 * has slices that nobody owns. */
static void test_splits_of_shapes(void **state)
{
    (void)state;
    static const struct {
        size_t units, members, slices;
    } known[] = {{64, 2, 2}, {46, 2, 1}, {16, 2, 1}, {32, 2, 2}, {80, 4, 1}, {64, 1, 1}, {64, 16, 4}, {400, 2, 2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct tp_network network = shape(784, known[i].units, 10, known[i].members);
        struct tp_plan plan = tp_plan_make(&network, known[i].members, known[i].members, 32);
        assert_int_equal(plan.slices[0], known[i].slices);
        tp_plan_cut(&plan, &network);
        assert_int_equal(network.layers[0].slice_count, known[i].slices);
        tp_network_free(&network);
    }
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

static struct tp_plan tune(size_t members, double seconds, size_t steps, struct tp_autotune_result *found)
{
    struct tp_dataset train = samples(0, SAMPLES);
    struct tp_network network = shape(FEATURES, 46, CLASSES, members);
    struct tp_normalization normalization = {0};
    const struct tp_cpus unbound = {0};
    struct tp_error error = {""};
    honest = tp_tier_find("reference");
    struct tp_tier tier = *honest;
    tier.forward = forward_slowly;
    assert_int_equal(tp_normalization_fit(&normalization, TILEPROP_NORMALIZE_GLOBAL, &train, &error), TILEPROP_OK);
    const struct tp_autotune autotune = {.tier = &tier,
                                         .network = &network,
                                         .train = &train,
                                         .normalization = &normalization,
                                         .optimizer = TILEPROP_MOMENTUM,
                                         .binding = &unbound,
                                         .members = members,
                                         .batch = BATCH,
                                         .steps = steps,
                                         .seconds = seconds};
    if (tp_autotune_plan(&autotune, found, &error))
        fail_msg("%s", error.text);
    assert_int_equal(found->plan.members, members);
    assert_int_equal(found->plan.batch, BATCH);
    assert_in_range(found->plan.step_members, 1, members);
    tp_normalization_free(&normalization);
    tp_network_free(&network);
    return found->plan;
}

static void test_the_faster_plan_is_chosen(void **state)
{
    (void)state;
    struct tp_autotune_result found;
    slow_least = BATCH;
    slow_most = BATCH;
    assert_true(tune(2, 1000, 1000, &found).step_members == 2);
    slow_least = 1;
    slow_most = BATCH - 1;
    assert_true(tune(2, 1000, 1000, &found).step_members == 1);
    assert_int_equal(found.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found.candidates[i].threads, i + 1);
        assert_true(found.candidates[i].measured > 0);
    }
    slow_least = 14; /* of 40 rows 2 and 3 members have as many or more; 4 have 10 */
    slow_most = BATCH;
    assert_true(tune(4, 1000, 1000, &found).step_members == 4);
    assert_int_equal(found.count, 3);
}

/* A run that is over at once is not worth any timing, nor a second thread. */
static void test_short_runs_take_one_thread(void **state)
{
    (void)state;
    struct tp_autotune_result found;
    slow_least = 1;
    slow_most = 0;
    assert_int_equal(tune(2, 0, 1, &found).step_members, 1);
    assert_int_equal(found.count, 2);
    assert_true(found.candidates[0].measured == 0 && found.candidates[1].measured == 0);
    assert_int_equal(tune(1, 1000, 1000, &found).step_members, 1); /* nothing to choose */
    assert_int_equal(found.count, 1);
}

/* Nor is one step that takes longer than any timing may: it has work for all. */
static void test_large_steps_take_all_threads(void **state)
{
    (void)state;
    struct tp_dataset train = samples(0, SAMPLES);
    struct tp_network network = shape(FEATURES, 100000, CLASSES, 4);
    const struct tp_autotune autotune = {
        .tier = tp_tier_find("auto"), .network = &network, .train = &train, .members = 4, .batch = SAMPLES, .steps = 1};
    struct tp_autotune_result found;
    struct tp_error error = {""};
    assert_int_equal(tp_autotune_plan(&autotune, &found, &error), TILEPROP_OK);
    assert_int_equal(found.plan.step_members, 4);
    assert_int_equal(found.count, 3);
    assert_true(found.candidates[0].measured == 0);
    tp_network_free(&network);
}

/*
 * Every way to divide the work, with members that evaluate only, gives the weights of one thread. Layers 2
 * and 3 are so large that by units they are by inputs in backward. ThreadSanitizer does not see accesses of
 * 32 bytes and more, so the reference tier runs too, first.
 */
static void test_no_plan_changes_a_bit(void **state)
{
    static const struct {
        bool by_units, by_inputs;
    } ways[] = {{false, false}, {false, true}, {true, false}};
    (void)state;
    tileprop_options options = options_small();
    options.hidden[0] = 160;
    options.hidden[1] = 144;
    options.hidden[2] = 130;
    options.hidden_count = 3;
    options.threads_exact = 1;
    assert_true(tp_plan_inputs_pay(true, 160, 144) && tp_plan_inputs_pay(true, 144, 130) &&
                !tp_plan_inputs_pay(true, 130, 10));
    const tileprop_result alone = run_alone(&options);
    for (size_t steps = 1; steps <= 3; steps++) {
        for (size_t i = 0; i < 18; i++) {
            const size_t way[] = {(i + i / 3) % 3, i / 3 % 3, i % 3, i % 2};
            struct tp_plan plan = {
                .members = 3, .step_members = steps, .batch = options.batch, .evaluation_rows = 1 + i};
            options.isa = i < 9 ? "reference" : "auto";
            for (size_t l = 0; l < 4; l++) {
                plan.by_units[l] = ways[way[l]].by_units;
                plan.slices[l] = ways[way[l]].by_inputs || l == 3 ? 1 : steps;
            }
            tileprop_run run;
            const tileprop_result result = run_planned(&options, &plan, &run);
            assert_true(result.weights_hash == alone.weights_hash);
            assert_true(result.validation_loss == alone.validation_loss);
            assert_int_equal(result.threads, 3);
            assert_int_equal(result.threads_worked, steps);
            assert_int_equal(run.threads, 3);
            assert_int_equal(run.threads_of_steps, steps);
        }
    }
}

#define LAYERS 2

/* What a profile adds up to; its cells are of layers that have the verb. */
static double profile_sum(const tileprop_time *times)
{
    double sum = 0;
    for (size_t v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < LAYERS; l++) {
            const tileprop_time *time = &times[v * LAYERS + l];
            const bool worked = (v == TILEPROP_PACK && l == 0) || v == TILEPROP_FORWARD || v == TILEPROP_UPDATE ||
                                ((v == TILEPROP_LOSS || v == TILEPROP_BACKWARD) && l == 1);
            assert_int_equal(time->seconds > 0, worked);
            assert_true(time->longest >= time->seconds);
            sum += time->seconds + time->waited;
        }
    }
    assert_true(times[TILEPROP_BACKWARD * LAYERS + 1].waited > 0);
    assert_true(times[TILEPROP_UPDATE * LAYERS + 1].waited > 0);
    return sum;
}

/* The share of a run's training time that its profile accounts for. */
static double profiled_share(const tileprop_options *options)
{
    tileprop_time times[TILEPROP_VERBS * LAYERS];
    const tileprop_run_options wishes = {.size = sizeof wishes, .times = times};
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    const struct tp_training training = {
        .options = options, .run = &wishes, .train = &train, .validation = &validation};
    tileprop_result result;
    struct tp_error error;
    if (tp_train(&training, &result, &error))
        fail_msg("%s", error.text);
    return profile_sum(times) / result.seconds_training;
}

/*
 * Where the time went is known when it was asked for. Of one thread it lies within the time of training. Of
 * two, one may wait in its step for the other that has not begun it, for as long as that one's CPU runs
 * something else; so one run of several has to be without.
 */
static void test_profile(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    double least = INFINITY;
    for (int i = 0; i < 50 && least > 1.5; i++)
        least = fmin(least, profiled_share(&options));
    assert_true(least <= 1.5);
    options.threads_exact = 1;
    assert_true(profiled_share(&options) <= 1 + 1e-9); /* of rounding */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_fit_together),         cmocka_unit_test(test_text),
        cmocka_unit_test(test_splits_of_shapes),           cmocka_unit_test(test_the_faster_plan_is_chosen),
        cmocka_unit_test(test_short_runs_take_one_thread), cmocka_unit_test(test_large_steps_take_all_threads),
        cmocka_unit_test(test_no_plan_changes_a_bit),      cmocka_unit_test(test_profile),
    };
    return cmocka_run_group_tests(tests, make_samples, NULL);
}
