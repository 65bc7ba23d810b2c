/*
 * The trainer: which step uses which samples, when it evaluates, what it reports and refuses, and what the weights
 * depend on. test_stopping tests why it stops; test_weights trains on MNIST.
 */
#include <fenv.h>

#include "kernels/flush.h"
#include "system/cpus.h"
#include "tests/training.h"
#include "train/training_options.h"

static void test_evaluations_follow_the_schedule(void **state)
{
    (void)state;
    static const size_t steps_per_epoch[] = {1, 2, 3, 7, 10, 13, 30};
    static const size_t evaluations[] = {0, 1, 2, 3, 5, 7, 9, 10, 11, 31, 100};
    tileprop_options options = options_small();
    struct tp_dataset validation = validation_samples();
    options.batch = 4;
    for (size_t i = 0; i < sizeof steps_per_epoch / sizeof *steps_per_epoch; i++) {
        size_t n = steps_per_epoch[i];
        struct tp_dataset train = samples(0, 4 * n);
        for (size_t j = 0; j < sizeof evaluations / sizeof *evaluations; j++) {
            bool follows[30] = {false};
            for (size_t e = 0; e < evaluations[j]; e++)
                follows[e * n / evaluations[j]] = true;
            options.evals_per_epoch = evaluations[j];
            static struct record r;
            run(&options, &train, &validation, &r);
            assert_int_equal(r.steps, 2 * n);
            size_t seen = 0;
            for (size_t step = 0; step < 2 * n; step++) {
                if (!follows[step % n])
                    continue;
                assert_true(seen < r.evaluations);
                assert_int_equal(r.evaluation[seen].step, step);
                assert_int_equal(r.evaluation[seen].epoch, 1 + step / n);
                assert_int_equal(r.steps_before[seen], step + 1);
                seen++;
            }
            assert_int_equal(r.evaluations, seen);
        }
    }
}

static void test_steps_of_an_epoch(void **state)
{
    (void)state;
    static const struct {
        size_t samples, batch;
        bool drop_last;
        size_t steps;
    } known[] = {
        {25, 10, true, 2}, {25, 10, false, 3}, {30, 10, true, 3},  {30, 10, false, 3}, {10, 10, true, 1},
        {9, 10, false, 1}, {7, 1, true, 7},    {31, 10, false, 4}, {29, 10, true, 2},
    };
    struct tp_dataset validation = validation_samples();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tileprop_options options = options_small();
        struct tp_dataset train = samples(0, known[i].samples);
        static struct record r;
        options.batch = known[i].batch;
        options.drop_last = known[i].drop_last;
        options.epochs = 3;
        tileprop_result result = run(&options, &train, &validation, &r);
        assert_int_equal(r.run.steps_per_epoch, known[i].steps);
        assert_int_equal(r.run.steps_planned, 3 * known[i].steps);
        assert_int_equal(result.steps, 3 * known[i].steps);
        assert_int_equal(result.epochs, 3);
        assert_int_equal(result.stopped_by, TILEPROP_STOP_EPOCHS);
    }
}

/* Unshuffled steps take the samples in order: the mean loss of a step is that of
 * an evaluation of its rows. */
static void test_samples_in_order(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, 25);
    options.learning_rate = STANDSTILL;
    options.normalize = TILEPROP_NORMALIZE_UNIT;
    options.shuffle = options.drop_last = false;
    for (size_t s = 0; s < 3; s++) {
        struct tp_dataset rows = samples(10 * s, s < 2 ? 10 : 5); /* the last batch is not full */
        static struct record r;
        tileprop_result result = run(&options, &train, &rows, &r);
        assert_int_equal(r.steps, 6);
        assert_true(r.loss[s] == result.validation_loss);
        assert_true(r.loss[3 + s] == result.validation_loss);
    }
}

