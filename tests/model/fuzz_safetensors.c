/*
 * libFuzzer target for parsing safetensors, models and checkpoints. A fuzzer guesses no length, so the first
 * byte of the input chooses whether the length of a header that ends at the first 0 byte is put before the
 * rest.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint.h"
#include "model/safetensors.h"

#define TP_BYTES_PER_BYTE 80   /* that safetensors.h allows for each byte of a header */
#define TP_BYTES_ANYWAY   4096 /* for the first object of each kind */

static size_t allocated;

static void require(int condition)
{
    if (!condition)
        abort();
}

static void *count_allocation(size_t size)
{
    allocated += size;
    return malloc(size);
}

/* Exactly as large as it says, so that whoever reads on is caught. */
static struct tp_file make_file(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 1 && data[0] & 1 ? memchr(data + 1, 0, size - 1) : NULL;
    const uint64_t header = end ? (uint64_t)(end - data - 1) : 0;
    const size_t behind = end ? size - 2 - header : 0;
    struct tp_file file = {.path = "fuzz", .size = end ? 8 + header + behind : size - 1};
    file.bytes = malloc(file.size ? file.size : 1);
    require(file.bytes != NULL);
    if (end) {
        memcpy(file.bytes, &header, 8);
        memcpy(file.bytes + 8, data + 1, header);
        memcpy(file.bytes + 8 + header, end + 1, behind);
    } else {
        memcpy(file.bytes, data + 1, file.size);
    }
    return file;
}

static void check_error(tileprop_status status, const struct tp_error *error)
{
    require(status == TILEPROP_BAD_INPUT);
    require(strncmp(error->text, "fuzz: ", 6) == 0 && !strchr(error->text, '\n'));
}

/* What was read is written to memory and read once more: the same tensors. */
static void check_round(const struct tp_safetensors *read)
{
    struct tp_error error = {""};
    char *bytes = NULL;
    size_t size = 0;
    struct tp_safe_file out = {.file = open_memstream(&bytes, &size)};
    require(out.file != NULL);
    json_t *texts = json_object_get(read->header, "__metadata__"), *none = json_object();
    require(tp_safetensors_write(&out, read->tensors, read->count, texts ? texts : none, &error) == TILEPROP_OK);
    require(fclose(out.file) == 0);
    json_decref(none);

    struct tp_file file = {.path = "again", .bytes = (unsigned char *)bytes, .size = size};
    struct tp_safetensors again;
    require(tp_safetensors_parse(&again, &file, &error) == TILEPROP_OK);
    require(again.count == read->count);
    for (size_t i = 0; i < read->count; i++) {
        const struct tp_tensor *tensor = tp_safetensors_find(&again, read->tensors[i].name);
        require(tensor && tensor->size == read->tensors[i].size);
        require(memcmp(tensor->bytes, read->tensors[i].bytes, tensor->size) == 0);
    }
    tp_safetensors_free(&again);
}

static void check_model(const struct tp_model *model)
{
    require(model->weights.layer_count >= 1);
    for (size_t l = 0; l < model->weights.layer_count; l++) {
        const struct tp_weights_layer *layer = &model->weights.layers[l];
        for (size_t i = 0; i < layer->units * layer->inputs; i++)
            require(isfinite(layer->weight[i]));
        for (size_t u = 0; layer->has_bias && u < layer->units; u++)
            require(isfinite(layer->bias[u]));
    }
    if (!model->described)
        return;
    require(model->schema.features == model->normalization.features &&
            model->schema.class_count == model->weights.layers[model->weights.layer_count - 1].units &&
            model->schema.column_count <= model->schema.features);
    for (size_t f = 0; f < model->normalization.features; f++)
        require(isfinite(model->normalization.scale[f]) && isfinite(model->normalization.shift[f]));
}

/* What was read is written to memory and read once more: the same run. */
static void check_checkpoint(const struct tp_checkpoint *checkpoint)
{
    const struct tp_training_state *p = &checkpoint->state;
    require(p->best_step <= (p->steps ? p->steps - 1 : 0) && p->evaluations_since_best <= p->steps);
    check_model(&checkpoint->model);
    for (size_t i = 0; i < checkpoint->state_count; i++)
        require(tp_weights_alike(&checkpoint->states[i], &checkpoint->model.weights));
    require(!checkpoint->best.layer_count || tp_weights_alike(&checkpoint->best, &checkpoint->model.weights));

    struct tp_error error = {""};
    char *bytes = NULL;
    size_t size = 0;
    struct tp_safe_file out = {.file = open_memstream(&bytes, &size)};
    require(out.file && tp_checkpoint_write(checkpoint, &out, &error) == TILEPROP_OK && fclose(out.file) == 0);
    struct tp_file file = {.path = "again", .bytes = (unsigned char *)bytes, .size = size};
    struct tp_checkpoint again;
    require(tp_checkpoint_parse(&again, &file, &error) == TILEPROP_OK);
    require(memcmp(&again.state, p, sizeof *p) == 0 && again.state_count == checkpoint->state_count);
    require(again.history_size == checkpoint->history_size && again.validation == checkpoint->validation);
    tp_checkpoint_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return -1;
    struct tp_error error = {""};
    struct tp_safetensors read;
    struct tp_model model;
    json_set_alloc_funcs(count_allocation, free);
    allocated = 0;

    struct tp_file file = make_file(data, size);
    const size_t file_size = file.size;
    tileprop_status status = tp_safetensors_parse(&read, &file, &error);
    require(allocated <= TP_BYTES_PER_BYTE * file_size + TP_BYTES_ANYWAY);
    if (status == TILEPROP_OK)
        check_round(&read);
    else
        check_error(status, &error);
    tp_safetensors_free(&read);

    file = make_file(data, size);
    status = tp_model_parse(&model, &file, &error);
    if (status == TILEPROP_OK)
        check_model(&model);
    else
        check_error(status, &error);
    tp_model_free(&model);

    struct tp_checkpoint checkpoint;
    file = make_file(data, size);
    status = tp_checkpoint_parse(&checkpoint, &file, &error);
    if (status == TILEPROP_OK)
        check_checkpoint(&checkpoint);
    else
        check_error(status, &error);
    tp_checkpoint_free(&checkpoint);
    return 0;
}
