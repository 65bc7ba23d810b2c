/*
 * Trained weights are a pure function of data, options and seed. Each configuration is trained on MNIST on every
 * available tier and on 1, 2, 3, 7 and 16 threads; the hash of the weights must equal the one recorded here, which
 * other CPUs and compilers also gave.
 */
#include <stdio.h>
#include <stdlib.h>

#include "readers/idx.h"
#include "tests/check.h"
#include "tests/options.h"
#include "train/trainer.h"

/* Hashes are of a long run and, for sanitizer builds and the reference tier, whose every FMA is a call, of a short one.
 */
#define STEPS      300
#define STEPS_SLOW 20

struct configuration {
    const char *name;
    void (*choose)(tileprop_options *);
    uint64_t hash, hash_slow; /* after STEPS and STEPS_SLOW steps */
};

static void course(tileprop_options *o)
{
    (void)o;
}

static void two_layers(tileprop_options *o)
{
    o->hidden_count = 2;
    o->hidden[1] = 64;
}

static void odd_sizes(tileprop_options *o)
{
    o->hidden_count = 3;
    o->hidden[0] = 37;
    o->hidden[1] = 1;
    o->hidden[2] = 50;
    o->batch = 13;
    o->bias = TILEPROP_BIAS_ALL;
}

static void one_sample(tileprop_options *o)
{
    o->batch = 1;
    o->learning_rate = 0.001;
}

static void partial_batch(tileprop_options *o)
{
    o->batch = 700;
    o->drop_last = false;
    o->shuffle = false;
}

static void regression(tileprop_options *o)
{
    o->hidden_count = 0;
    o->normalize = TILEPROP_NORMALIZE_FEATURE;
    o->learning_rate = 0.002;
}

static void sgd_sigmoid(tileprop_options *o)
{
    o->optimizer = TILEPROP_SGD;
    o->activation = TILEPROP_SIGMOID;
    o->init = TILEPROP_INIT_UNIFORM;
    o->bias = TILEPROP_BIAS_NONE;
}

static void lecun_momentum_tanh(tileprop_options *o)
{
    o->optimizer = TILEPROP_LECUN_MOMENTUM;
    o->activation = TILEPROP_TANH;
    o->weight_decay = 0.001;
}

static void nesterov_relu(tileprop_options *o)
{
    o->optimizer = TILEPROP_NESTEROV;
    o->activation = TILEPROP_RELU;
    o->bias = TILEPROP_BIAS_ALL;
    o->learning_rate = 0.005;
    o->normalize = TILEPROP_NORMALIZE_UNIT;
}

static void raw_inputs(tileprop_options *o)
{
    o->learning_rate = 0.0001;
    o->normalize = TILEPROP_NORMALIZE_NONE;
}

static void adam_relu(tileprop_options *o)
{
    o->optimizer = TILEPROP_ADAM;
    o->activation = TILEPROP_RELU;
    o->bias = TILEPROP_BIAS_ALL;
    o->weight_decay = 0.01;
    o->hidden[0] = 100;
    o->batch = 100;
}

/* Where there is no shift (unit inputs, inputs as they are), hashes are still those of numerics version 1. */
static const struct configuration configurations[] = {
    {"the course's network", course, 0x7c49921b3b4baf04, 0x792644d0d931edcc},
    {"two hidden layers", two_layers, 0x77b4022e6d133705, 0xf71600cfe6315e8d},
    {"odd sizes, bias all", odd_sizes, 0xb2b99aa74399e1cb, 0x7469426749b4c25c},
    {"batch 1", one_sample, 0xd12bbfcf575e6b79, 0x9e955ea46951755d},
    {"a last batch that is not full", partial_batch, 0x5f9dccf56a55ea6c, 0xe824ab8382171f59},
    {"softmax regression", regression, 0x75167c05288ec0a2, 0xd77b57b9f278467d},
    {"sgd, sigmoid, no bias", sgd_sigmoid, 0x8b955ccda5998900, 0x317675ccde77bbff},
    {"lecun-momentum, tanh, weight decay", lecun_momentum_tanh, 0x881859fe32a81b5e, 0xddd37b26531dbf26},
    {"nesterov, relu, unit inputs", nesterov_relu, 0x47ff07ab39be01fb, 0x3f652bdf7e601e95},
    {"inputs as they are", raw_inputs, 0x62219ed86600f4ee, 0x44a908a24235c71e},
    {"adam, relu, weight decay", adam_relu, 0x507b3c49fc303a8c, 0xcc71a9e975c31c52},
};

static const size_t thread_counts[] = {1, 2, 3, 7, 16};

static struct tp_dataset train, validation;