/* With batch 1 and weights that stand still, a loss tells the sample. */
static void test_samples_in_the_order_of_the_seed(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, 50), validation = validation_samples();
    static struct record ordered, shuffled;
    options.learning_rate = STANDSTILL;
    options.batch = 1;
    options.seed = 77;
    options.shuffle = false;
    run(&options, &train, &validation, &ordered);
    options.shuffle = true;
    run(&options, &train, &validation, &shuffled);
    uint32_t order[50];
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        tp_random_permutation(77, TP_RANDOM_SHUFFLE, epoch, 50, order);
        for (size_t s = 0; s < 50; s++)
            assert_true(shuffled.loss[50 * epoch + s] == ordered.loss[order[s]]);
    }
}

/*
 * A gradient is the mean over the rows that the batch really has: five rows move the weights as the same five
 * twice do, but for rounding.
 */
static void test_mean_gradient_of_a_partial_batch(void **state)
{
    (void)state;
    static uint8_t twice[20][FEATURES];
    static uint16_t twice_labels[20];
    for (size_t i = 0; i < 20; i++) {
        size_t from = i < 15 ? i : i - 5;
        memcpy(twice[i], bytes[from], FEATURES);
        twice_labels[i] = labels[from];
    }
    tileprop_options options = options_small();
    struct tp_dataset partial = samples(0, 15), whole = samples(0, 20), validation = validation_samples();
    whole.samples = twice;
    whole.labels = twice_labels;
    options.normalize = TILEPROP_NORMALIZE_UNIT;
    options.optimizer = TILEPROP_SGD;
    options.shuffle = options.drop_last = false;
    options.epochs = 1;
    static struct record r;
    double of_partial = run(&options, &partial, &validation, &r).validation_loss;
    double of_whole = run(&options, &whole, &validation, &r).validation_loss;
    double before_last = r.evaluation[0].validation_loss;
    assert_true(fabs(of_partial - of_whole) < 1e-6);
    assert_true(fabs(before_last - of_whole) > 1e-3); /* else the last step shows nothing */
}

static void test_training_set_is_evaluated_on_request(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES);
    static struct record r;
    uint64_t hash = run(&options, &train, &train, &r).weights_hash;
    assert_int_equal(r.evaluations, 10);
    for (size_t e = 0; e < r.evaluations; e++)
        assert_false(r.evaluation[e].train_evaluated);

    options.eval_train = true;
    tileprop_result result = run(&options, &train, &train, &r);
    assert_int_equal(r.evaluations, 10);
    for (size_t e = 0; e < r.evaluations; e++) {
        assert_true(r.evaluation[e].train_evaluated);
        assert_true(r.evaluation[e].train_accuracy == r.evaluation[e].validation_accuracy);
    }
    assert_true(result.train_loss == result.validation_loss);
    assert_true(result.weights_hash == hash);
}

static void test_run_is_described(void **state)
{
    (void)state;
    static const double rates[TP_OPTIMIZER_COUNT] = {[TILEPROP_SGD] = 0.1,
                                                     [TILEPROP_MOMENTUM] = 0.02,
                                                     [TILEPROP_LECUN_MOMENTUM] = 0.02,
                                                     [TILEPROP_NESTEROV] = 0.02,
                                                     [TILEPROP_ADAM] = 0.001};
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r;
    for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
        tileprop_options options = options_small();
        options.optimizer = (tileprop_optimizer)rule;
        options.activation = rule % 2 ? TILEPROP_RELU : TILEPROP_TANH;
        run(&options, &train, &validation, &r);
        assert_true(r.run.learning_rate == rates[rule]);
        options.learning_rate = 0.01;
        options.init = TILEPROP_INIT_UNIFORM;
        run(&options, &train, &validation, &r);
        assert_true(r.run.learning_rate == 0.01);
        assert_int_equal(r.run.inputs, FEATURES);
        assert_int_equal(r.run.classes, CLASSES);
        assert_int_equal(r.run.layers, 2);
        assert_int_equal(r.run.parameters, (FEATURES + 1) * 17 + 17 * CLASSES);
        assert_true(r.run.flops_per_step == 2 * 10 * (2 * (FEATURES + 1) * 17 + 3 * 17 * CLASSES));
        assert_string_equal(r.run.isa, tp_tier_find("auto")->name);
    }
}

