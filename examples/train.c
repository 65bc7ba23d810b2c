/* train PICTURES LABELS MODEL: trains on two IDX files, unpacked, with the last tenth to validate on. */
#include <stdio.h>
#include <stdlib.h>
#include <tileprop/tileprop.h>

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    if (file) {
        fseek(file, 0, SEEK_END);
        *size = (size_t)ftell(file);
        rewind(file);
        bytes = malloc(*size);
        *size = bytes ? fread(bytes, 1, *size, file) : 0;
        fclose(file);
    }
    return bytes;
}

static int show(void *context, const tileprop_progress *progress)
{
    (void)context;
    if (progress->evaluated)
        fprintf(stderr, "epoch %zu: %.2f %%\n", progress->epoch, 100 * progress->validation_accuracy);
    return 0; /* go on */
}

int main(int argc, char **argv)
{
    size_t size = 0, count = 0;
    unsigned char *pictures = argc == 4 ? read_file(argv[1], &size) : NULL;
    unsigned char *labels = pictures ? read_file(argv[2], &count) : NULL;
    if (!labels || size <= 16 || count <= 8 || (size - 16) % (count - 8) != 0) {
        fprintf(stderr, "usage: train PICTURES LABELS MODEL, a picture for each label, not packed\n");
        return 1;
    }
    const tileprop_data data = {.size = sizeof data,
                                .samples = pictures + 16, /* after the headers */
                                .type = TILEPROP_U8,
                                .labels = labels + 8,
                                .label_type = TILEPROP_U8,
                                .rows = count - 8,
                                .features = (size - 16) / (count - 8)};
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden[0] = options.hidden[1] = 32;
    options.hidden_count = 2;
    options.epochs = 2;
    options.progress = show;

    tileprop_model *model;
    tileprop_result result = {.size = sizeof result};
    char message[256];
    tileprop_status status = tileprop_train_split(&options, &data, 0.1, &model, NULL, &result, message, sizeof message);
    if (status == TILEPROP_OK) {
        printf("%016llx %.2f %%\n", (unsigned long long)result.weights_hash, 100 * result.validation_accuracy);
        status = tileprop_model_save(model, argv[3], message, sizeof message);
    }
    if (status != TILEPROP_OK)
        fprintf(stderr, "%s\n", message);
    tileprop_model_free(model);
    free(labels);
    free(pictures);
    return (int)status;
}
