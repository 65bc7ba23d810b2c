#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/api.h"
#include "data/schema_text.h"
#include "train/training_options.h"

/* A set of the caller's. */
struct set {
    const char *name;
    tileprop_data given;
    struct tp_dataset own;
    uint16_t *labels; /* a copy of other labels than u16, or NULL */
};

/* A call of tileprop_train. */
struct training {
    struct tp_call call;
    tileprop_options options; /* completed, and resolved once the data are known */
    tileprop_run_options run;
    struct set train, validation, test; /* test: count 0 without */
    struct tp_model start;              /* that of init_from */
    struct tp_keeper keeper;
    struct tp_training work;
    tileprop_result found;
};

static tileprop_status take_run(const tileprop_run_options *given, tileprop_run_options *run,
                                struct tp_error *error)
{
    *run = (tileprop_run_options){0};
    if (!given)
        return TILEPROP_OK;
    if (given->size != sizeof *given)
        return tp_fail(error, TILEPROP_USAGE, "run: size %zu found, expected %zu", given->size,
                       sizeof *given);
    *run = *given;
    return TILEPROP_OK;
}

/* Whether a set says of itself that it can be evaluated, before anything that it points to is read. */
static tileprop_status compare(const tileprop_data *found, const struct set *train, struct tp_error *error)
{
    static const char *const types[] = {[TILEPROP_U8] = "u8", [TILEPROP_F32] = "f32"};
    const tileprop_data *expected = &train->given;
    if (found->type != expected->type)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: samples of type %s found, expected %s as in %s",
                       found->name, types[found->type], types[expected->type], train->name);
    if (found->features != expected->features)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: samples of %zu values found, expected %zu as in %s",
                       found->name, found->features, expected->features, train->name);
    if (found->classes > train->own.classes)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %zu classes found, expected at most %zu as in %s",
                       found->name, found->classes, train->own.classes, train->name);
    return TILEPROP_OK;
}

static tileprop_status take_set(struct set *set, const char *name, const tileprop_data *given,
                                const struct set *train, struct tp_error *error)
{
    tileprop_status status = tp_api_complete(name, given, &set->given, error);
    if (status == TILEPROP_OK && train)
        status = compare(&set->given, train, error);
    if (status != TILEPROP_OK)
        return status;
    set->name = set->given.name;
    if (train && !set->given.classes)
        set->given.classes = train->own.classes;
    return tp_api_finite_data(&set->given, &set->own, &set->labels, error);
}

/* What models and losses need of the classes that are trained on. */
static tileprop_status check_classes(const struct set *train, struct tp_error *error)
{
    const float *weights = train->given.class_weights;
    const char *const *names = train->given.class_names;
    for (size_t k = 0; k < train->own.classes; k++) {
        if (weights && !(weights[k] >= 0 && isfinite(weights[k])))
            return tp_fail(error, TILEPROP_BAD_INPUT,
                           "%s: class_weights[%zu]: %g found, expected a number from 0", train->name, k,
                           (double)weights[k]);
        if (names && !names[k])
            return tp_fail(error, TILEPROP_USAGE, "%s: class_names[%zu]: NULL found, expected a name",
                           train->name, k);
    }
    return TILEPROP_OK;
}

/* Classes without names are called by their numbers. */
static bool name_classes(const struct set *train, struct tp_schema *schema)
{
    static const struct tp_schema unnamed = {0};
    bool good = true;
    for (size_t k = 0; good && k < train->own.classes; k++) {
        char number[32];
        good = tp_schema_add_class(schema, train->given.class_names
                                               ? train->given.class_names[k]
                                               : tp_schema_class(&unnamed, k, number, sizeof number));
    }
    return good;
}

