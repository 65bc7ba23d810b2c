/* An evaluation gives the same bits whether zeros are skipped or multiplied, on any number of threads. */
#include "network/evaluator.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "kernels/flush.h"
#include "kernels/tiers.h"
#include "system/team.h"
#include "tests/check.h"
#include "tests/options.h"

#define SAMPLES_MAX  200
#define FEATURES_MAX 161
#define CLASSES      11
#define THREADS_MAX  2

static float values[SAMPLES_MAX * FEATURES_MAX];
static double wide[SAMPLES_MAX * FEATURES_MAX];
static uint8_t bytes[SAMPLES_MAX * FEATURES_MAX];
static uint16_t labels[SAMPLES_MAX];

struct results {
    float loss[SAMPLES_MAX], probabilities[SAMPLES_MAX * CLASSES], logits[SAMPLES_MAX * CLASSES];
    uint16_t predicted[SAMPLES_MAX];
};

/* A network with `slices` slices per layer, its normalization, and the values that replace missing ones. */
struct model {
    struct tp_network network;
    struct tp_arena arena;
    struct tp_normalization normalization;
    double offset[FEATURES_MAX];
    float missing[FEATURES_MAX];
};

/* From -1 to 1. */
static float noise(uint32_t stream, uint64_t index)
{
    return (float)(2 * tp_random_uniform(3, TP_RANDOM_WEIGHTS, stream, index) - 1);
}

/* Two of three values are 0. Of the others a few are NaN or infinite, except for bytes. */
static void make_samples(void)
{
    for (size_t i = 0; i < SAMPLES_MAX * FEATURES_MAX; i++) {
        const float x = noise(0, i);
        const bool zero = x < 1.0F / 3;
        bytes[i] = zero ? 0 : (uint8_t)(255 * x);
        values[i] = zero ? (i % 2 ? 0.0F : -0.0F) : i % 1231 == 0 ? NAN : i % 1723 == 0 ? -INFINITY : 10 * x;
        wide[i] = (double)values[i];
    }
    for (size_t i = 0; i < SAMPLES_MAX; i++)
        labels[i] = (uint16_t)(i % CLASSES);
}

/* global: all features have the same scale and shift. */
static void make_model(struct model *model, size_t features, size_t slices, bool global, const struct tp_tier *tier)
{
    float scale[FEATURES_MAX], shift[FEATURES_MAX], split[FEATURES_MAX];
    struct tp_error error = {""};
    struct tp_arena size = tp_arena_measure();
    tileprop_options options = options_default();
    options.hidden_count = 1;
    options.hidden[0] = 37;
    for (size_t f = 0; f < features; f++) {
        scale[f] = global ? 0.013F : f % 7 ? 0.01F + 0.01F * (float)f : 0; /* 0: a constant feature */
        shift[f] = noise(1, global ? 0 : f);
        split[f] = f % 4 != 3;
        model->offset[f] = f % 4 == 3 ? 0.5 : 0;
        model->missing[f] = f % 3 ? noise(2, f) : 0;
    }
    if (tp_network_shape(&model->network, &options, features, CLASSES, slices, &error) ||
        tp_normalization_of(&model->normalization, features, scale, shift, split, model->offset, &error))
        fail_msg("%s", error.text);
    tp_network_shift(&model->network, &model->normalization);
    for (size_t s = 0; s < slices; s++)
        tp_network_layout(&model->network, s, &size);
    if (tp_arena_create(&model->arena, size.used, &error))
        fail_msg("%s", error.text);
    for (size_t s = 0; s < slices; s++) {
        tp_network_layout(&model->network, s, &model->arena);
        tp_network_initialize(&model->network, s, TILEPROP_INIT_FAN_IN, 5);
        tp_network_refresh(&model->network, s, tier);
    }
}

static void free_model(struct model *model)
{
    tp_normalization_free(&model->normalization);
    tp_network_free(&model->network);
    tp_arena_destroy(&model->arena);
}

/* An evaluation by some threads. */
struct run {
    struct tp_evaluator evaluator;
    struct tp_evaluator_buffers buffers[THREADS_MAX];
    const struct tp_dataset *samples;
    struct tp_predictions to;
    atomic_size_t next_block;
};

static void evaluate_share(void *context, size_t member, size_t members)
{
    struct run *run = context;
    (void)members;
    assert_true(tp_evaluator_run(&run->evaluator, &run->buffers[member], run->samples, &run->to, &run->next_block));
}

