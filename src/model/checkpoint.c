#include "model/checkpoint.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "data/choices.h"
#include "model/metadata.h"

#define TP_BEST    TP_RUN_PREFIX "best."
#define TP_HISTORY TP_RUN_PREFIX "history"
#define TP_LAYERS  TP_RUN_PREFIX "layers"
#define TP_LOSS    TP_RUN_PREFIX "loss"

static const char *const states[TP_STATES_MAX] = {TP_RUN_PREFIX "state0.", TP_RUN_PREFIX "state1."};

struct texts {
    struct tp_metadata all[16];
};

static struct texts list_texts(struct tp_checkpoint *checkpoint, const char **ended)
{
    struct tp_training_state *p = &checkpoint->state;
    return (struct texts){{{TP_RUN_PREFIX "steps", TP_METADATA_COUNT, &p->steps},
                           {TP_RUN_PREFIX "beta1_power", TP_METADATA_SHARE, &p->beta1_power},
                           {TP_RUN_PREFIX "beta2_power", TP_METADATA_SHARE, &p->beta2_power},
                           {TP_RUN_PREFIX "best_loss", TP_METADATA_AMOUNT, &p->best.loss},
                           {TP_RUN_PREFIX "best_accuracy", TP_METADATA_SHARE, &p->best.accuracy},
                           {TP_RUN_PREFIX "best_samples", TP_METADATA_COUNT, &p->best.count},
                           {TP_RUN_PREFIX "best_step", TP_METADATA_COUNT, &p->best_step},
                           {TP_RUN_PREFIX "evaluations_since_best", TP_METADATA_COUNT, &p->evaluations_since_best},
                           {TP_RUN_PREFIX "ended", TP_METADATA_TEXT, ended},
                           {TP_RUN_PREFIX "seconds", TP_METADATA_AMOUNT, &p->seconds},
                           {TP_RUN_PREFIX "seconds_training", TP_METADATA_AMOUNT, &p->seconds_training},
                           {TP_RUN_PREFIX "seconds_evaluation", TP_METADATA_AMOUNT, &p->seconds_evaluation},
                           {TP_RUN_PREFIX "class_weights", TP_METADATA_HASH, &checkpoint->class_weights},
                           {TP_RUN_PREFIX "validation", TP_METADATA_HASH, &checkpoint->validation},
                           {TP_RUN_PREFIX "test", TP_METADATA_HASH, &checkpoint->test},
                           {TP_RUN_PREFIX "init_from", TP_METADATA_HASH, &checkpoint->init_from}}};
}

/* Per-layer numbers in the order of the file: gradient norms, then RMS and saturation of each hidden layer. */
static double *due_number(struct tp_training_state *state, size_t i, size_t layers)
{
    if (i < layers)
        return &state->gradient_norms[i];
    tileprop_activity *activity = &state->activity[(i - layers) / 2];
    return (i - layers) % 2 ? &activity->saturation : &activity->rms;
}

/* What an evaluation that is still due will report about the step before it. */
static tileprop_status find_due(const struct tp_safetensors *read, struct tp_checkpoint *checkpoint,
                                struct tp_error *error)
{
    struct tp_training_state *p = &checkpoint->state;
    const char *text = "";
    const struct tp_metadata due[] = {{TP_LOSS, TP_METADATA_AMOUNT, &p->loss}, {TP_LAYERS, TP_METADATA_TEXT, &text}};
    p->evaluation_due = tp_safetensors_text(read, TP_LOSS) != NULL;
    if (!p->evaluation_due)
        return TILEPROP_OK;
    if (p->steps == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: __metadata__: " TP_LOSS ": expected none before the first step, found one",
                       read->file.path);
    const tileprop_status status = tp_metadata_read(read, due, sizeof due / sizeof *due, error);
    const size_t layers = checkpoint->model.weights.layer_count;
    for (size_t i = 0; status == TILEPROP_OK && i < 3 * layers - 2; i++) {
        char *end;
        double *number = due_number(p, i, layers);
        *number = strtod(text, &end);
        if (end == text || !isfinite(*number))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: __metadata__: " TP_LAYERS ": expected %zu finite numbers, found %zu", read->file.path,
                           3 * layers - 2, i);
        text = end;
    }
    return status;
}

