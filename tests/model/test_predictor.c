/* Predictions compared with a plain network in double, and counts of predictions. */
#include "model/predictor.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "tests/check.h"

#define INPUTS      37
#define SAMPLES     211 /* several blocks of rows, the last not full */
#define CLASSES_MAX 20
#define LAYERS_MAX  3

static float samples[SAMPLES][INPUTS];
static uint8_t bytes[SAMPLES][INPUTS];
static uint16_t labels[SAMPLES];
static float scale[INPUTS], shift[INPUTS], split[INPUTS];

static double noise(uint32_t stream, uint64_t index)
{
    return 2 * tp_random_uniform(3, TP_RANDOM_WEIGHTS, stream, index) - 1;
}

static struct tp_dataset make_samples(size_t classes)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        labels[i] = (uint16_t)(i * 7 % classes);
        for (size_t f = 0; f < INPUTS; f++) {
            samples[i][f] = (float)noise(100, i * INPUTS + f);
            bytes[i][f] = (uint8_t)(i * 31 + f * 17);
        }
    }
    return (struct tp_dataset){.type = TILEPROP_F32,
                               .samples = samples,
                               .labels = labels,
                               .count = SAMPLES,
                               .features = INPUTS,
                               .classes = classes};
}

/* A ReLU network with these units; the bits of `biases` select the layers with biases. */
static struct tp_model make_model(size_t layers, const size_t *units, unsigned biases)
{
    struct tp_model model = {.described = true, .activation = TILEPROP_RELU};
    struct tp_error error = {""};
    for (size_t l = 0; l < layers; l++)
        tp_weights_add(&model.weights, l ? units[l - 1] : INPUTS, units[l], biases >> l & 1);
    if (tp_weights_allocate(&model.weights, &error))
        fail_msg("%s", error.text);
    for (size_t l = 0; l < layers; l++) {
        const struct tp_weights_layer *layer = &model.weights.layers[l];
        for (size_t i = 0; i < layer->units * layer->inputs; i++)
            layer->weight[i] = (float)noise((uint32_t)l, i);
        for (size_t u = 0; layer->has_bias && u < layer->units; u++)
            layer->bias[u] = (float)noise((uint32_t)(l + 50), u);
    }
    for (size_t f = 0; f < INPUTS; f++) {
        scale[f] = 0.5f + (float)f / 64;
        shift[f] = (float)noise(200, f);
        split[f] = f % 3 == 0;
    }
    if (tp_normalization_of(&model.normalization, INPUTS, scale, shift, split, NULL, &error))
        fail_msg("%s", error.text);
    return model;
}

/* The sample's probabilities, from scratch. */
static void expect(const struct tp_model *model, const struct tp_dataset *set, size_t sample, double *p)
{
    static double a[LAYERS_MAX + 1][64];
    for (size_t f = 0; f < INPUTS; f++)
        a[0][f] = (set->type == TILEPROP_U8 ? bytes[sample][f] : (double)samples[sample][f]) * (double)scale[f] +
                  (double)shift[f];
    const size_t layers = model->weights.layer_count;
    for (size_t l = 0; l < layers; l++) {
        const struct tp_weights_layer *layer = &model->weights.layers[l];
        for (size_t u = 0; u < layer->units; u++) {
            double z = layer->has_bias ? (double)layer->bias[u] : 0;
            for (size_t i = 0; i < layer->inputs; i++)
                z += a[l][i] * (double)layer->weight[u * layer->inputs + i];
            a[l + 1][u] = l + 1 < layers && z < 0 ? 0 : z;
        }
    }
    const size_t classes = model->weights.layers[layers - 1].units;
    double most = -INFINITY, sum = 0;
    for (size_t k = 0; k < classes; k++)
        most = fmax(most, a[layers][k]);
    for (size_t k = 0; k < classes; k++)
        sum += exp(a[layers][k] - most);
    for (size_t k = 0; k < classes; k++)
        p[k] = exp(a[layers][k] - most) / sum;
}