static void evaluate(const struct model *model, const struct tp_tier *tier, tileprop_zeros zeros, size_t threads,
                     const struct tp_dataset *samples, struct results *results)
{
    struct tp_arena arena, size = tp_arena_measure();
    struct tp_error error = {""};
    struct run run = {.evaluator = {.tier = tier,
                                    .network = &model->network,
                                    .normalization = &model->normalization,
                                    .rows = 20,
                                    .zeros = zeros,
                                    .offset = samples->type == TILEPROP_F64,
                                    .unchecked = true,
                                    .missing = samples->type == TILEPROP_U8 ? NULL : model->missing},
                      .samples = samples,
                      .to = {results->loss, results->predicted, results->probabilities, results->logits}};
    tp_evaluator_layout(&run.evaluator, &run.buffers[0], &size);
    if (tp_arena_create(&arena, threads * size.used, &error))
        fail_msg("%s", error.text);
    for (size_t t = 0; t < threads; t++)
        tp_evaluator_layout(&run.evaluator, &run.buffers[t], &arena);
    if (tp_team_run(threads, evaluate_share, &run, &error))
        fail_msg("%s", error.text);
    tp_arena_destroy(&arena);
}

/* Any NaN matches any other. */
static void check_floats(const float *found, const float *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&found[i], &expected[i], sizeof *found) != 0 && !(isnan(found[i]) && isnan(expected[i])))
            fail_msg("%zu of %zu: %a found, expected %a", i, count, (double)found[i], (double)expected[i]);
}

static void check_same(const struct tp_tier *tier, size_t features, size_t rows, bool global, tileprop_type type)
{
    static struct results expected, found;
    static const tileprop_zeros forms[] = {TILEPROP_ZEROS_SKIP, TILEPROP_ZEROS_MULTIPLY, TILEPROP_ZEROS_AUTO};
    static struct model model;
    const struct tp_dataset samples = {.type = type,
                                       .samples = type == TILEPROP_U8    ? (void *)bytes
                                                  : type == TILEPROP_F32 ? (void *)values
                                                                         : (void *)wide,
                                       .labels = labels,
                                       .count = rows,
                                       .features = features,
                                       .classes = CLASSES};
    make_model(&model, features, 1 + rows % 2, global, tier);
    evaluate(&model, tp_tier_find("reference"), TILEPROP_ZEROS_MULTIPLY, 1, &samples, &expected);
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        for (size_t threads = 1; threads <= THREADS_MAX; threads++) {
            memset(&found, 0, sizeof found);
            evaluate(&model, tier, forms[f], threads, &samples, &found);
            check_floats(found.logits, expected.logits, rows * CLASSES);
            check_floats(found.probabilities, expected.probabilities, rows * CLASSES);
            check_floats(found.loss, expected.loss, rows);
            assert_memory_equal(found.predicted, expected.predicted, rows * sizeof *found.predicted);
        }
    }
    free_model(&model);
}

static void test_same_bits(void **state)
{
    static const size_t features[] = {1, 16, 64, 67, FEATURES_MAX}, rows[] = {1, 15, 16, 63, 129, SAMPLES_MAX};
    (void)state;
    make_samples();
    for (size_t t = 0; tp_tiers[t]; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        for (size_t f = 0; f < sizeof features / sizeof *features; f++) {
            for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
                check_same(tp_tiers[t], features[f], rows[r], true, TILEPROP_U8);
                check_same(tp_tiers[t], features[f], rows[r], false, TILEPROP_U8);
                check_same(tp_tiers[t], features[f], rows[r], false, TILEPROP_F32);
                check_same(tp_tiers[t], features[f], rows[r], false, TILEPROP_F64);
            }
        }
    }
}

/* What was timed decides; few samples are not worth timing. */
static void test_choice(void **state)
{
    struct tp_evaluator evaluator = {.zeros = TILEPROP_ZEROS_AUTO};
    struct tp_evaluator_buffers buffers = {.forms = {{.timed = 100, .seconds = 2e-6}, {.timed = 100, .seconds = 1e-6}}};
    (void)state;
    assert_true(tp_evaluator_skips(&evaluator, &buffers, 1000));
    assert_false(tp_evaluator_skips(&evaluator, &buffers, 1));
    buffers.forms[1].seconds = 3e-6;
    assert_false(tp_evaluator_skips(&evaluator, &buffers, 1000));
    evaluator.zeros = TILEPROP_ZEROS_SKIP;
    assert_true(tp_evaluator_skips(&evaluator, &buffers, 1));
    evaluator.zeros = TILEPROP_ZEROS_MULTIPLY;
    buffers.forms[1].seconds = 1e-6;
    assert_false(tp_evaluator_skips(&evaluator, &buffers, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests_name("evaluator", tests, NULL, NULL);
}