static void list_due(json_t **texts, const struct tp_checkpoint *checkpoint)
{
    struct tp_training_state p = checkpoint->state;
    const size_t layers = checkpoint->model.weights.layer_count;
    char numbers[3 * TP_LAYERS_MAX * 32] = "";
    size_t size = 0;
    if (!p.evaluation_due)
        return;
    for (size_t i = 0; i < 3 * layers - 2; i++)
        size += (size_t)snprintf(numbers + size, sizeof numbers - size, " %.17g", *due_number(&p, i, layers));
    tp_json_text_set(texts, TP_LOSS, json_sprintf("%.17g", p.loss));
    tp_json_text_set(texts, TP_LAYERS, json_string(numbers));
}

/* Reads the run's progress, refusing counts that no run can reach. */
static tileprop_status find_state(const struct tp_safetensors *read, struct tp_checkpoint *checkpoint,
                                  struct tp_error *error)
{
    struct tp_training_state *p = &checkpoint->state;
    const char *ended;
    const struct texts texts = list_texts(checkpoint, &ended);
    const tileprop_status status = tp_metadata_read(read, texts.all, sizeof texts / sizeof *texts.all, error);
    if (status != TILEPROP_OK)
        return status;
    const struct {
        const char *key;
        size_t found, most;
    } counts[] = {{"steps", p->steps, SIZE_MAX / 2},
                  {"best_step", p->best_step, p->steps ? p->steps - 1 : 0},
                  {"evaluations_since_best", p->evaluations_since_best, p->steps}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].found > counts[i].most)
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: __metadata__: " TP_RUN_PREFIX "%s: expected 0 to %zu, found %zu", read->file.path,
                           counts[i].key, counts[i].most, counts[i].found);
    if (p->best.count == 0) /* no evaluation yet */
        p->best.loss = INFINITY;
    int stop = 0;
    const tileprop_status known = tp_metadata_choose(read, TP_RUN_PREFIX "ended", tp_final_stop_choices, &stop, error);
    p->ended = (tileprop_stop)stop;
    return known == TILEPROP_OK ? find_due(read, checkpoint, error) : known;
}

/* Finds layers, if there are any; their shape must be that of the weights. */
static tileprop_status find_layers(const struct tp_safetensors *read, const char *prefix, const struct tp_weights *like,
                                   struct tp_weights *found, size_t *known, struct tp_error *error)
{
    char name[TP_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%slayers.0.weight", prefix);
    if (!tp_safetensors_find(read, name))
        return TILEPROP_OK;
    struct tp_layer_tensors layers[TP_LAYERS_MAX];
    tileprop_status status = tp_layers_find(read, prefix, found, layers, known, error);
    if (status == TILEPROP_OK && !tp_weights_alike(found, like))
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: %slayers: expected the layers, shapes and biases of the weights, found others",
                       read->file.path, prefix);
    return status == TILEPROP_OK ? tp_layers_copy(read, layers, found, error) : status;
}

static tileprop_status find_history(const struct tp_safetensors *read, struct tp_checkpoint *checkpoint, size_t *known,
                                    struct tp_error *error)
{
    const struct tp_tensor *tensor = tp_safetensors_find(read, TP_HISTORY);
    if (!tensor)
        return TILEPROP_OK;
    if (strcmp(tensor->type, "U8") != 0 || tensor->dimensions != 1)
        return tp_tensor_fail(read, tensor, error, "U8 [bytes]");
    checkpoint->history = malloc(tensor->size ? tensor->size : 1);
    if (!checkpoint->history)
        return tp_fail_memory(error, read->file.path, "a history");
    memcpy(checkpoint->history, tensor->bytes, tensor->size);
    checkpoint->history_size = tensor->size;
    ++*known;
    return TILEPROP_OK;
}

