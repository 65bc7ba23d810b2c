/*
 * The gradient check: correct code passes, and code with a planted error fails, wherever the error is.
 */
#include "tests/training.h"
#include "verify/gradient_check.h"

static struct tp_normalization normalization;
static struct tp_dataset train;
static float sample_weights[SAMPLES]; /* 0, 0.7, 1.4, 2.1, ... */

/* Every other feature has enough zeros to be split. */
static int prepare(void **state)
{
    make_samples(state);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t f = 0; f < FEATURES; f += 2)
            bytes[i][f] = bytes[i][f] < 90 ? 0 : bytes[i][f];
    for (size_t i = 0; i < SAMPLES; i++)
        sample_weights[i] = 0.7F * (float)(i % 4);
    train = samples(0, SAMPLES);
    return tp_normalization_fit(&normalization, TILEPROP_NORMALIZE_FEATURE, &train, NULL) != TILEPROP_OK ||
           normalization.split[0] != 1 || normalization.split[1] != 0;
}

static int clean_up(void **state)
{
    (void)state;
    tp_normalization_free(&normalization);
    return 0;
}

/* Two hidden layers, one of them narrower than a panel and one wider than two. */
static tileprop_options make_options(tileprop_activation activation)
{
    tileprop_options options = options_default();
    options.hidden[0] = 5;
    options.hidden[1] = 33;
    options.hidden_count = 2;
    options.activation = activation;
    options.init = TILEPROP_INIT_UNIFORM;
    return options;
}

static struct tp_reference_f64 make_reference(const tileprop_options *options)
{
    struct tp_reference_f64 reference;
    struct tp_error error;
    if (tp_f64_make(&reference, options, &train, &normalization, TILEPROP_CHECK_SAMPLES, &error))
        fail_msg("%s", error.text);
    return reference;
}

/* The layers of the last two results. */
static tileprop_layer_gradients *next_layers(void)
{
    static tileprop_layer_gradients layers[2][TILEPROP_HIDDEN_MAX + 1];
    static int calls;
    return memset(layers[calls++ % 2], 0, sizeof layers[0]);
}

static tileprop_gradients measure(struct tp_reference_f64 *reference, size_t threads)
{
    tileprop_gradients found = {.layers = next_layers()};
    struct tp_error error;
    if (tp_finite_differences_measure(reference, threads, NULL, NULL, &found, &error))
        fail_msg("%s", error.text);
    assert_false(found.stopped);
    return found;
}

static void check_right(const tileprop_options *options)
{
    struct tp_reference_f64 reference = make_reference(options);
    const tileprop_gradients differences = measure(&reference, 2);
    tp_f64_free(&reference);
    assert_int_equal(differences.layer_count, options->hidden_count + 1);
    for (size_t l = 0; l < differences.layer_count; l++) {
        const tileprop_layer_gradients *layer = &differences.layers[l];
        if (!tp_gradient_check_passed(layer))
            fail_msg("activation %d, bias %d, layer %zu: off by %g of %g + %g, largest gradient %g",
                     (int)options->activation, (int)options->bias, l + 1, layer->difference, layer->truncation,
                     layer->rounding, layer->largest);
    }
}

static void test_right_gradients_pass(void **state)
{
    (void)state;
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int bias = TILEPROP_BIAS_INPUT; bias <= TILEPROP_BIAS_NONE; bias++) {
            tileprop_options options = make_options((tileprop_activation)activation);
            options.bias = (int)bias;
            train.sample_weights = bias == TILEPROP_BIAS_ALL ? sample_weights : NULL;
            for (options.hidden_count = 0; options.hidden_count <= 2; options.hidden_count++)
                check_right(&options);
        }
    }
    train.sample_weights = NULL;
}

static void test_every_wrong_activation_is_caught_in_double(void **state)
{
    (void)state;
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int derivative = 0; derivative < TP_ACTIVATION_COUNT; derivative++) {
            const tileprop_options options = make_options((tileprop_activation)activation);
            struct tp_reference_f64 reference = make_reference(&options);
            reference.activation.derivative = tp_f64_activations[derivative].derivative;
            const tileprop_gradients differences = measure(&reference, 1);
            assert_int_equal(differences.layers_right, derivative == activation);
            assert_true(differences.layers[2].right); /* no f' is in its gradients */
            tp_f64_free(&reference);
        }
    }
}