/* Initial weights, rates and everything else that the data determine. */
static void test_options_are_resolved(void **state)
{
    (void)state;
    for (int activation = TILEPROP_SIGMOID; activation <= TILEPROP_RELU; activation++) {
        tileprop_options options = options_small();
        options.activation = (tileprop_activation)activation;
        tp_options_resolve(&options, TILEPROP_U8, SAMPLES);
        assert_int_equal(options.init, activation == TILEPROP_RELU ? TILEPROP_INIT_HE : TILEPROP_INIT_FAN_IN);
        options.init = TILEPROP_INIT_UNIFORM;
        tp_options_resolve(&options, TILEPROP_U8, SAMPLES);
        assert_int_equal(options.init, TILEPROP_INIT_UNIFORM);
    }
}

static void test_loss_falls_on_separable_data(void **state)
{
    (void)state;
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
        tileprop_options options = options_small();
        static struct record r;
        options.optimizer = (tileprop_optimizer)rule;
        options.learning_rate = rule == TILEPROP_ADAM ? 0.01 : 0;
        options.epochs = 10;
        tileprop_result result = run(&options, &train, &validation, &r);
        double first = 0, last = 0;
        for (size_t s = 0; s < 12; s++) {
            first += r.loss[s];
            last += r.loss[r.steps - 12 + s];
        }
        assert_true(last < first / 4);
        assert_true(result.validation_accuracy >= 0.9);
        assert_true(result.train_accuracy >= 0.95);
    }
}

static void check_refused(const tileprop_options *options, const struct tp_dataset *train,
                          const struct tp_dataset *validation, tileprop_status expected, const char *part)
{
    static struct record r;
    tileprop_result result;
    struct tp_error error;
    tileprop_status status = run_observed(options, train, validation, &r, &result, &error);
    check_failure(status, expected, &error, part);
    const struct tp_training unwatched = {.options = options, .train = train, .validation = validation};
    assert_int_equal(tp_train(&unwatched, &result, NULL), expected);
}

static void test_empty_sets_and_shapes(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples(), none = samples(0, 0);
    options.drop_last = false;
    check_refused(&options, &none, &validation, TILEPROP_BAD_INPUT, "expected at least 1 training sample");
    check_refused(&options, &train, &none, TILEPROP_BAD_INPUT, "expected at least 1 validation sample");
    options.hidden_count = 2;
    options.hidden[1] = 0;
    check_refused(&options, &train, &validation, TILEPROP_USAGE, "--hidden: layer 2: ... 1 unit, found 0");
    options.hidden_count = TILEPROP_HIDDEN_MAX + 1;
    check_refused(&options, &train, &validation, TILEPROP_USAGE, "--hidden: ... 64 layers, found 65");
    options = options_small();
    options.batch = 0;
    check_refused(&options, &train, &validation, TILEPROP_USAGE, "--batch: ... 1");
}

static void test_data_that_do_not_fit(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, 30), validation = validation_samples();

    validation.features = FEATURES - 1;
    check_refused(&options, &train, &validation, TILEPROP_BAD_INPUT, "validation samples of 20 values ... found 19");

    validation = validation_samples();
    validation.classes = CLASSES + 2;
    check_refused(&options, &train, &validation, TILEPROP_BAD_INPUT, "validation classes from 0 to 2 ... found 4");
    static uint16_t zeros[HELD_OUT]; /* fewer classes are no defect */
    static struct record r;
    validation.labels = zeros;
    validation.classes = 1;
    run(&options, &train, &validation, &r);
    assert_int_equal(r.run.classes, CLASSES);

    validation = validation_samples();
    options.batch = 31;
    check_refused(&options, &train, &validation, TILEPROP_USAGE, "--batch: 31 ... 30 training samples");
    options.drop_last = false;
    run(&options, &train, &validation, &r);
    assert_int_equal(r.run.steps_per_epoch, 1);

    options.isa = "mmx";
    check_refused(&options, &train, &validation, TILEPROP_USAGE, "--isa: ... no tier \"mmx\"");
}