tileprop_status tp_checkpoint_parse(struct tp_checkpoint *checkpoint, struct tp_file *file, struct tp_error *error)
{
    struct tp_safetensors read;
    const struct tp_weights *weights = &checkpoint->model.weights;
    size_t known = 0, expected = 0;
    *checkpoint = (struct tp_checkpoint){0};
    tileprop_status status = tp_safetensors_parse(&read, file, error);
    if (status == TILEPROP_OK)
        status = tp_model_take(&checkpoint->model, &read, error);
    if (status == TILEPROP_OK && !tp_safetensors_text(&read, TP_RUN_PREFIX "steps"))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: __metadata__: expected " TP_RUN_PREFIX
                         "steps of a checkpoint, found none; --init-from takes a model's weights",
                         read.file.path);
    if (status == TILEPROP_OK)
        status = find_state(&read, checkpoint, error);
    for (size_t i = 0; status == TILEPROP_OK && i < TP_STATES_MAX && i == checkpoint->state_count; i++) {
        struct tp_weights *state = &checkpoint->states[i];
        status = find_layers(&read, states[i], weights, state, &known, error);
        checkpoint->state_count += state->layer_count > 0;
    }
    if (status == TILEPROP_OK)
        status = find_layers(&read, TP_BEST, weights, &checkpoint->best, &known, error);
    if (status == TILEPROP_OK)
        status = find_history(&read, checkpoint, &known, error);
    for (size_t i = 0; i < read.count; i++)
        expected += strncmp(read.tensors[i].name, TP_RUN_PREFIX, strlen(TP_RUN_PREFIX)) == 0;
    if (status == TILEPROP_OK && known != expected)
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: expected %zu tensors " TP_RUN_PREFIX "* for its layers and history, found %zu",
                         read.file.path, known, expected);
    tp_safetensors_free(&read);
    if (status != TILEPROP_OK)
        tp_checkpoint_free(checkpoint);
    return status;
}

tileprop_status tp_checkpoint_write(const struct tp_checkpoint *checkpoint, struct tp_safe_file *out,
                                    struct tp_error *error)
{
    struct tp_checkpoint *copy = malloc(sizeof *copy);
    if (!copy)
        return tp_fail_memory(error, out->path, "a checkpoint");
    *copy = *checkpoint;
    if (copy->state.best.count == 0)
        copy->state.best.loss = 0; /* infinity cannot be written */
    const char *ended = tp_stop_name(checkpoint->state.ended);
    const struct texts run = list_texts(copy, &ended);
    struct tp_tensor_list *list = tp_model_list(&checkpoint->model);
    if (list) {
        tp_metadata_write(&list->texts, run.all, sizeof run / sizeof *run.all);
        list_due(&list->texts, checkpoint);
        for (size_t i = 0; i < checkpoint->state_count; i++)
            tp_tensor_list_layers(list, states[i], &checkpoint->states[i]);
        tp_tensor_list_layers(list, TP_BEST, &checkpoint->best);
        if (checkpoint->history)
            tp_tensor_list_vector(list, TP_HISTORY, "U8", checkpoint->history_size, 1, checkpoint->history);
    }
    free(copy);
    return tp_tensor_list_write(list, out, error);
}

void tp_checkpoint_free(struct tp_checkpoint *checkpoint)
{
    tp_model_free(&checkpoint->model);
    for (size_t i = 0; i < TP_STATES_MAX; i++)
        tp_weights_free(&checkpoint->states[i]);
    tp_weights_free(&checkpoint->best);
    free(checkpoint->history);
    *checkpoint = (struct tp_checkpoint){0};
}