/* A model of the run but for its weights; what the trainer finds of the normalization has room there. */
static tileprop_status describe(const struct training *t, struct tp_model *model, struct tp_error *error)
{
    const size_t features = t->train.own.features;
    const char *schema = t->train.given.schema;
    *model = (struct tp_model){.described = true,
                               .activation = t->options.activation,
                               .normalize = t->options.normalize,
                               .normalization.features = features,
                               .normalization.scale = malloc(features * sizeof(float)),
                               .normalization.shift = malloc(features * sizeof(float)),
                               .schema.features = features,
                               .options = strdup(t->run.text ? t->run.text : ""),
                               .fingerprint = t->keeper.next.model.fingerprint};
    const tileprop_status status =
        schema ? tp_schema_text_read(&model->schema, schema, features, t->train.name, error) : TILEPROP_OK;
    if (status != TILEPROP_OK)
        return status;
    return model->normalization.scale && model->normalization.shift && model->options &&
                   name_classes(&t->train, &model->schema)
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_FAILURE, "out of memory: a model");
}

/* Room for weights that become models and, with state, checkpoints. */
static tileprop_status make_room(struct training *t, struct tp_error *error)
{
    struct tp_kept_weights *const both[] = {&t->keeper.last, &t->keeper.best};
    struct tp_checkpoint *next = &t->keeper.next;
    struct tp_network network;
    tileprop_status status =
        tp_network_shape(&network, &t->options, t->train.own.features, t->train.own.classes, 1, error);
    for (int i = 0; i < 2 && status == TILEPROP_OK; i++) {
        if (!both[i]->wanted)
            continue;
        tp_weights_shape(&both[i]->weights, &network);
        status = tp_weights_allocate(&both[i]->weights, error);
    }
    if (status == TILEPROP_OK) {
        next->state_count = (size_t)network.states;
        tp_weights_shape(&next->model.weights, &network);
        for (size_t i = 0; i < next->state_count; i++)
            tp_weights_shape(&next->states[i], &network);
    }
    tp_network_free(&network);
    if (status == TILEPROP_OK && t->run.checkpoint) {
        status = tp_weights_allocate(&next->model.weights, error);
        for (size_t i = 0; i < next->state_count && status == TILEPROP_OK; i++)
            status = tp_weights_allocate(&next->states[i], error);
    }
    return status;
}

/* What models and checkpoints of the run have in common, while there is time to say that it cannot be kept.
 */
static tileprop_status prepare_models(struct training *t, struct tp_error *error)
{
    struct tp_checkpoint *next = &t->keeper.next;
    const struct tp_dataset *train = &t->train.own;
    const char *init_from = t->options.init_from;
    if (!t->keeper.last.wanted && !t->keeper.best.wanted && !t->run.checkpoint && !t->run.resume)
        return TILEPROP_OK;
    next->model.fingerprint = tp_model_fingerprint(train);
    tileprop_status status = describe(t, &next->model, error);
    if (status == TILEPROP_OK)
        status = tp_model_check(&next->model, t->train.name, error);
    if (status == TILEPROP_OK)
        status = make_room(t, error);
    if (status != TILEPROP_OK || (!t->run.checkpoint && !t->run.resume))
        return status;
    if (train->class_weights)
        next->class_weights =
            XXH3_64bits(train->class_weights, train->classes * sizeof *train->class_weights);
    next->validation = tp_model_fingerprint(&t->validation.own);
    next->test = t->test.own.count ? tp_model_fingerprint(&t->test.own) : 0;
    /* Of the path and not of the file, where there may be another one by now; it is not read again. */
    next->init_from = init_from       ? XXH3_64bits(init_from, strlen(init_from))
                      : t->run.resume ? t->run.resume->own.init_from
                                      : 0;
    return TILEPROP_OK;
}

static void keep_normalization(struct tp_normalization *to, const struct tp_normalization *from)
{
    memcpy(to->scale, from->scale, from->features * sizeof *to->scale);
    memcpy(to->shift, from->shift, from->features * sizeof *to->shift);
    to->mean = from->mean;
    to->deviation = from->deviation;
}