static void run(const struct tp_model *model, const char *isa, size_t threads, const struct tp_dataset *set,
                const struct tp_predictions *predictions)
{
    struct tp_predictor *predictor;
    struct tp_error error = {""};
    if (tp_predictor_create(&predictor, model, isa, &error) ||
        tp_predictor_run(predictor, threads, set, predictions, &error))
        fail_msg("%s", error.text);
    tp_predictor_free(predictor);
}

static void check_model(size_t layers, const size_t *units, unsigned biases, tileprop_type type)
{
    static float loss[SAMPLES], probabilities[SAMPLES * CLASSES_MAX];
    static uint16_t predicted[SAMPLES];
    const size_t classes = units[layers - 1];
    struct tp_model model = make_model(layers, units, biases);
    struct tp_dataset set = make_samples(classes);
    if (type == TILEPROP_U8) {
        set.type = type;
        set.samples = bytes;
    }
    const struct tp_predictions found = {loss, predicted, probabilities, NULL};
    run(&model, "reference", 1, &set, &found);
    for (size_t i = 0; i < SAMPLES; i++) {
        const float *p = probabilities + i * classes;
        double expected[CLASSES_MAX];
        expect(&model, &set, i, expected);
        for (size_t k = 0; k < classes; k++) {
            /* Logits of up to a thousand have errors of 1e-4. */
            if (fabs((double)p[k] - expected[k]) > 1e-3 * (expected[k] + 1e-3))
                fail_msg("sample %zu, class %zu: %g, expected %g", i, k, (double)p[k], expected[k]);
            assert_true(p[predicted[i]] >= p[k]);
        }
        if (expected[labels[i]] > 1e-30)
            assert_true(fabs((double)loss[i] + log(expected[labels[i]])) < 1e-3);
    }

    /* the same bits on all tiers and threads, with and without probabilities */
    for (size_t t = 0; tp_tiers[t]; t++) {
        static float loss2[SAMPLES], probabilities2[SAMPLES * CLASSES_MAX];
        static uint16_t predicted2[SAMPLES];
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        for (size_t threads = 1; threads <= 5; threads += 2) {
            const struct tp_predictions with = {loss2, predicted2, probabilities2, NULL};
            const struct tp_predictions without = {loss2, predicted2, NULL, NULL};
            run(&model, tp_tiers[t]->name, threads, &set, &with);
            assert_memory_equal(probabilities2, probabilities, SAMPLES * classes * sizeof(float));
            assert_memory_equal(loss2, loss, sizeof loss);
            memset(loss2, 0, sizeof loss2);
            run(&model, tp_tiers[t]->name, threads, &set, &without);
            assert_memory_equal(loss2, loss, sizeof loss);
            assert_memory_equal(predicted2, predicted, sizeof predicted);
        }
    }
    tp_model_free(&model);
}

static void test_predicts_as_a_plain_network(void **state)
{
    (void)state;
    check_model(1, (const size_t[]){3}, 0, TILEPROP_F32);
    check_model(1, (const size_t[]){17}, 1, TILEPROP_F32);
    check_model(2, (const size_t[]){40, 10}, 1, TILEPROP_U8);
    check_model(3, (const size_t[]){24, 18, 2}, 7, TILEPROP_F32);
    check_model(3, (const size_t[]){33, 5, 20}, 2, TILEPROP_F32);
    check_model(1, (const size_t[]){1}, 1, TILEPROP_F32);
}

static void test_refuses_tiers(void **state)
{
    (void)state;
    struct tp_model model = make_model(1, (const size_t[]){3}, 0);
    struct tp_predictor *predictor;
    struct tp_error error = {""};
    check_failure(tp_predictor_create(&predictor, &model, "none", &error), TILEPROP_USAGE, &error, "no tier \"none\"");
    assert_null(predictor);
    tp_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicts_as_a_plain_network),
        cmocka_unit_test(test_refuses_tiers),
    };
    return cmocka_run_group_tests_name("predictor", tests, NULL, NULL);
}
