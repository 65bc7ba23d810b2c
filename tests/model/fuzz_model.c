/*
 * libFuzzer target for whole files of models and checkpoints. Files that can be read are used, exported, written and
 * read again. The mutator keeps the header's length valid and, in half of the inputs, the checksum too.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "cli/c_header.h"
#include "model/checkpoint.h"
#include "model/safetensors.h"
#include "tileprop/tileprop.h"

#define TP_LENGTH_BYTES 8
#define TP_TEXT_MOST    4096 /* bytes of a mutated text */
#define TP_ATTEMPTS     8    /* to mutate a file so that it has a checksum */
#define TP_ROWS         3

/* The last described model or checkpoint: most inputs are none, and many have no checksum that could be right. */
static struct tp_file last;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void *allocate(size_t size)
{
    void *bytes = malloc(size ? size : 1);
    require(bytes != NULL);
    return bytes;
}

/* Exactly as large as declared, so that reads past the end are caught. */
static struct tp_file make_file(const uint8_t *data, size_t size)
{
    struct tp_file file = {.path = "fuzz", .bytes = allocate(size), .size = size};
    memcpy(file.bytes, data, size);
    return file;
}

static struct tp_safe_file open_memory(char **bytes, size_t *size)
{
    struct tp_safe_file out = {.file = open_memstream(bytes, size)};
    require(out.file != NULL);
    return out;
}

static void check_error(tileprop_status status, const char *message, const char *path)
{
    require(status == TILEPROP_BAD_INPUT);
    require(strncmp(message, path, strlen(path)) == 0 && strncmp(message + strlen(path), ": ", 2) == 0);
    require(!strchr(message, '\n'));
}