static tileprop_status resume(struct training *t, struct tp_error *error)
{
    const tileprop_checkpoint *from = t->run.resume;
    const tileprop_status status = tp_api_resumable(from, t->run.resume_inexact != 0, &t->keeper.next, error);
    if (status != TILEPROP_OK)
        return status;
    if (t->keeper.best.wanted && !tp_weights_alike(&from->own.best, &t->keeper.best.weights))
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: no best weights found, expected a run that was to give them", from->path);
    if (t->keeper.best.wanted) {
        tp_weights_copy(&t->keeper.best.weights, &from->own.best);
        keep_normalization(&t->keeper.next.model.normalization, &from->own.model.normalization);
        t->keeper.best.filled = true;
        t->keeper.best.step = from->own.state.best_step;
        t->keeper.best.validation = from->own.state.best;
    }
    t->work.resumed = &from->own.state;
    t->work.resumed_weights = &from->own.model.weights;
    t->work.resumed_states = from->own.states;
    return TILEPROP_OK;
}

/* The initial weights, of which a run that is resumed has more already. */
static tileprop_status take_initial_weights(struct training *t, struct tp_error *error)
{
    const struct tp_model *start =
        t->options.initial_weights ? &t->options.initial_weights->model : &t->start;
    const char *path = t->options.init_from;
    tileprop_status status = TILEPROP_OK;
    if (t->run.resume || (!path && !t->options.initial_weights))
        return TILEPROP_OK;
    if (path && t->options.initial_weights)
        return tp_fail(error, TILEPROP_USAGE, "init_from: expected without initial_weights");
    if (path)
        status = tp_model_read(&t->start, path, error);
    if (status == TILEPROP_OK)
        status = tp_model_starts(start, path ? path : "initial_weights", &t->options, t->train.own.features,
                                 t->train.own.classes, error);
    t->work.initial_weights = &start->weights;
    return status;
}

static void keep(void *context, const struct tp_kept *kept)
{
    struct tp_keeper *keeper = context;
    struct tp_kept_weights *to = kept->last ? &keeper->last : &keeper->best;
    if (!to->wanted)
        return;
    tp_network_get(kept->network, &to->weights);
    to->filled = true;
    to->step = kept->step;
    to->validation = kept->validation;
    keep_normalization(&keeper->next.model.normalization, kept->normalization);
}

/* A model of weights that were kept, which it takes over. */
static tileprop_status make_model(struct training *t, struct tp_kept_weights *kept, tileprop_model **handle,
                                  struct tp_error *error)
{
    struct tp_model model;
    if (!kept->filled)
        return TILEPROP_OK;
    const tileprop_status status = describe(t, &model, error);
    if (status != TILEPROP_OK) {
        tp_model_free(&model);
        return status;
    }
    keep_normalization(&model.normalization, &t->keeper.next.model.normalization);
    model.weights = kept->weights;
    model.step = kept->step;
    model.validation = kept->validation;
    kept->weights = (struct tp_weights){0};
    return tp_api_model(handle, &model, error);
}

static tileprop_status take_sets(struct training *t, const tileprop_data *data,
                                 const tileprop_data *validation, const double *fraction,
                                 struct tp_error *error)
{
    tileprop_status status = take_set(&t->train, "train", data, NULL, error);
    if (status == TILEPROP_OK)
        status = check_classes(&t->train, error);
    if (status == TILEPROP_OK)
        status = fraction ? tp_dataset_tail(&t->train.own, *fraction, &t->validation.own, error)
                          : take_set(&t->validation, "validation", validation, &t->train, error);
    if (status == TILEPROP_OK && t->run.test)
        status = take_set(&t->test, "test", t->run.test, &t->train, error);
    return status;
}