static void test_hash_depends_only_on_seed_and_order(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    uint64_t hash = run_alone(&options).weights_hash;
    assert_true(run_alone(&options).weights_hash == hash);
    options.evals_per_epoch = 0;
    assert_true(run_alone(&options).weights_hash == hash);
    options.shuffle = false;
    assert_true(run_alone(&options).weights_hash != hash);
    options.shuffle = true;
    options.seed = 2;
    assert_true(run_alone(&options).weights_hash != hash);
}

/* A bigger network, another optimizer, one that diverges: nothing of them is left in the next run. */
static void test_runs_leave_nothing_behind(void **state)
{
    (void)state;
    tileprop_options options = options_small(), other = options_small();
    uint64_t hash = run_alone(&options).weights_hash;
    other.hidden[0] = 130;
    other.optimizer = TILEPROP_ADAM;
    other.threads_exact = 3;
    other.batch = 32;
    run_alone(&other);
    assert_true(run_alone(&options).weights_hash == hash);
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    other.activation = TILEPROP_RELU;
    other.hidden_count = 2;
    other.hidden[1] = 17;
    other.optimizer = TILEPROP_SGD;
    other.learning_rate = 1e15;
    const struct tp_training training = {.options = &other, .train = &train, .validation = &validation};
    tileprop_result result;
    assert_int_equal(tp_train(&training, &result, NULL), TILEPROP_DIVERGED);
    assert_true(run_alone(&options).weights_hash == hash);
}

/* A run inside another's callback has its own team, rules and weights. */
static void train_inside(void *context, const tileprop_run *outer)
{
    (void)outer;
    tileprop_options options = options_small();
    *(uint64_t *)context = run_alone(&options).weights_hash;
}

static void test_a_run_inside_another(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    uint64_t inner = 0;
    const tileprop_run_options wishes = {.size = sizeof wishes, .context = &inner, .started = train_inside};
    const struct tp_training training = {
        .options = &options, .run = &wishes, .train = &train, .validation = &validation};
    tileprop_result result;
    assert_int_equal(tp_train(&training, &result, NULL), TILEPROP_OK);
    assert_true(result.weights_hash == run_alone(&options).weights_hash);
    assert_true(inner == result.weights_hash);
}

static void test_types_of_samples_agree(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    struct tp_dataset u8[] = {samples(0, SAMPLES), validation_samples()};
    struct tp_dataset f32[] = {float_samples(0, SAMPLES), float_samples(SAMPLES, HELD_OUT)};
    static struct record r;
    options.normalize = TILEPROP_NORMALIZE_NONE;
    options.learning_rate = 1e-4;
    tileprop_result expected = run(&options, &u8[0], &u8[1], &r);
    for (int i = 1; i < 4; i++) { /* training and validation need not be of one type */
        tileprop_result found = run(&options, i & 1 ? &f32[0] : &u8[0], i & 2 ? &f32[1] : &u8[1], &r);
        assert_true(found.weights_hash == expected.weights_hash);
        assert_true(found.validation_loss == expected.validation_loss);
        assert_true(found.train_loss == expected.train_loss);
    }
}

static int keep_norm_and_loss(void *context, const tileprop_progress *progress)
{
    double *kept = context;
    if (progress->step == 0 && progress->evaluated)
        kept[0] = progress->gradient_norms ? progress->gradient_norms[0] : NAN;
    else if (progress->step == 0)
        kept[1] = progress->loss;
    return 0;
}

/*
 * Softmax regression on one sample x of two classes, no bias: dC/dW = x (yhat - y)^T with yhat - y = (p, -p),
 * p = 1 - exp(-loss), so its norm is |x| p sqrt(2). Few of its bits are lost: p is 1 - exp(-loss) in fp32.
 */
