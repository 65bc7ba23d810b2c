/*
 * Reads a model's arrays and checks gradients through the library, in the common subset of C11 and C++17:
 *
 *     figures weights MODEL PICTURES     predicts from the model's arrays, prints "ok"
 *     figures gradients PICTURES LABELS  checks gradients, prints the figures of train --check-gradient --json
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tileprop/gradients.h>

#define UNITS_MAX 1024

static char message[256];

static void expect(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "figures: %s: %s\n", what, message);
    exit(1);
}

static unsigned char *read_file(const char *path, size_t count)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = (unsigned char *)malloc(count);
    expect(file && bytes && fread(bytes, 1, count, file) == count, path);
    fclose(file);
    return bytes;
}

/* The model's own network of relu or of nothing hidden, in double; returns the most probable class. */
static size_t predict(const tileprop_model *model, const unsigned char *pixels, double *probabilities)
{
    static double a[2][UNITS_MAX];
    const float *shift, *scale = tileprop_model_normalization(model, &shift);
    const size_t layers = tileprop_model_layers(model);
    size_t inputs = tileprop_model_features(model), best = 0;
    double sum = 0;
    for (size_t i = 0; i < inputs; i++)
        a[0][i] = pixels[i] * (double)scale[i] + (double)shift[i];
    for (size_t l = 0; l < layers; l++) {
        const float *bias, *weights = tileprop_model_weights(model, l, &bias);
        const size_t units = tileprop_model_units(model, l);
        for (size_t u = 0; u < units; u++) {
            double z = bias ? (double)bias[u] : 0;
            for (size_t i = 0; i < inputs; i++)
                z += (double)weights[u * inputs + i] * a[l % 2][i];
            a[(l + 1) % 2][u] = z > 0 || l + 1 == layers ? z : 0;
        }
        inputs = units;
    }
    for (size_t k = 0; k < inputs; k++)
        sum += exp(a[layers % 2][k]);
    for (size_t k = 0; k < inputs; k++) {
        probabilities[k] = exp(a[layers % 2][k]) / sum;
        best = probabilities[k] > probabilities[best] ? k : best;
    }
    return best;
}

static void check_weights(const char *path, const char *pictures)
{
    enum { ROWS = 20 };
    static float found[UNITS_MAX];
    static double expected[UNITS_MAX];
    tileprop_model *model;
    const float *bias;
    expect(!tileprop_model_load(&model, path, message, sizeof message), "loading");
    const size_t features = tileprop_model_features(model);
    unsigned char *pixels = read_file(pictures, 16 + ROWS * features) + 16;
    for (size_t i = 0; i < ROWS; i++) {
        uint16_t class_index;
        tileprop_predict_u8(model, pixels + i * features, 1, found, &class_index);
        expect(predict(model, pixels + i * features, expected) == class_index, "another class");
        for (size_t k = 0; k < tileprop_model_classes(model); k++)
            expect(fabs((double)found[k] - expected[k]) < 1e-5, "another probability");
    }
    expect(tileprop_model_weights(model, 0, &bias) && bias, "the first layer's bias");
    expect(tileprop_model_weights(model, 1, &bias) && !bias, "a layer without bias");
    expect(!tileprop_model_weights(model, 2, &bias) && !bias, "a layer that is not there");
    free(pixels - 16);
    tileprop_model_free(model);
    puts("ok");
}

static int end(void *context, double share)
{
    ++*(int *)context;
    return share >= 0;
}

static void check_errors(tileprop_options options, tileprop_data data)
{
    tileprop_gradients found, less;
    tileprop_layer_gradients layers[2];
    const size_t half = offsetof(tileprop_layer_gradients, right); /* of a caller that knows less */
    int calls = 0;
    memset(&found, 0, sizeof found);
    found.size = sizeof found;
    expect(!tileprop_check_gradients(&options, &data, end, &calls, &found, message, sizeof message) && found.stopped &&
               calls == 1 && found.layer_count == 0,
           "ending the check");
    memset(&less, 0x7f, sizeof less); /* of a caller that knows less */
    less.size = offsetof(tileprop_gradients, layer_count);
    less.layers = NULL;
    expect(!tileprop_check_gradients(&options, &data, NULL, NULL, &less, message, sizeof message) &&
               less.layers_right == 1 && less.layer_count > 0x70000000,
           "figures of another size");
    found.layers = layers;
    found.layer_size = half;
    expect(!tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message) &&
               found.layers == layers && found.layer_size == half && found.layer_count == 2,
           "layers of another size");
    tileprop_layer_gradients second;
    memcpy(&second, (char *)layers + half, half);
    expect(layers[0].units == 8 && second.inputs == 8 && second.units == 10 && second.largest > 0,
           "layers side by side, of the size that the caller knows");
    found.layers = NULL;

    options.hidden[0] = 0;
    expect(tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message) == TILEPROP_USAGE &&
               strncmp(message, "hidden: ", 8) == 0,
           "a layer without units");
    options.hidden[0] = 5;
    options.seed = 1;
    options.normalize = 9;
    expect(tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message) == TILEPROP_USAGE,
           "no such normalization");
    options.normalize = TILEPROP_AUTO;
    options.size = 8;
    expect(tileprop_check_gradients(&options, &data, NULL, NULL, &found, NULL, 0) == TILEPROP_USAGE,
           "options of no size");
    options.size = sizeof options;
    data.rows = 0;
    expect(tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message) ==
                   TILEPROP_BAD_INPUT &&
               found.layer_count == 0,
           "no samples");
}

static void check_gradients(const char *pictures, const char *labels)
{
    enum { ROWS = 2000, FEATURES = 784 };
    tileprop_options options;
    tileprop_data data;
    tileprop_gradients found;
    tileprop_layer_gradients layers[2];
    unsigned char *samples = read_file(pictures, 16 + ROWS * FEATURES), *classes = read_file(labels, 8 + ROWS);
    memset(&data, 0, sizeof data);
    data.size = sizeof data;
    data.samples = samples + 16;
    data.type = TILEPROP_U8;
    data.labels = classes + 8;
    data.label_type = TILEPROP_U8;
    data.rows = ROWS;
    data.features = FEATURES;
    tileprop_options_init(&options, sizeof options);
    options.hidden[0] = 8;
    options.activation = TILEPROP_RELU;
    options.seed = 3;
    found.size = sizeof found;
    found.layers = layers;
    found.layer_size = sizeof layers[0];
    expect(!tileprop_check_gradients(&options, &data, NULL, NULL, &found, message, sizeof message), "checking");
    printf("%zu %d %.17g\n", found.samples, found.layers_right, found.layers[found.course_layer].course);
    for (size_t l = 0; l < found.layer_count; l++) {
        const tileprop_layer_gradients *layer = &found.layers[l];
        printf("%zu %zu %.17g %.17g %.17g %.17g %.17g %d\n", layer->weights, layer->skipped, layer->step,
               layer->difference, layer->truncation, layer->rounding, layer->largest, layer->right);
    }
    check_errors(options, data);
    free(samples);
    free(classes);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "weights") == 0)
        check_weights(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "gradients") == 0)
        check_gradients(argv[2], argv[3]);
    else
        expect(0, "no such check");
    return 0;
}