/* Everything up to the training itself. fraction NULL: validation is given. */
static tileprop_status prepare(struct training *t, const tileprop_options *options, const tileprop_data *data,
                               const tileprop_data *validation, const double *fraction,
                               const tileprop_result *result, struct tp_error *error)
{
    tileprop_status status = tp_api_options(options, &t->options, error);
    if (status == TILEPROP_OK && result)
        status =
            tp_api_size("result", result->size, offsetof(tileprop_result, test_loss), sizeof *result, error);
    if (status == TILEPROP_OK)
        status = take_run(t->options.run, &t->run, error);
    if (status == TILEPROP_OK)
        status = take_sets(t, data, validation, fraction, error);
    if (status != TILEPROP_OK)
        return status;
    tp_options_resolve(&t->options, t->train.own.type, t->train.own.count);
    t->work = (struct tp_training){.options = &t->options,
                                   .run = &t->run,
                                   .train = &t->train.own,
                                   .validation = &t->validation.own,
                                   .test = t->test.own.count ? &t->test.own : NULL,
                                   .keep = keep,
                                   .keeper = &t->keeper};
    status = take_initial_weights(t, error);
    if (status == TILEPROP_OK)
        status = prepare_models(t, error);
    return status == TILEPROP_OK && t->run.resume ? resume(t, error) : status;
}

static tileprop_status begin(struct training *t, const tileprop_options *options, const tileprop_data *data,
                             const tileprop_data *validation, const double *fraction, tileprop_model **last,
                             tileprop_model **best, const tileprop_result *result)
{
    *t = (struct training){.found.size = result ? result->size : sizeof *result};
    tp_call_begin(&t->call);
    if (last)
        *last = NULL;
    if (best)
        *best = NULL;
    t->keeper.last.wanted = last != NULL;
    t->keeper.best.wanted = best != NULL;
    return prepare(t, options, data, validation, fraction, result, &t->call.error);
}

/* Gives what there is of a run, also of one that diverged, and ends the call. */
static tileprop_status end(struct training *t, tileprop_status status, tileprop_model **last,
                           tileprop_model **best, tileprop_result *result, char *message, size_t size)
{
    struct tp_error second;
    struct tp_error *error = status == TILEPROP_OK ? &t->call.error : &second;
    tileprop_status given = TILEPROP_OK;
    if (status == TILEPROP_OK || status == TILEPROP_DIVERGED) {
        if (result)
            memcpy(result, &t->found, result->size);
        given = make_model(t, &t->keeper.last, last, error);
        if (given == TILEPROP_OK)
            given = make_model(t, &t->keeper.best, best, error);
    }
    if (status == TILEPROP_OK && given != TILEPROP_OK) {
        status = given;
        if (last) {
            tileprop_model_free(*last); /* there was no memory for the other one */
            *last = NULL;
        }
    }
    tp_weights_free(&t->keeper.last.weights);
    tp_weights_free(&t->keeper.best.weights);
    tp_checkpoint_free(&t->keeper.next);
    tp_model_free(&t->start);
    free(t->train.labels);
    free(t->validation.labels);
    free(t->test.labels);
    return tp_call_end(&t->call, status, message, size);
}

tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *data,
                               const tileprop_data *validation, tileprop_model **last, tileprop_model **best,
                               tileprop_result *result, char *message, size_t size)
{
    struct training t;
    tileprop_status status = begin(&t, options, data, validation, NULL, last, best, result);
    if (status == TILEPROP_OK)
        status = tp_train(&t.work, &t.found, &t.call.error);
    return end(&t, status, last, best, result, message, size);
}

tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data,
                                     double fraction, tileprop_model **last, tileprop_model **best,
                                     tileprop_result *result, char *message, size_t size)
{
    struct training t;
    tileprop_status status = begin(&t, options, data, NULL, &fraction, last, best, result);
    if (status == TILEPROP_OK)
        status = tp_train(&t.work, &t.found, &t.call.error);
    return end(&t, status, last, best, result, message, size);
}
