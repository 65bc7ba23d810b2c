#include "model/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/metadata.h"

#define TP_BEST    TP_RUN_PREFIX "best."
#define TP_HISTORY TP_RUN_PREFIX "history"

static const char *const states[TP_STATES_MAX] = {TP_RUN_PREFIX "state0.", TP_RUN_PREFIX "state1."};

static tileprop_status check_count(const struct tp_safetensors *read, const char *key, uint64_t found,
                                   uint64_t least, uint64_t most, struct tp_error *error)
{
    return found >= least && found <= most ? TILEPROP_OK
                                           : tp_fail(error, TILEPROP_BAD_INPUT,
                                                     "%s: __metadata__: " TP_RUN_PREFIX "%s: %" PRIu64
                                                     " found, expected %" PRIu64 " to %" PRIu64,
                                                     read->file.path, key, found, least, most);
}

/* What a run has done; no count may be one that it cannot have reached. */
static tileprop_status find_state(const struct tp_safetensors *read, struct tp_checkpoint *checkpoint,
                                  struct tp_error *error)
{
    struct tp_training_state *p = &checkpoint->state;
    uint64_t steps = 0, best_step = 0, best_samples = 0, since_best = 0;
    const struct {
        const char *key;
        int base;
        uint64_t *value;
    } counts[] = {{TP_RUN_PREFIX "steps", 10, &steps},
                  {TP_RUN_PREFIX "best_step", 10, &best_step},
                  {TP_RUN_PREFIX "best_samples", 10, &best_samples},
                  {TP_RUN_PREFIX "evaluations_since_best", 10, &since_best},
                  {TP_RUN_PREFIX "class_weights", 16, &checkpoint->class_weights},
                  {TP_RUN_PREFIX "validation", 16, &checkpoint->validation},
                  {TP_RUN_PREFIX "test", 16, &checkpoint->test},
                  {TP_RUN_PREFIX "init_from", 16, &checkpoint->init_from}};
    const struct {
        const char *key;
        double *value;
        bool power; /* at most 1 */
    } reals[] = {{TP_RUN_PREFIX "beta1_power", &p->beta1_power, true},
                 {TP_RUN_PREFIX "beta2_power", &p->beta2_power, true},
                 {TP_RUN_PREFIX "best_accuracy", &p->best.accuracy, true},
                 {TP_RUN_PREFIX "best_loss", &p->best.loss, false},
                 {TP_RUN_PREFIX "seconds", &p->seconds, false},
                 {TP_RUN_PREFIX "seconds_training", &p->seconds_training, false},
                 {TP_RUN_PREFIX "seconds_evaluation", &p->seconds_evaluation, false}};
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] && status == TILEPROP_OK; i++)
        status = tp_metadata_count(read, counts[i].key, counts[i].base, counts[i].value, error);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0] && status == TILEPROP_OK; i++) {
        status = tp_metadata_real(read, reals[i].key, reals[i].value, error);
        if (status == TILEPROP_OK && (*reals[i].value < 0 || (reals[i].power && *reals[i].value > 1)))
            status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: __metadata__: %s: %g found, expected %s",
                             read->file.path, reals[i].key, *reals[i].value,
                             reals[i].power ? "0 to 1" : "0 or more");
    }
    const char *ended;
    if (status == TILEPROP_OK)
        status = tp_metadata_text(read, TP_RUN_PREFIX "ended", &ended, error);
    if (status == TILEPROP_OK)
        status = check_count(read, "steps", steps, 1, SIZE_MAX / 2, error);
    if (status == TILEPROP_OK)
        status = check_count(read, "best_step", best_step, 0, steps - 1, error);
    if (status == TILEPROP_OK)
        status = check_count(read, "evaluations_since_best", since_best, 0, steps, error);
    if (status != TILEPROP_OK)
        return status;
    p->steps = (size_t)steps;
    p->best_step = (size_t)best_step;
    p->best.count = (size_t)best_samples;
    p->evaluations_since_best = (size_t)since_best;
    for (p->ended = TILEPROP_STOP_EPOCHS; p->ended <= TILEPROP_STOP_LOSS; p->ended++)
        if (strcmp(ended, tp_stop_name(p->ended)) == 0)
            return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "%s: __metadata__: " TP_RUN_PREFIX "ended: expected epochs, early-stop, accuracy or loss",
                   read->file.path);
}

