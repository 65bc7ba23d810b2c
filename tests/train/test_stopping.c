/* Why a run of the trainer ends, what it has done by then, and what it reports as its best. */
#include <stdio.h>

#include "data/choices.h"
#include "tests/training.h"

/* The best that the observer saw, the final evaluation included, is the one
 * reported; the first among equals. */
static void check_best(const struct record *r, const tileprop_result *result)
{
    double best = INFINITY, accuracy = 0;
    size_t step = 0;
    for (size_t e = 0; e < r->evaluations; e++) {
        const tileprop_progress *score = &r->evaluation[e];
        assert_int_equal(r->evaluation[e].best, score->validation_loss < best);
        if (score->validation_loss < best) {
            best = score->validation_loss;
            accuracy = score->validation_accuracy;
            step = r->evaluation[e].step;
        }
    }
    if (result->validation_loss < best) {
        best = result->validation_loss;
        accuracy = result->validation_accuracy;
        step = result->steps - 1;
    }
    assert_true(result->best_validation_loss == best);
    assert_true(result->best_validation_accuracy == accuracy);
    assert_int_equal(result->best_step, step);
}

static void test_best_of_all_evaluations(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), sets[] = {validation_samples(), misleading_samples()};
    static struct record r;
    options.epochs = 3;
    for (size_t i = 0; i < 2; i++) {
        tileprop_result result = run(&options, &train, &sets[i], &r);
        check_best(&r, &result);
        /* The first set's best weights are the last, seen only by the final evaluation. */
        if (i == 0)
            assert_int_equal(result.best_step, result.steps - 1);
        else
            assert_true(result.best_step < result.steps - 1);
    }
    options.learning_rate = STANDSTILL;
    tileprop_result result = run(&options, &train, &sets[0], &r);
    assert_int_equal(result.best_step, 0);
    check_best(&r, &result);
}

/* Stops at the first run of `patience` evaluations that are no better, counted in evaluations. */
static void check_early_stop(const struct record *r, size_t patience)
{
    size_t since_best = 0;
    for (size_t e = 0; e < r->evaluations; e++) {
        assert_true(since_best < patience);
        since_best = r->evaluation[e].best ? 0 : since_best + 1;
    }
    assert_int_equal(since_best, patience);
}

static void test_early_stop(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), misleading = misleading_samples();
    static struct record r;
    options.epochs = 20;
    for (size_t patience = 1; patience <= 7; patience++) {
        options.early_stop = patience;
        tileprop_result result = run(&options, &train, &misleading, &r);
        assert_int_equal(result.stopped_by, TILEPROP_STOP_EARLY);
        assert_int_equal(result.steps, r.evaluation[r.evaluations - 1].step + 1);
        assert_int_equal(result.epochs, result.steps / 12);
        check_early_stop(&r, patience);
        check_best(&r, &result);
    }
    options.early_stop = 0;
    assert_int_equal(run(&options, &train, &misleading, &r).stopped_by, TILEPROP_STOP_EPOCHS);
    assert_int_equal(r.evaluations, 100);
}

/* A better loss starts the count anew: this run, too fast to settle, stumbles and recovers many times. */
static void test_early_stop_counts_anew(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r;
    options.hidden_count = 0;
    options.optimizer = TILEPROP_SGD;
    options.learning_rate = 0.8;
    options.batch = 1;
    options.epochs = 8;
    options.evals_per_epoch = SAMPLES;
    options.early_stop = 4;
    tileprop_result result = run(&options, &train, &validation, &r);
    assert_int_equal(result.stopped_by, TILEPROP_STOP_EARLY);
    check_early_stop(&r, 4);
    check_best(&r, &result);
    size_t recoveries = 0;
    for (size_t e = 2; e < r.evaluations; e++)
        recoveries += r.evaluation[e].best && !r.evaluation[e - 1].best && !r.evaluation[e - 2].best;
    assert_true(recoveries > 0);
}

static void test_stop_at_a_score(void **state)
{
    (void)state;
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    for (int by_loss = 0; by_loss < 2; by_loss++) {
        tileprop_options options = options_small();
        static struct record r;
        options.epochs = 20;
        options.stop_at_accuracy = by_loss ? 0 : 0.95;
        options.stop_at_loss = by_loss ? 0.3 : 0;
        tileprop_result result = run(&options, &train, &validation, &r);
        assert_int_equal(result.stopped_by, by_loss ? TILEPROP_STOP_LOSS : TILEPROP_STOP_ACCURACY);
        assert_true(r.evaluations > 1);
        for (size_t e = 0; e < r.evaluations; e++) {
            const tileprop_progress *score = &r.evaluation[e];
            bool reached = by_loss ? score->validation_loss <= 0.3 : score->validation_accuracy >= 0.95;
            assert_int_equal(reached, e == r.evaluations - 1);
        }
        assert_int_equal(result.steps, r.evaluation[r.evaluations - 1].step + 1);
        check_best(&r, &result);
    }
}

static void test_exact_score_is_reached(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r;
    run(&options, &train, &validation, &r);
    size_t last = r.evaluations - 1, step = r.evaluation[last].step;
    assert_true(r.evaluation[last].best);
    options.stop_at_loss = r.evaluation[last].validation_loss;
    assert_int_equal(run(&options, &train, &validation, &r).steps, step + 1);
    assert_int_equal(r.evaluations, last + 1);
}

static void test_stop_in_time(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r;
    options.max_seconds = 1e-9;
    tileprop_result result = run(&options, &train, &validation, &r);
    assert_int_equal(result.stopped_by, TILEPROP_STOP_TIME);
    assert_int_equal(result.steps, 1);
    assert_int_equal(result.epochs, 0);
    assert_int_equal(r.evaluations, 1); /* the one that follows the first step */
    check_best(&r, &result);

    options.max_seconds = 1e9;
    assert_int_equal(run(&options, &train, &validation, &r).stopped_by, TILEPROP_STOP_EPOCHS);
}