static double slightly_wrong_derivative(double a)
{
    return 1.00001 * a * (1 - a);
}

static void test_a_slight_error_is_caught_in_double(void **state)
{
    (void)state;
    const tileprop_options options = make_options(TILEPROP_SIGMOID);
    struct tp_reference_f64 reference = make_reference(&options);
    reference.activation.derivative = slightly_wrong_derivative;
    const tileprop_gradients differences = measure(&reference, 1);
    assert_false(differences.layers[0].right);
    tp_f64_free(&reference);
}

#define RATE 64.0 /* so large that rounding of the weights is small relative to their step */

/* Runs one step of sgd and compares the change of each weight with the gradient in double. */
static void check_step(const tileprop_options *options, const struct tp_reference_f64 *reference)
{
    const tileprop_data data = {.size = sizeof data,
                                .samples = bytes,
                                .type = TILEPROP_U8,
                                .labels = labels,
                                .label_type = TILEPROP_U16,
                                .rows = SAMPLES,
                                .features = FEATURES,
                                .classes = CLASSES,
                                .sample_weights = train.sample_weights};
    tileprop_model *model;
    char message[256];
    if (tileprop_train(options, &data, &data, &model, NULL, NULL, message, sizeof message))
        fail_msg("%s", message);
    for (size_t l = 0; l < reference->layer_count; l++) {
        const struct tp_f64_layer *layer = &reference->layers[l];
        const size_t rows = layer->rows, units = layer->units;
        const float *bias, *weights = tileprop_model_weights(model, l, &bias);
        double largest = 0, apart = 0;
        assert_int_equal(rows > layer->inputs, bias != NULL);
        for (size_t i = 0; i < rows; i++) {
            for (size_t u = 0; u < units; u++) {
                const double gradient = layer->gradient[i * units + u];
                const double w = (double)(i < layer->inputs ? weights[u * layer->inputs + i] : bias[u]);
                largest = fmax(largest, fabs(gradient));
                apart = fmax(apart, fabs((layer->w[i * units + u] - w) / RATE - gradient));
            }
        }
        if (!(apart <= 1e-3 * largest))
            fail_msg("%s, activation %d, bias %d: layer %zu off by %g, largest gradient %g", options->isa,
                     (int)options->activation, options->bias, l + 1, apart, largest);
    }
    tileprop_model_free(model);
}

static void test_a_step_moves_every_weight_by_its_gradient(void **state)
{
    (void)state;
    const char *isa;
    int runs;
    for (int activation = TILEPROP_SIGMOID; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int bias = TILEPROP_BIAS_INPUT; bias <= TILEPROP_BIAS_NONE; bias++) {
            tileprop_options given = make_options((tileprop_activation)activation);
            struct tp_reference_f64 reference;
            given.bias = (int)bias;
            train.sample_weights = bias == TILEPROP_BIAS_ALL ? sample_weights : NULL;
            assert_int_equal(tp_f64_make(&reference, &given, &train, &normalization, SAMPLES, NULL), TILEPROP_OK);
            tp_f64_propagate(&reference);
            tileprop_options options;
            tileprop_options_init(&options, sizeof options);
            memcpy(options.hidden, given.hidden, sizeof options.hidden);
            options.hidden_count = given.hidden_count;
            options.activation = given.activation;
            options.init = given.init;
            options.bias = bias;
            options.seed = given.seed;
            options.normalize = TILEPROP_NORMALIZE_FEATURE;
            options.optimizer = TILEPROP_SGD;
            options.learning_rate = RATE;
            options.batch = SAMPLES;
            options.epochs = options.threads = 1;
            for (size_t i = 0; (isa = tileprop_isa(i, &runs)); i++) {
                options.isa = isa;
                if (runs)
                    check_step(&options, &reference);
            }
            tp_f64_free(&reference);
        }
    }
    train.sample_weights = NULL;
}

