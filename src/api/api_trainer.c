#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_train.h"
#include "base/option_value.h"
#include "train/stepper.h"
#include "train/training_options.h"

/* Its snapshots.next is its description, with memory for weights and optimizer state. */
struct tileprop_trainer {
    struct tp_api_training training;
    float *class_weights;
    char *options; /* that a state can be restored with */
    struct tp_stepper *stepper;
};

/* Whether an option decides what a step computes. */
static bool counts(const tileprop_option *option)
{
    static const char *const others[] = {"init-from", "epochs", "shuffle", "drop-last"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(option->name, others[i]) == 0)
            return false;
    return strcmp(option->group, "Evaluation and stopping") != 0 && strcmp(option->group, "Machine") != 0;
}

/* These options, lines `name = value`. NULL if out of memory. */
static char *write_options(const tileprop_options *options)
{
    char *text = NULL, value[TP_OPTION_TEXT_MAX];
    size_t size;
    const tileprop_option *option;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && (option = tileprop_option_at(i)); i++) {
        tp_option_format(option, options, value, sizeof value);
        if (counts(option))
            fprintf(out, "%s = %s\n", option->name, value);
    }
    if (out && fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* How inputs are normalized: as the caller says, as the initial weights were trained with, or fitted to the data. */
static tileprop_status take_normalization(const struct tp_api_training *t, const float *scale, const float *shift,
                                          const float *split, struct tp_normalization *normalization,
                                          struct tp_error *error)
{
    const size_t features = t->train.own.features;
    if (!scale != !shift)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected both scale and shift or neither, found NULL",
                       scale ? "shift" : "scale");
    if (split && !scale)
        return tp_fail(error, TILEPROP_USAGE, "scale: expected scale and shift with split, found NULL");
    tileprop_status status = tp_api_finite("scale", scale, features, error);
    if (status == TILEPROP_OK)
        status = tp_api_finite("shift", shift, features, error);
    if (status == TILEPROP_OK)
        status = tp_api_split("split", split, features, error);
    if (status != TILEPROP_OK)
        return status;
    if (scale)
        return tp_normalization_of(normalization, features, scale, shift, split, t->train.given.offset, error);
    if (t->work.normalization)
        return tp_normalization_copy(normalization, t->work.normalization, error);
    if (t->train.own.count == 0)
        return tp_fail(error, TILEPROP_USAGE,
                       "data: expected samples to fit the normalization to, or scale and shift, found 0 rows");
    return tp_normalization_fit(normalization, t->options.normalize, &t->train.own, error);
}

/* If the caller gives the normalization, a model's description names none of the fitted ones. */
static tileprop_status make_stepper(tileprop_trainer *h, const float *scale, const float *shift, const float *split,
                                    struct tp_error *error)
{
    struct tp_api_training *t = &h->training;
    struct tp_model *model = &t->snapshots.next.model;
    struct tp_normalization normalization = {0};
    tileprop_status status = take_normalization(t, scale, shift, split, &normalization, error);
    if (status != TILEPROP_OK)
        return status;
    if (scale)
        model->normalize = TILEPROP_NORMALIZE_NONE;
    model->fingerprint = 0; /* a state does not depend on the data that the normalization was fitted to */
    const struct tp_stepper_config shape = {.options = &t->options,
                                            .type = t->train.own.type,
                                            .features = t->train.own.features,
                                            .classes = t->train.own.classes,
                                            .class_weights = h->class_weights,
                                            .normalization = &normalization,
                                            .zeros = tp_normalization_zeros(&normalization, &t->train.own),
                                            .initial_weights = t->work.initial_weights,
                                            .pending_bytes = t->work.pending_bytes};
    status = tp_stepper_create(&h->stepper, &shape, error);
    tp_normalization_free(&normalization);
    tp_model_free(&t->start); /* which the stepper has copied */
    return status;
}