static void check_model(const struct tp_model *model)
{
    require(model->weights.layer_count >= 1);
    for (size_t l = 0; l < model->weights.layer_count; l++) {
        const struct tp_weights_layer *layer = &model->weights.layers[l];
        require(l == 0 || layer->inputs == model->weights.layers[l - 1].units);
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
    struct tp_safe_file out = open_memory(&bytes, &size);
    require(tp_checkpoint_write(checkpoint, &out, &error) == TILEPROP_OK && fclose(out.file) == 0);
    struct tp_file file = {.path = "again", .bytes = (unsigned char *)bytes, .size = size};
    struct tp_checkpoint again;
    require(tp_checkpoint_parse(&again, &file, &error) == TILEPROP_OK && again.model.verified);
    require(memcmp(&again.state, p, sizeof *p) == 0 && again.state_count == checkpoint->state_count);
    require(again.history_size == checkpoint->history_size && again.validation == checkpoint->validation);
    tp_checkpoint_free(&again);
}

/* Predicts a row of zeros, one of large values and one in which the first is missing; to be freed. */
static float *predict(const tileprop_model *model)
{
    const size_t features = tileprop_model_features(model), classes = tileprop_model_classes(model);
    float *samples = allocate(TP_ROWS * features * sizeof *samples);
    float *probabilities = allocate(TP_ROWS * classes * sizeof *probabilities);
    uint16_t predicted[TP_ROWS];
    for (size_t i = 0; i < TP_ROWS * features; i++)
        samples[i] = i / features == 1 ? 1e30f : 0;
    samples[2 * features] = NAN;
    tileprop_predict_f32(model, samples, TP_ROWS, probabilities, predicted);
    for (size_t r = 0; r < TP_ROWS; r++)
        require(predicted[r] < classes || predicted[r] == TILEPROP_NO_CLASS);
    free(samples);
    return probabilities;
}

static void export_model(const tileprop_model *model)
{
    struct tp_error error = {""};
    struct tp_schema schema;
    char *text = NULL;
    size_t size = 0;
    require(tp_schema_text_read(&schema, tileprop_model_text(model, "schema"), tileprop_model_features(model), "again",
                                &error) == TILEPROP_OK);
    struct tp_safe_file out = open_memory(&text, &size);
    tp_c_header_write(model, &schema, "fuzz", out.file);
    require(fclose(out.file) == 0 && strlen(text) == size);
    free(text);
    tp_schema_free(&schema);
}

/* A described model as whoever links the library uses it: written and read again, it predicts the same. */
static void use_model(const uint8_t *data, size_t size)
{
    char message[256] = "";
    tileprop_model *model, *again;
    void *bytes;
    size_t count;
    const tileprop_status status = tileprop_model_load_memory(&model, data, size, message, sizeof message);
    if (status != TILEPROP_OK) {
        check_error(status, message, "memory");
        return;
    }
    export_model(model);
    require(tileprop_model_save_memory(model, &bytes, &count, message, sizeof message) == TILEPROP_OK);
    require(tileprop_model_load_memory(&again, bytes, count, message, sizeof message) == TILEPROP_OK);
    require(tileprop_model_verified(again) && tileprop_model_hash(again) == tileprop_model_hash(model));
    float *before = predict(model), *after = predict(again);
    require(memcmp(before, after, TP_ROWS * tileprop_model_classes(model) * sizeof *before) == 0);
    free(before);
    free(after);
    free(bytes);
    tileprop_model_free(again);
    tileprop_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tp_error error = {""};
    struct tp_model model;
    struct tp_checkpoint checkpoint;
    struct tp_file file = make_file(data, size);
    tileprop_status status = tp_model_parse(&model, &file, &error);
    if (status == TILEPROP_OK)
        check_model(&model);
    else
        check_error(status, error.text, "fuzz");
    if (model.described) {
        free(last.bytes);
        last = make_file(data, size);
    }
    tp_model_free(&model);
    use_model(data, size);

    file = make_file(data, size);
    status = tp_checkpoint_parse(&checkpoint, &file, &error);
    if (status == TILEPROP_OK)
        check_checkpoint(&checkpoint);
    else
        check_error(status, error.text, "fuzz");
    tp_checkpoint_free(&checkpoint);
    return 0;
}

/* Bytes of the header; false for a length that is beyond the file. */
static bool find_header(const uint8_t *data, size_t size, size_t *length)
{
    if (size < TP_LENGTH_BYTES)
        return false;
    memcpy(length, data, sizeof *length);
    return *length <= size - TP_LENGTH_BYTES;
}

/* Mutates the bytes from begin to end; those that follow move. Returns the size of all. */
static size_t mutate_part(uint8_t *data, size_t size, size_t most, size_t begin, size_t end)
{
    const size_t behind = size - end, room = most - begin - behind;
    if (room == 0)
        return size;
    uint8_t *rest = allocate(behind);
    memcpy(rest, data + end, behind);
    end = begin + LLVMFuzzerMutate(data + begin, end - begin, room);
    memcpy(data + end, rest, behind);
    free(rest);
    return end + behind;
}

/* Mutates the whole file, its values, or its header, and keeps the header's length valid. */
static size_t mutate_bytes(uint8_t *data, size_t size, size_t most, unsigned *seed)
{
    size_t length;
    const int part = rand_r(seed) % 8;
    if (part == 0 || !find_header(data, size, &length))
        return mutate_part(data, size, most, 0, size);
    const size_t end = TP_LENGTH_BYTES + length;
    if (part < 3)
        return mutate_part(data, size, most, end, size);
    const size_t mutated = mutate_part(data, size, most, TP_LENGTH_BYTES, end);
    length += mutated - size;
    memcpy(data, &length, sizeof length);
    return mutated;
}

/* Mutates one of the texts; one that is no text then is removed. */
static void mutate_text(json_t *texts, unsigned *seed)
{
    uint8_t text[TP_TEXT_MOST];
    void *at = json_object_iter(texts);
    for (size_t i = json_object_size(texts) ? (size_t)rand_r(seed) % json_object_size(texts) : 0; i > 0; i--)
        at = json_object_iter_next(texts, at);
    const json_t *value = json_object_iter_value(at);
    size_t size = json_string_length(value);
    if (!at || size > sizeof text)
        return;
    memcpy(text, json_string_value(value), size);
    size = LLVMFuzzerMutate(text, size, sizeof text);
    json_t *mutated = json_stringn((const char *)text, size);
    if (mutated)
        json_object_iter_set_new(texts, at, mutated);
    else
        json_object_del(texts, json_object_iter_key(at));
}

/* Removes one, exchanges two's names, makes one as the other, or transposes one. */
static void mutate_tensors(struct tp_safetensors *read, unsigned *seed)
{
    if (read->count == 0)
        return;
    struct tp_tensor *one = &read->tensors[(size_t)rand_r(seed) % read->count];
    struct tp_tensor *other = &read->tensors[(size_t)rand_r(seed) % read->count];
    const struct tp_tensor before = *one;
    switch (rand_r(seed) % 4) {
    case 0:
        *one = read->tensors[--read->count];
        break;
    case 1:
        one->name = other->name;
        other->name = before.name;
        break;
    case 2:
        *one = *other;
        one->name = before.name;
        break;
    default:
        one->shape[0] = before.shape[1];
        one->shape[1] = before.shape[0];
    }
}

/* A file's tensors and texts except the checksum; false if it is not a safetensors file. */
static bool take_apart(const uint8_t *data, size_t size, struct tp_safetensors *read)
{
    struct tp_error error;
    json_error_t wrong;
    size_t length;
    if (!find_header(data, size, &length))
        return false;
    json_t *header = tp_json_text_read((const char *)data + TP_LENGTH_BYTES, length, 0, &wrong);
    json_object_del(json_object_get(header, "__metadata__"), TP_CHECKSUM_KEY);
    char *text = header ? tp_json_text_write(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (!text)
        return false;
    const size_t written = strlen(text), behind = size - TP_LENGTH_BYTES - length;
    struct tp_file file = {.path = "fuzz", .size = TP_LENGTH_BYTES + written + behind};
    file.bytes = allocate(file.size);
    memcpy(file.bytes, &written, sizeof written);
    memcpy(file.bytes + TP_LENGTH_BYTES, text, written);
    memcpy(file.bytes + TP_LENGTH_BYTES + written, data + TP_LENGTH_BYTES + length, behind);
    free(text);
    return tp_safetensors_parse(read, &file, &error) == TILEPROP_OK;
}

/* Writes them with their checksum; returns the size, 0 where there is no room. */
static size_t put_together(const struct tp_safetensors *read, uint8_t *data, size_t most)
{
    struct tp_error error;
    char *bytes = NULL;
    size_t size = 0;
    json_t *found = json_object_get(read->header, "__metadata__"), *texts = found ? json_incref(found) : json_object();
    tp_json_text_set(&texts, TP_CHECKSUM_KEY,
                     json_sprintf("%016" PRIx64, tp_safetensors_checksum(read->tensors, read->count, texts)));
    struct tp_safe_file out = open_memory(&bytes, &size);
    require(tp_safetensors_write(&out, read->tensors, read->count, texts, &error) == TILEPROP_OK);
    require(fclose(out.file) == 0);
    json_decref(texts);
    if (size <= most)
        memcpy(data, bytes, size);
    free(bytes);
    return size <= most ? size : 0;
}

/* A mutation after which the checksum is correct; 0: the file has no checksum to correct. */
static size_t mutate_content(uint8_t *data, size_t size, size_t most, unsigned *seed)
{
    struct tp_safetensors read;
    const int kind = rand_r(seed) % 8;
    if (kind < 2)
        size = mutate_bytes(data, size, most, seed);
    if (!take_apart(data, size, &read))
        return 0;
    if (kind == 2)
        mutate_tensors(&read, seed);
    else if (kind > 2)
        mutate_text(json_object_get(read.header, "__metadata__"), seed);
    size = put_together(&read, data, most);
    tp_safetensors_free(&read);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    const struct tp_file given = make_file(data, size);
    const int attempts = rand_r(&seed) % 2 ? TP_ATTEMPTS : 0;
    size_t mutated = 0;
    for (int i = 0; i < attempts && mutated == 0; i++) {
        const struct tp_file *from = i == 0 || last.size > most ? &given : &last;
        memcpy(data, from->bytes, from->size);
        mutated = mutate_content(data, from->size, most, &seed);
    }
    if (mutated == 0) {
        memcpy(data, given.bytes, size);
        mutated = mutate_bytes(data, size, most, &seed);
    }
    free(given.bytes);
    return mutated;
}