static void test_interrupted(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r, whole;
    options.evals_per_epoch = 12; /* after each step */
    run(&options, &train, &validation, &whole);
    for (size_t after = 1; after <= 24; after++) {
        r.interrupt_after = after;
        tileprop_result result = run(&options, &train, &validation, &r);
        assert_int_equal(result.stopped_by, TILEPROP_STOP_PROGRESS);
        assert_int_equal(result.steps, after);
        assert_int_equal(result.epochs, after / 12);
        assert_int_equal(r.evaluations, after - 1); /* not the one that was due */
        assert_memory_equal(r.loss, whole.loss, after * sizeof *r.loss);
        assert_true(isnan(result.train_loss) && isnan(result.validation_loss) && isnan(result.test_loss));
        assert_true(after == 1 || result.best_validation_loss <= r.evaluation[0].validation_loss);
    }
}

static void test_stop_names(void **state)
{
    (void)state;
    static const char *const names[] = {[TILEPROP_STOP_EPOCHS] = "epochs",     [TILEPROP_STOP_EARLY] = "early-stop",
                                        [TILEPROP_STOP_ACCURACY] = "accuracy", [TILEPROP_STOP_LOSS] = "loss",
                                        [TILEPROP_STOP_TIME] = "time",         [TILEPROP_STOP_PROGRESS] = "signal",
                                        [TILEPROP_STOP_DIVERGED] = "diverged"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(tp_stop_name((tileprop_stop)i), names[i]);
}

/*
 * Trains, which must diverge in the loss `where` (of the batch, of the validation set), and checks message
 * and report. Returns the layer that the message names.
 */
static size_t check_divergence(const tileprop_options *options, const struct tp_dataset *train,
                               const struct tp_dataset *validation, const char *where)
{
    static struct record r;
    tileprop_result result;
    struct tp_error error;
    tileprop_status status = run_observed(options, train, validation, &r, &result, &error);
    check_failure(status, TILEPROP_DIVERGED, &error, where);
    size_t step, epoch, layer, layers, last = result.steps - 1;
    const char *place = strstr(error.text, "not finite at step ");
    assert_non_null(place);
    assert_int_equal(sscanf(place,
                            "not finite at step %zu (epoch %zu): the first layer with a value that is not finite "
                            "is layer %zu of %zu",
                            &step, &epoch, &layer, &layers),
                     4);
    assert_int_equal(step, last);
    assert_int_equal(epoch, 1 + last / r.run.steps_per_epoch);
    assert_int_equal(layers, options->hidden_count + 1);
    assert_in_range(layer, 1, layers);
    assert_int_equal(result.stopped_by, TILEPROP_STOP_DIVERGED);
    bool by_step = !strcmp(where, "of the batch");
    for (size_t s = 0; s < result.steps; s++)
        assert_int_equal(!isfinite(r.loss[s]), by_step && s == last);
    for (size_t e = 0; e < r.evaluations; e++)
        assert_int_equal(!isfinite(r.evaluation[e].validation_loss), !by_step && e == r.evaluations - 1);
    assert_true(!isfinite(result.validation_loss));
    return layer;
}

/* Activations that do not end let a layer outgrow the range of float soon. */
static void test_divergence(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    options.hidden_count = 3;
    options.hidden[1] = options.hidden[2] = 5;
    options.activation = TILEPROP_RELU;
    options.learning_rate = 1e6;
    check_divergence(&options, &train, &validation, "of the batch");
}

/* Where activations are bounded, only the outputs can overflow. */
static void test_divergence_of_the_outputs(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    options.activation = TILEPROP_TANH;
    options.learning_rate = 1e38;
    assert_int_equal(check_divergence(&options, &train, &validation, "of the batch"), 2);
}

/* The bad value comes with the last row of the epoch's last batch, after good steps. */
static void test_divergence_by_a_sample(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = float_samples(0, 25), validation = validation_samples();
    options.normalize = TILEPROP_NORMALIZE_NONE;
    options.learning_rate = 1e-4;
    options.shuffle = options.drop_last = false;
    float kept = floats[24][3];
    floats[24][3] = NAN;
    assert_int_equal(check_divergence(&options, &train, &validation, "of the batch"), 1);
    floats[24][3] = kept;
}

/* Good steps, and a validation set that no weights give a loss. */
static void test_divergence_of_an_evaluation(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = float_samples(SAMPLES, HELD_OUT);
    float kept = floats[SAMPLES + HELD_OUT - 1][3];
    floats[SAMPLES + HELD_OUT - 1][3] = NAN;
    assert_int_equal(check_divergence(&options, &train, &validation, "of the validation set"), 1);
    options.evals_per_epoch = 0; /* then the last evaluation finds it */
    assert_int_equal(check_divergence(&options, &train, &validation, "of the validation set"), 1);
    floats[SAMPLES + HELD_OUT - 1][3] = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_stop),
        cmocka_unit_test(test_early_stop_counts_anew),
        cmocka_unit_test(test_stop_at_a_score),
        cmocka_unit_test(test_exact_score_is_reached),
        cmocka_unit_test(test_stop_in_time),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_stop_names),
        cmocka_unit_test(test_best_of_all_evaluations),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_divergence_of_the_outputs),
        cmocka_unit_test(test_divergence_by_a_sample),
        cmocka_unit_test(test_divergence_of_an_evaluation),
    };
    return cmocka_run_group_tests(tests, make_samples, NULL);
}