/* Layers that have the weights' shape. */
static tileprop_status find_layers(const struct tp_safetensors *read, const char *prefix,
                                   const struct tp_weights *like, struct tp_weights *found, size_t *known,
                                   struct tp_error *error)
{
    size_t tensors = 0;
    tileprop_status status = tp_layers_find(read, prefix, found, &tensors, error);
    if (status == TILEPROP_OK && !tp_weights_alike(found, like))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: %slayers: other layers, shapes or biases found, expected those of the weights",
                         read->file.path, prefix);
    *known += tensors;
    return status == TILEPROP_OK ? tp_layers_copy(read, prefix, found, error) : status;
}

static tileprop_status find_history(const struct tp_safetensors *read, struct tp_checkpoint *checkpoint,
                                    size_t *known, struct tp_error *error)
{
    const struct tp_tensor *tensor = tp_safetensors_find(read, TP_HISTORY);
    if (!tensor)
        return TILEPROP_OK;
    if (strcmp(tensor->type, "U8") != 0 || tensor->dimensions != 1)
        return tp_tensor_fail(read, tensor, "U8 [bytes]", error);
    checkpoint->history = malloc(tensor->size ? tensor->size : 1);
    if (!checkpoint->history)
        return tp_fail(error, TILEPROP_FAILURE, "%s: out of memory for a history", read->file.path);
    memcpy(checkpoint->history, tensor->bytes, tensor->size);
    checkpoint->history_size = tensor->size;
    checkpoint->has_history = true;
    ++*known;
    return TILEPROP_OK;
}

static bool has_layers(const struct tp_safetensors *read, const char *prefix)
{
    char name[TP_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%slayers.0.weight", prefix);
    return tp_safetensors_find(read, name) != NULL;
}

static tileprop_status take(struct tp_checkpoint *checkpoint, const struct tp_safetensors *read,
                            struct tp_error *error)
{
    const struct tp_weights *weights = &checkpoint->model.weights;
    size_t known = 0, expected = 0;
    tileprop_status status = tp_model_take(&checkpoint->model, read, error);
    if (status == TILEPROP_OK && !tp_safetensors_text(read, TP_RUN_PREFIX "steps"))
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: __metadata__: no " TP_RUN_PREFIX
                         "steps found, expected a checkpoint; a model is for --init-from",
                         read->file.path);
    if (status == TILEPROP_OK)
        status = find_state(read, checkpoint, error);
    while (status == TILEPROP_OK && checkpoint->state_count < TP_STATES_MAX &&
           has_layers(read, states[checkpoint->state_count])) {
        struct tp_weights *state = &checkpoint->states[checkpoint->state_count];
        status = find_layers(read, states[checkpoint->state_count++], weights, state, &known, error);
    }
    if (status == TILEPROP_OK && has_layers(read, TP_BEST))
        status = find_layers(read, TP_BEST, weights, &checkpoint->best, &known, error);
    if (status == TILEPROP_OK)
        status = find_history(read, checkpoint, &known, error);
    for (size_t i = 0; i < read->count; i++)
        expected += strncmp(read->tensors[i].name, TP_RUN_PREFIX, strlen(TP_RUN_PREFIX)) == 0;
    if (status == TILEPROP_OK && known != expected)
        status = tp_fail(error, TILEPROP_BAD_INPUT,
                         "%s: %zu tensors " TP_RUN_PREFIX
                         "* found, expected %zu: of layers that there are, and a history",
                         read->file.path, expected, known);
    return status;
}