static tileprop_status create(tileprop_trainer *h, const tileprop_options *options, const tileprop_data *data,
                              const float *scale, const float *shift, const float *split, struct tp_call *call)
{
    struct tp_api_training *t = &h->training;
    struct tp_error *error = &call->error;
    t->writes_checkpoints = true;
    tileprop_status status = tp_api_options(options, &t->options, call);
    if (status == TILEPROP_OK)
        status = tp_set_describe(&t->train, "data", data, error);
    if (status == TILEPROP_OK)
        status = tp_api_train_read_start(t, error);
    if (status == TILEPROP_OK && t->train.given.rows > 0)
        status = tp_api_train_take(t, "data", data, error);
    if (status == TILEPROP_OK)
        status = tp_api_train_check_classes(&t->train, error);
    if (status != TILEPROP_OK)
        return status;
    const size_t classes = t->train.own.classes;
    if (t->train.given.class_weights) {
        h->class_weights = calloc(classes, sizeof *h->class_weights);
        if (!h->class_weights)
            return tp_fail_memory(error, NULL, "the weights of classes");
        memcpy(h->class_weights, t->train.given.class_weights, classes * sizeof *h->class_weights);
        t->train.own.class_weights = h->class_weights;
    }
    t->run.text = h->options = write_options(&t->options);
    if (!h->options)
        return tp_fail_memory(error, NULL, "the options as text");
    status = tp_api_train_prepare(t, false, false, error);
    if (status == TILEPROP_OK)
        status = make_stepper(h, scale, shift, split, error);
    tp_set_free(&t->train);
    /* What batches must fit; the rest belonged to the caller. */
    t->train.given = (tileprop_data){.type = t->train.given.type,
                                     .rows = t->train.given.rows,
                                     .features = t->train.own.features,
                                     .classes = classes,
                                     .name = "the trainer's data"};
    return status;
}

tileprop_status tileprop_trainer_create(tileprop_trainer **trainer, const tileprop_options *options,
                                        const tileprop_data *data, const float *scale, const float *shift,
                                        const float *split, char *message, size_t size)
{
    struct tp_call call;
    tileprop_trainer *made = NULL;
    tp_call_begin(&call);
    tileprop_status status = tp_api_need(trainer, "trainer", &call.error);
    if (status == TILEPROP_OK && !(made = calloc(1, sizeof *made)))
        status = tp_fail_memory(&call.error, NULL, "a trainer");
    if (status == TILEPROP_OK)
        status = create(made, options, data, scale, shift, split, &call);
    if (trainer)
        *trainer = status == TILEPROP_OK ? made : NULL;
    if (status != TILEPROP_OK)
        tileprop_trainer_free(made);
    return tp_call_end(&call, status, message, size);
}

/* Begins a call on a trainer, whose messages name members or options as its options say. */
static tileprop_status begin(const tileprop_trainer *h, struct tp_call *call)
{
    tp_call_begin(call);
    call->members = h && !h->training.options.option_names;
    return tp_api_need(h, "trainer", &call->error);
}

static const double *offset_of(const tileprop_trainer *h)
{
    return tp_stepper_normalization(h->stepper)->offset;
}