static void test_gradient_norm_of_one_sample(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    options.hidden_count = 0;
    options.bias = TILEPROP_BIAS_NONE;
    options.normalize = TILEPROP_NORMALIZE_UNIT;
    options.batch = 1;
    struct tp_dataset one = samples(0, 1);
    one.classes = 2;
    uint16_t label = 1;
    one.labels = &label;
    double squares = 0;
    for (size_t f = 0; f < FEATURES; f++)
        squares += bytes[0][f] / 255.0 * (bytes[0][f] / 255.0);
    for (int on = 0; on < 2; on++) {
        options.log_gradients = on;
        double kept[2] = {0}; /* norm, loss */
        options.progress = keep_norm_and_loss;
        options.context = kept;
        const struct tp_training training = {.options = &options, .train = &one, .validation = &one};
        tileprop_result result;
        assert_int_equal(tp_train(&training, &result, NULL), TILEPROP_OK);
        double expected = sqrt(2 * squares) * (1 - exp(-kept[1]));
        assert_true(on ? fabs(kept[0] - expected) < 1e-5 * expected : isnan(kept[0]));
    }
}

static void test_threads(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    uint64_t hash = run_alone(&options).weights_hash;
    size_t available = tp_cpus_available();
    struct tp_dataset train = samples(0, SAMPLES), validation = validation_samples();
    static struct record r;
    static const size_t ceilings[] = {0, 1, 2, 4096};
    options.threads_exact = 0;
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        options.threads = ceilings[i];
        tileprop_result result = run(&options, &train, &validation, &r);
        assert_in_range(result.threads, 1, available);
        assert_in_range(result.threads_worked, 1, result.threads);
        if (ceilings[i]) {
            assert_true(result.threads <= ceilings[i]);
            assert_int_equal(r.run.threads_most, ceilings[i]);
        }
        assert_true(result.weights_hash == hash);
    }
    options.threads = 1; /* has no effect with threads_exact */
    for (size_t exact = 1; exact <= 9; exact += 4) {
        options.threads_exact = exact;
        tileprop_result result = run(&options, &train, &validation, &r);
        assert_int_equal(r.run.threads_most, exact);
        assert_int_equal(result.threads, exact);
        assert_int_equal(result.threads_worked, exact);
        assert_true(result.weights_hash == hash);
    }
}

static uint64_t floating_point_control(void)
{
    uint64_t state = tp_flush_enter();
    tp_flush_leave(state);
    return state & ~UINT64_C(0x3F); /* without what x86 has noted of past operations: inexact, ... */
}

static void test_floating_point_state_of_the_caller(void **state)
{
    (void)state;
    tileprop_options options = options_small();
    uint64_t before = floating_point_control();
    uint64_t hash = run_alone(&options).weights_hash;
    assert_true(floating_point_control() == before);

    uint64_t saved = tp_flush_enter();
    before = floating_point_control();
    uint64_t hash_of_flushing_caller = run_alone(&options).weights_hash;
    uint64_t after = floating_point_control();
    tp_flush_leave(saved);
    assert_true(after == before);
    assert_true(hash_of_flushing_caller == hash);

    const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(fesetround(modes[i]), 0);
        uint64_t hash_of_rounding_caller = run_alone(&options).weights_hash;
        int mode = fegetround();
        fesetround(FE_TONEAREST);
        assert_int_equal(mode, modes[i]);
        assert_true(hash_of_rounding_caller == hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluations_follow_the_schedule),
        cmocka_unit_test(test_steps_of_an_epoch),
        cmocka_unit_test(test_samples_in_order),
        cmocka_unit_test(test_samples_in_the_order_of_the_seed),
        cmocka_unit_test(test_mean_gradient_of_a_partial_batch),
        cmocka_unit_test(test_training_set_is_evaluated_on_request),
        cmocka_unit_test(test_run_is_described),
        cmocka_unit_test(test_options_are_resolved),
        cmocka_unit_test(test_loss_falls_on_separable_data),
        cmocka_unit_test(test_empty_sets_and_shapes),
        cmocka_unit_test(test_data_that_do_not_fit),
        cmocka_unit_test(test_hash_depends_only_on_seed_and_order),
        cmocka_unit_test(test_runs_leave_nothing_behind),
        cmocka_unit_test(test_a_run_inside_another),
        cmocka_unit_test(test_types_of_samples_agree),
        cmocka_unit_test(test_gradient_norm_of_one_sample),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_floating_point_state_of_the_caller),
    };
    return cmocka_run_group_tests(tests, make_samples, NULL);
}
