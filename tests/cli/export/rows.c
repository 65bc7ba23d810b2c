/*
 * Predicts the samples of a file of floats with an exported model. Its header is included with -include; -DNAME=... is
 * the model's name:
 *
 *     rows SAMPLES    rows in the format of predict --output, without labels
 *     rows            the names of its features, if it has any (-DFEATURE_NAMES)
 */
#include <stdio.h>

#define JOIN(a, b)  a##b
#define GLUE(a, b)  JOIN(a, b)
#define MODEL(what) GLUE(NAME, what)

static int print_names(void)
{
#ifdef FEATURE_NAMES
    for (int i = 0; i < MODEL(_features); i++)
        puts(MODEL(_feature_names)[i]);
#endif
    return 0;
}

int main(int argc, char **argv)
{
    static float sample[MODEL(_features)];
    float p[MODEL(_classes)];
    FILE *samples = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!samples)
        return argc > 1 || print_names();
    for (unsigned row = 0; fread(sample, sizeof sample, 1, samples) == 1; row++) {
        printf("%u,%s", row, MODEL(_class_names)[MODEL(_predict)(sample, p)]);
        for (int k = 0; k < MODEL(_classes); k++)
            printf(",%.9g", (double)p[k]);
        putchar('\n');
    }
    return fclose(samples);
}