tileprop_status tileprop_trainer_step(tileprop_trainer *h, const tileprop_data *batch, double *loss, char *message,
                                      size_t size)
{
    struct tp_call call;
    struct tp_set set = {0};
    double found = NAN;
    tileprop_status status = begin(h, &call);
    if (status == TILEPROP_OK)
        status = tp_set_take(&set, "batch", batch, &h->training.train, TP_OFFSETS_KNOWN, offset_of(h), &call.error);
    if (status == TILEPROP_OK && set.own.count > h->training.options.batch)
        status = tp_fail(&call.error, TILEPROP_BAD_INPUT, "%s: expected at most %zu rows, the option batch, found %zu",
                         set.given.name, h->training.options.batch, set.own.count);
    set.own.class_weights = h ? h->class_weights : NULL;
    if (status == TILEPROP_OK)
        status = tp_stepper_step(h->stepper, &set.own, &found, &call.error);
    if (loss)
        *loss = found;
    tp_set_free(&set);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_trainer_evaluate(tileprop_trainer *h, const tileprop_data *data, double *loss,
                                          double *accuracy, char *message, size_t size)
{
    struct tp_call call;
    struct tp_set set = {0};
    struct tp_metrics metrics = {.loss = NAN, .accuracy = NAN};
    tileprop_status status = begin(h, &call);
    if (status == TILEPROP_OK)
        status = tp_set_take(&set, "data", data, &h->training.train, TP_OFFSETS_KNOWN, offset_of(h), &call.error);
    if (status == TILEPROP_OK)
        status = tp_set_check_weights(&set, set.own.count, &call.error);
    if (status == TILEPROP_OK)
        status = tp_stepper_evaluate(h->stepper, &set.own, &metrics, &call.error);
    if (loss)
        *loss = metrics.loss;
    if (accuracy)
        *accuracy = metrics.accuracy;
    tp_set_free(&set);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_trainer_model(tileprop_trainer *h, tileprop_model **model, char *message, size_t size)
{
    struct tp_call call;
    tileprop_status status = begin(h, &call);
    if (model)
        *model = NULL;
    if (status == TILEPROP_OK)
        status = tp_api_need(model, "model", &call.error);
    if (status == TILEPROP_OK) {
        struct tp_model *own = &h->training.snapshots.next.model;
        const struct tp_training_state *state = tp_stepper_state(h->stepper);
        const struct tp_metrics none = {0};
        tp_network_get(tp_stepper_network(h->stepper), 0, &own->weights);
        tp_api_train_describe(own, tp_stepper_normalization(h->stepper), state->steps ? state->steps - 1 : 0, &none);
        status = tp_api_copy(model, own, &call.error);
    }
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_trainer_save(tileprop_trainer *h, const char *path, char *message, size_t size)
{
    struct tp_call call;
    struct tp_safe_file file = {0};
    tileprop_status status = begin(h, &call);
    if (status == TILEPROP_OK)
        status = tp_api_need(path, "path", &call.error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&file, "tileprop_trainer_save", path, &call.error);
    if (status == TILEPROP_OK) {
        const tileprop_training_state here = {.network = tp_stepper_network(h->stepper),
                                              .normalization = tp_stepper_normalization(h->stepper),
                                              .state = tp_stepper_state(h->stepper),
                                              .snapshots = &h->training.snapshots};
        status = tileprop_checkpoint_write(&here, file.file, NULL, 0, call.error.text, sizeof call.error.text);
        file.error = ferror(file.file) ? errno : 0;
    }
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&file, &call.error);
    tp_safe_file_discard(&file);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_trainer_restore(tileprop_trainer *h, const char *path, char *message, size_t size)
{
    tileprop_checkpoint *from = NULL;
    struct tp_call call;
    tileprop_status status = tileprop_checkpoint_load(&from, path, message, size);
    if (status != TILEPROP_OK)
        return status;
    status = begin(h, &call);
    if (status == TILEPROP_OK)
        status = tp_api_resumable(from, false, &h->training.snapshots.next, &call.error);
    if (status == TILEPROP_OK)
        status = tp_stepper_restore(h->stepper, &from->own.state, &from->own.model.normalization,
                                    &from->own.model.weights, from->own.states, &call.error);
    if (status == TILEPROP_OK)
        h->training.snapshots.next.model.normalize = from->own.model.normalize;
    tileprop_checkpoint_free(from);
    return tp_call_end(&call, status, message, size);
}

void tileprop_trainer_free(tileprop_trainer *h)
{
    if (!h)
        return;
    tp_stepper_free(h->stepper);
    tp_api_train_free(&h->training);
    free(h->class_weights);
    free(h->options);
    free(h);
}