/* What is at a kink has no derivative there, so it is skipped, counted, and no reason to fail. */
static void test_a_weight_at_a_kink_is_skipped(void **state)
{
    (void)state;
    const tileprop_options options = make_options(TILEPROP_RELU);
    struct tp_reference_f64 reference = make_reference(&options);
    const struct tp_f64_layer *first = &reference.layers[0];
    const tileprop_gradients before = measure(&reference, 1);
    first->w[first->inputs * first->units] -= first->z[0] - TILEPROP_CHECK_STEP / 4;
    const tileprop_gradients after = measure(&reference, 1);
    assert_in_range(after.layers[0].skipped, before.layers[0].skipped + 1, before.layers[0].skipped + FEATURES + 1);
    assert_true(after.layers[0].course_skipped >= after.layers[0].skipped);
    assert_true(after.layers_right);

    reference.activation.kink = false; /* then the jump of f' is no small error */
    const tileprop_gradients blind = measure(&reference, 1);
    assert_false(blind.layers[0].right);
    tp_f64_free(&reference);
}

/* Weights of this size make a deep network's loss so curved that the usual step is useless. */
static void test_a_step_is_shortened_where_the_loss_is_curved(void **state)
{
    (void)state;
    tileprop_options options = make_options(TILEPROP_LECUN_TANH);
    for (options.hidden_count = 0; options.hidden_count < 6; options.hidden_count++)
        options.hidden[options.hidden_count] = 20;
    struct tp_reference_f64 reference = make_reference(&options);
    for (size_t l = 0; l < reference.layer_count; l++)
        for (size_t w = 0; w < reference.layers[l].inputs * reference.layers[l].units; w++)
            reference.layers[l].w[w] *= 4;
    const tileprop_gradients differences = measure(&reference, 2);
    assert_true(differences.layers_right);
    assert_true(differences.layers[0].step < TILEPROP_CHECK_STEP);
    assert_true(differences.layers[6].step == TILEPROP_CHECK_STEP);
    reference.activation.derivative = tp_f64_activations[TILEPROP_TANH].derivative;
    const tileprop_gradients wrong = measure(&reference, 2);
    assert_false(wrong.layers[0].right);
    tp_f64_free(&reference);
}

static void test_a_bound_that_is_too_wide_does_not_pass(void **state)
{
    (void)state;
    tileprop_layer_gradients layer = {
        .weights = 10, .largest = 1, .difference = 1e-6, .truncation = 1e-6, .rounding = 1e-7};
    assert_true(tp_gradient_check_passed(&layer));
    layer.truncation = 2e-3;
    assert_false(tp_gradient_check_passed(&layer));
    layer.truncation = 1e-6;
    layer.skipped = 10;
    assert_false(tp_gradient_check_passed(&layer));
    layer.skipped = 0;
    layer.difference = NAN;
    assert_false(tp_gradient_check_passed(&layer));
}

static void test_threads_change_nothing(void **state)
{
    (void)state;
    const tileprop_options options = make_options(TILEPROP_LECUN_TANH);
    struct tp_reference_f64 reference = make_reference(&options);
    const tileprop_gradients alone = measure(&reference, 1);
    for (size_t threads = 2; threads <= 7; threads += 5) {
        const tileprop_gradients together = measure(&reference, threads);
        for (size_t l = 0; l < alone.layer_count; l++)
            assert_memory_equal(&alone.layers[l], &together.layers[l],
                                offsetof(tileprop_layer_gradients, right)); /* padding is behind it */
    }
    tp_f64_free(&reference);
}

static int stop_at_once(void *context, double share)
{
    (void)share;
    ++*(int *)context;
    return 1;
}

static void test_the_check_can_be_stopped(void **state)
{
    (void)state;
    const tileprop_options options = make_options(TILEPROP_SIGMOID);
    struct tp_reference_f64 reference = make_reference(&options);
    tileprop_gradients found = {.layers = next_layers()};
    struct tp_error error;
    int calls = 0;
    assert_int_equal(tp_finite_differences_measure(&reference, 1, stop_at_once, &calls, &found, &error), TILEPROP_OK);
    assert_true(found.stopped);
    assert_int_equal(found.layer_count, 0);
    assert_int_equal(calls, 1);
    tp_f64_free(&reference);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_gradients_pass),
        cmocka_unit_test(test_every_wrong_activation_is_caught_in_double),
        cmocka_unit_test(test_a_slight_error_is_caught_in_double),
        cmocka_unit_test(test_a_step_moves_every_weight_by_its_gradient),
        cmocka_unit_test(test_a_weight_at_a_kink_is_skipped),
        cmocka_unit_test(test_a_step_is_shortened_where_the_loss_is_curved),
        cmocka_unit_test(test_a_bound_that_is_too_wide_does_not_pass),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_the_check_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
