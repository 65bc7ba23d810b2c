/* predict MODEL <SAMPLES: the class and the probabilities of each sample, bytes as in the training data. */
#include <stdio.h>
#include <stdlib.h>
#include <tileprop/tileprop.h>

int main(int argc, char **argv)
{
    tileprop_model *model;
    char message[256] = "usage: predict MODEL";
    if (argc != 2 || tileprop_model_load(&model, argv[1], message, sizeof message) != TILEPROP_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    const size_t features = tileprop_model_features(model), classes = tileprop_model_classes(model);
    uint8_t *sample = malloc(features);
    float *probabilities = malloc(classes * sizeof *probabilities);
    uint16_t found;
    while (sample && probabilities && fread(sample, 1, features, stdin) == features) {
        tileprop_predict_u8(model, sample, 1, probabilities, &found);
        printf("%s", found == TILEPROP_NO_CLASS ? "" : tileprop_model_class_name(model, found));
        for (size_t k = 0; k < classes; k++)
            printf(",%.9g", (double)probabilities[k]);
        putchar('\n');
    }
    free(probabilities);
    free(sample);
    tileprop_model_free(model);
    return 0;
}