tileprop_status tp_checkpoint_parse(struct tp_checkpoint *checkpoint, struct tp_file *file,
                                    struct tp_error *error)
{
    struct tp_safetensors read;
    *checkpoint = (struct tp_checkpoint){0};
    tileprop_status status = tp_safetensors_parse(&read, file, error);
    if (status == TILEPROP_OK)
        status = take(checkpoint, &read, error);
    tp_safetensors_free(&read);
    if (status != TILEPROP_OK)
        tp_checkpoint_free(checkpoint);
    return status;
}

tileprop_status tp_checkpoint_read(struct tp_checkpoint *checkpoint, const char *path, struct tp_error *error)
{
    struct tp_file file;
    *checkpoint = (struct tp_checkpoint){0};
    const tileprop_status status = tp_file_read(&file, path, error);
    return status == TILEPROP_OK ? tp_checkpoint_parse(checkpoint, &file, error) : status;
}

/* Adds the texts of the run to those of the model. */
static bool describe(const struct tp_checkpoint *checkpoint, json_t *texts)
{
    const struct tp_training_state *p = &checkpoint->state;
    const struct {
        const char *key;
        json_t *text;
    } all[] = {
        {TP_RUN_PREFIX "steps", json_sprintf("%zu", p->steps)},
        {TP_RUN_PREFIX "beta1_power", json_sprintf("%.17g", p->beta1_power)},
        {TP_RUN_PREFIX "beta2_power", json_sprintf("%.17g", p->beta2_power)},
        {TP_RUN_PREFIX "best_loss", json_sprintf("%.17g", p->best.loss)},
        {TP_RUN_PREFIX "best_accuracy", json_sprintf("%.17g", p->best.accuracy)},
        {TP_RUN_PREFIX "best_samples", json_sprintf("%zu", p->best.count)},
        {TP_RUN_PREFIX "best_step", json_sprintf("%zu", p->best_step)},
        {TP_RUN_PREFIX "evaluations_since_best", json_sprintf("%zu", p->evaluations_since_best)},
        {TP_RUN_PREFIX "ended", json_string(tp_stop_name(p->ended))},
        {TP_RUN_PREFIX "seconds", json_sprintf("%.17g", p->seconds)},
        {TP_RUN_PREFIX "seconds_training", json_sprintf("%.17g", p->seconds_training)},
        {TP_RUN_PREFIX "seconds_evaluation", json_sprintf("%.17g", p->seconds_evaluation)},
        {TP_RUN_PREFIX "class_weights", json_sprintf("%016" PRIx64, checkpoint->class_weights)},
        {TP_RUN_PREFIX "validation", json_sprintf("%016" PRIx64, checkpoint->validation)},
        {TP_RUN_PREFIX "test", json_sprintf("%016" PRIx64, checkpoint->test)},
        {TP_RUN_PREFIX "init_from", json_sprintf("%016" PRIx64, checkpoint->init_from)},
    };
    bool good = texts != NULL;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        good &= json_object_set_new(texts, all[i].key, all[i].text) == 0;
    return good;
}

tileprop_status tp_checkpoint_write(const struct tp_checkpoint *checkpoint, struct tp_safe_file *out,
                                    struct tp_error *error)
{
    struct tp_tensor_list *list = calloc(1, sizeof *list);
    json_t *texts = tp_model_describe(&checkpoint->model);
    tileprop_status status = TILEPROP_OK;
    if (describe(checkpoint, texts) && list) {
        tp_model_list(&checkpoint->model, list);
        for (size_t i = 0; i < checkpoint->state_count; i++)
            tp_tensor_list_layers(list, states[i], &checkpoint->states[i]);
        tp_tensor_list_layers(list, TP_BEST, &checkpoint->best);
        if (checkpoint->has_history)
            tp_tensor_list_vector(list, TP_HISTORY, "U8", checkpoint->history_size, 1, checkpoint->history);
        status = tp_safetensors_write(out, list->tensors, list->count, texts, error);
    } else {
        status = tp_fail(error, TILEPROP_FAILURE, "%s: %s: out of memory for a checkpoint", out->option,
                         out->path);
    }
    json_decref(texts);
    free(list);
    return status;
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