static int load(void **state)
{
    (void)state;
    const char *root = getenv("TP_DATA");
    char directory[4096];
    struct tp_error error;
    snprintf(directory, sizeof directory, "%s/mnist", root ? root : "data");
    if (tp_idx_load(directory, "train", &train, &error) || tp_idx_load(directory, "t10k", &validation, &error)) {
        print_error("%s\n", error.text);
        return -1;
    }
    train.count = 2000;
    validation.count = 500;
    return 0;
}

static int unload(void **state)
{
    (void)state;
    tp_dataset_free(&train);
    tp_dataset_free(&validation);
    return 0;
}

static bool slow_build(void)
{
    const char *sanitizer = getenv("TP_SANITIZE");
    return sanitizer && *sanitizer;
}

struct stopper {
    size_t left; /* steps until the end */
};

/* What is asked for after a step ends the run after the next one. */
static int count_step(void *context, const tileprop_progress *progress)
{
    struct stopper *stopper = context;
    stopper->left -= !progress->evaluated;
    return stopper->left == 1;
}

/* Trains for `steps` steps. */
static tileprop_result run(const struct configuration *c, const char *isa, size_t threads, tileprop_zeros zeros,
                           size_t steps)
{
    tileprop_options options = options_default();
    options.evals_per_epoch = 1;
    options.epochs = SIZE_MAX;
    options.isa = isa;
    options.threads_exact = threads;
    options.zeros = zeros;
    c->choose(&options);
    struct stopper stopper = {.left = steps};
    options.progress = count_step;
    options.context = &stopper;
    const struct tp_training training = {.options = &options, .train = &train, .validation = &validation};
    tileprop_result result;
    struct tp_error error;
    if (tp_train(&training, &result, &error))
        fail_msg("%s: %s", c->name, error.text);
    assert_int_equal(result.steps, steps);
    return result;
}

static void expect(const struct configuration *c, const char *isa, size_t threads, tileprop_zeros zeros, size_t steps,
                   uint64_t hash)
{
    tileprop_result result = run(c, isa, threads, zeros, steps);
    assert_int_equal(result.threads, threads);
    assert_int_equal(result.threads_worked, threads);
    assert_string_equal(result.isa, isa);
    if (result.weights_hash != hash)
        fail_msg("%s: %s on %zu threads, --zeros %s, gave %016llx, expected %016llx", c->name, isa, threads,
                 zeros == TILEPROP_ZEROS_SKIP ? "skip" : "multiply", (unsigned long long)result.weights_hash,
                 (unsigned long long)hash);
}

/* Every second run skips zeros, which changes no bit. */
static tileprop_zeros every_second(size_t i)
{
    return i % 2 ? TILEPROP_ZEROS_SKIP : TILEPROP_ZEROS_MULTIPLY;
}

static void test_hashes_at_any_thread_count(void **state)
{
    (void)state;
    bool slow = slow_build();
    for (size_t i = 0; i < sizeof configurations / sizeof *configurations; i++) {
        const struct configuration *c = &configurations[i];
        for (size_t t = 1; tp_tiers[t]; t++) { /* tp_tiers[0] is the reference */
            for (size_t n = 0; tp_tier_runs_here(tp_tiers[t]) && n < sizeof thread_counts / sizeof *thread_counts; n++)
                expect(c, tp_tiers[t]->name, thread_counts[n], every_second(i + t + n), slow ? STEPS_SLOW : STEPS,
                       slow ? c->hash_slow : c->hash);
        }
    }
}

static void test_reference_tier(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configurations / sizeof *configurations; i++)
        expect(&configurations[i], "reference", 2, every_second(i), STEPS_SLOW, configurations[i].hash_slow);
}

static void small_batch(tileprop_options *o)
{
    o->hidden[0] = 16;
    o->batch = 8;
}

static void test_long_run_on_the_reference_tier(void **state)
{
    (void)state;
    static const struct configuration small = {.name = "a small network", .choose = small_batch};
    expect(&small, "reference", 2, TILEPROP_ZEROS_SKIP, slow_build() ? 50 : 2000,
           slow_build() ? 0x0d682673f16f38bf : 0xe1edbee379c11b1c);
}

/* 500 steps of the course's network: the validation loss to its last bit. */
static void test_golden_run(void **state)
{
    (void)state;
    tileprop_result result = run(&configurations[0], tp_tier_find("auto")->name, 2, TILEPROP_ZEROS_AUTO, 500);
    if (result.validation_loss != 0.33727329025417657 || result.validation_accuracy != 0.906)
        fail_msg("validation loss %.17g, accuracy %g", result.validation_loss, result.validation_accuracy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_at_any_thread_count),
        cmocka_unit_test(test_reference_tier),
        cmocka_unit_test(test_long_run_on_the_reference_tier),
        cmocka_unit_test(test_golden_run),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
