#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/api.h"
#include "data/schema_text.h"
#include "network/plan_text.h"

/* Weights that are kept for a model, the last or the best ones. */
struct kept {
    bool wanted, filled;
    struct tp_weights weights;
    size_t step;
    struct tp_metrics validation;
};

/* A set of the caller's. */
struct set {
    const char *name;
    tileprop_data given;
    struct tp_dataset own;
    uint16_t *labels; /* a copy of other labels than u16, or NULL */
};

/* A call of tileprop_train. */
struct training {
    tileprop_options given;
    tileprop_run_options run;
    struct tp_train_options options;
    struct set train, validation, test; /* test: count 0 without */
    struct tp_model start;              /* that of init_from */
    struct tp_checkpoint next;          /* what is the same in all checkpoints, and room for the rest */
    struct tp_resumed resumed;
    struct kept last, best;
    tileprop_progress progress;
    bool stop; /* the caller's wish */
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

static json_t *class_names(const struct set *train)
{
    const size_t classes = train->own.classes;
    if (!train->given.class_names)
        return tp_model_number_classes(classes);
    json_t *names = json_array();
    for (size_t k = 0; names && k < classes; k++) {
        if (json_array_append_new(names, json_string(train->given.class_names[k])) != 0) {
            json_decref(names);
            names = NULL;
        }
    }
    return names;
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
                               .class_names = class_names(&t->train),
                               .schema.features = features,
                               .options = strdup(t->run.text ? t->run.text : ""),
                               .fingerprint = t->next.model.fingerprint};
    if (!model->normalization.scale || !model->normalization.shift || !model->class_names || !model->options)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: a model");
    return schema ? tp_schema_text_read(&model->schema, schema, features, t->train.name, error) : TILEPROP_OK;
}

/* Room for weights that become models and, with state, checkpoints. */
static tileprop_status make_room(struct training *t, struct tp_error *error)
{
    struct kept *const both[] = {&t->last, &t->best};
    struct tp_checkpoint *next = &t->next;
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
    struct tp_checkpoint *next = &t->next;
    const struct tp_dataset *train = &t->train.own;
    const char *init_from = t->given.init_from;
    if (!t->last.wanted && !t->best.wanted && !t->run.checkpoint && !t->run.resume)
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
    const tileprop_status status = tp_api_resumable(from, t->run.resume_inexact != 0, &t->next, error);
    if (status != TILEPROP_OK)
        return status;
    if (t->best.wanted && !tp_weights_alike(&from->own.best, &t->best.weights))
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: no best weights found, expected a run that was to give them", from->path);
    if (t->best.wanted) {
        tp_weights_copy(&t->best.weights, &from->own.best);
        keep_normalization(&t->next.model.normalization, &from->own.model.normalization);
        t->best.filled = true;
        t->best.step = from->own.progress.best_step;
        t->best.validation = from->own.progress.best;
    }
    t->resumed = (struct tp_resumed){&from->own.progress, &from->own.model.weights, from->own.states};
    t->options.resumed = &t->resumed;
    return TILEPROP_OK;
}

/* The first weights, of which a run that is resumed has more already. */
static tileprop_status take_first_weights(struct training *t, struct tp_error *error)
{
    const struct tp_model *start = t->given.initial_weights ? &t->given.initial_weights->model : &t->start;
    const char *path = t->given.init_from;
    tileprop_status status = TILEPROP_OK;
    if (t->run.resume || (!path && !t->given.initial_weights))
        return TILEPROP_OK;
    if (path && t->given.initial_weights)
        return tp_fail(error, TILEPROP_USAGE, "init_from: expected without initial_weights");
    if (path)
        status = tp_model_read(&t->start, path, error);
    if (status == TILEPROP_OK)
        status = tp_model_starts(start, path ? path : "initial_weights", &t->options, t->train.own.features,
                                 t->train.own.classes, error);
    t->options.initial_weights = &start->weights;
    return status;
}

/* The plan as text, to be freed; NULL without memory. */
static char *plan_text(const struct tp_run *run)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    tp_plan_write(&run->plan, run->layers, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static void on_started(void *context, const struct tp_run *from)
{
    const struct training *t = context;
    tileprop_candidate candidates[TP_CANDIDATES_MAX];
    for (size_t i = 0; i < from->probe.count; i++)
        candidates[i] =
            (tileprop_candidate){from->probe.candidates[i].step_members, from->probe.candidates[i].model,
                                 from->probe.candidates[i].measured};
    char *plan = plan_text(from);
    const tileprop_run run = {.size = sizeof run,
                              .isa = from->isa,
                              .tile = tp_tier_find(from->isa)->tile,
                              .threads_most = from->threads_requested,
                              .threads = from->threads_used,
                              .threads_of_steps = from->plan.step_members,
                              .threads_bound = from->threads_bound,
                              .plan = plan ? plan : "",
                              .candidates = candidates,
                              .candidate_count = from->probe.count,
                              .seconds_planning = from->probe.seconds,
                              .inputs = from->inputs,
                              .classes = from->classes,
                              .layers = from->layers,
                              .parameters = from->parameters,
                              .learning_rate = from->learning_rate,
                              .batch = from->batch,
                              .steps_per_epoch = from->steps_per_epoch,
                              .steps_planned = from->steps_planned,
                              .steps_before = from->steps_before,
                              .seconds_before = from->seconds_before,
                              .flops_per_step = from->flops_per_step,
                              .mean = from->mean,
                              .deviation = from->deviation};
    if (t->run.started)
        t->run.started(t->run.context, &run);
    free(plan);
}

static void tell(struct training *t)
{
    if (t->given.progress && t->given.progress(t->given.context, &t->progress) != 0)
        t->stop = true;
}

static void on_step(void *context, size_t step, size_t epoch, double loss)
{
    struct training *t = context;
    t->progress = (tileprop_progress){.size = sizeof t->progress,
                                      .step = step,
                                      .epoch = epoch,
                                      .loss = loss,
                                      .validation_loss = NAN,
                                      .validation_accuracy = NAN,
                                      .train_accuracy = NAN};
    tell(t);
}

static void on_evaluated(void *context, const struct tp_evaluation *evaluation)
{
    struct training *t = context;
    t->progress.evaluated = 1;
    t->progress.validation_loss = evaluation->validation.loss;
    t->progress.validation_accuracy = evaluation->validation.accuracy;
    t->progress.best = evaluation->best;
    t->progress.gradient_norms = evaluation->gradient_norms;
    t->progress.train_evaluated = evaluation->train.count > 0;
    if (evaluation->train.count)
        t->progress.train_accuracy = evaluation->train.accuracy;
    tell(t);
}

static void on_weights(void *context, const struct tp_weights_shown *shown)
{
    struct training *t = context;
    struct kept *kept = shown->last ? &t->last : &t->best;
    if (!kept->wanted)
        return;
    tp_network_get(shown->network, &kept->weights);
    kept->filled = true;
    kept->step = shown->step;
    kept->validation = shown->validation;
    keep_normalization(&t->next.model.normalization, shown->normalization);
}

static bool on_interrupted(void *context)
{
    const struct training *t = context;
    return t->stop || (t->run.interrupted && t->run.interrupted(t->run.context) != 0);
}

static bool on_checkpoint_due(void *context, size_t step)
{
    const struct training *t = context;
    return t->run.checkpoint_due && t->run.checkpoint_due(t->run.context, step) != 0;
}

static void on_checkpoint(void *context, const struct tp_checkpoint_shown *shown)
{
    const struct training *t = context;
    const tileprop_training_state moment = {&t->next, shown, t->best.filled ? &t->best.weights : NULL};
    t->run.checkpoint(t->run.context, &moment);
}

/* A model of weights that were kept, which it takes over. */
static tileprop_status make_model(struct training *t, struct kept *kept, tileprop_model **handle,
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
    keep_normalization(&model.normalization, &t->next.model.normalization);
    model.weights = kept->weights;
    model.step = kept->step;
    model.validation = kept->validation;
    kept->weights = (struct tp_weights){0};
    return tp_api_model(handle, &model, error);
}

static void write_times(const struct training *t, const struct tp_result *from)
{
    const size_t layers = from->run.layers;
    for (size_t v = 0; t->run.times && v < TILEPROP_VERBS; v++)
        for (size_t l = 0; l < layers; l++)
            t->run.times[v * layers + l] =
                (tileprop_time){from->profile.mean[v][l].seconds, from->profile.mean[v][l].waited,
                                from->profile.longest[v][l]};
}

static void write_result(tileprop_result *to, const struct tp_result *from)
{
    const tileprop_result all = {.size = to->size,
                                 .stopped_by = (tileprop_stop)from->stopped_by,
                                 .steps = from->steps,
                                 .epochs = from->epochs,
                                 .train_loss = from->train.loss,
                                 .train_accuracy = from->train.accuracy,
                                 .validation_loss = from->validation.loss,
                                 .validation_accuracy = from->validation.accuracy,
                                 .best_validation_loss = from->best_validation_loss,
                                 .best_validation_accuracy = from->best_validation_accuracy,
                                 .best_step = from->best_step,
                                 .seconds_training = from->seconds_training,
                                 .seconds_evaluation = from->seconds_evaluation,
                                 .weights_hash = from->weights_hash,
                                 .threads = from->run.threads_used,
                                 .isa = from->run.isa,
                                 .test_loss = from->test.count ? from->test.loss : NAN,
                                 .test_accuracy = from->test.count ? from->test.accuracy : NAN,
                                 .threads_worked = from->threads_worked,
                                 .numa = (tileprop_numa)from->numa,
                                 .numa_nodes = from->numa_nodes};
    memcpy(to, &all, to->size);
}

/* What is there of a run, also of one that diverged. */
static tileprop_status give(struct training *t, const struct tp_result *found, tileprop_model **last,
                            tileprop_model **best, tileprop_result *result, struct tp_error *error)
{
    if (result)
        write_result(result, found);
    write_times(t, found);
    const tileprop_status status = make_model(t, &t->last, last, error);
    return status == TILEPROP_OK ? make_model(t, &t->best, best, error) : status;
}

static tileprop_status run(struct training *t, tileprop_model **last, tileprop_model **best,
                           tileprop_result *result, struct tp_error *error)
{
    const struct tp_observer observer = {.context = t,
                                         .started = on_started,
                                         .step = on_step,
                                         .evaluated = on_evaluated,
                                         .weights = on_weights,
                                         .interrupted = on_interrupted,
                                         .checkpoint_due = on_checkpoint_due,
                                         .checkpoint = t->run.checkpoint ? on_checkpoint : NULL};
    struct tp_result found;
    t->last.wanted = last != NULL;
    t->best.wanted = best != NULL;
    t->options.explain = t->run.times != NULL;
    t->options.log_gradients = t->given.log_gradients != 0;
    tp_api_resolve(&t->given, &t->train.own, &t->options);
    tileprop_status status = take_first_weights(t, error);
    if (status == TILEPROP_OK)
        status = prepare_models(t, error);
    if (status == TILEPROP_OK && t->run.resume)
        status = resume(t, error);
    if (status != TILEPROP_OK)
        return status;
    status = tp_train(&t->options, &t->train.own, &t->validation.own, t->test.own.count ? &t->test.own : NULL,
                      &observer, &found, error);
    if (status == TILEPROP_OK)
        return give(t, &found, last, best, result, error);
    struct tp_error second;
    if (status == TILEPROP_DIVERGED)
        give(t, &found, last, best, result, &second);
    return status;
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

static void free_training(struct training *t)
{
    tp_weights_free(&t->last.weights);
    tp_weights_free(&t->best.weights);
    tp_checkpoint_free(&t->next);
    tp_model_free(&t->start);
    free(t->train.labels);
    free(t->validation.labels);
    free(t->test.labels);
}

/* fraction NULL: validation is given. */
static tileprop_status train(const tileprop_options *options, const tileprop_data *data,
                             const tileprop_data *validation, const double *fraction, tileprop_model **last,
                             tileprop_model **best, tileprop_result *result, struct tp_error *error)
{
    struct training t = {0};
    tileprop_status status = tp_api_options(options, &t.given, &t.options, error);
    if (status == TILEPROP_OK && result)
        status =
            tp_api_size("result", result->size, offsetof(tileprop_result, test_loss), sizeof *result, error);
    if (status == TILEPROP_OK)
        status = take_run(t.given.run, &t.run, error);
    if (status == TILEPROP_OK)
        status = take_sets(&t, data, validation, fraction, error);
    if (status == TILEPROP_OK)
        status = run(&t, last, best, result, error);
    if (status != TILEPROP_OK && status != TILEPROP_DIVERGED && last) {
        tileprop_model_free(*last); /* there was no memory for the other one */
        *last = NULL;
    }
    free_training(&t);
    return status;
}

static tileprop_status call_train(const tileprop_options *options, const tileprop_data *data,
                                  const tileprop_data *validation, const double *fraction,
                                  tileprop_model **last, tileprop_model **best, tileprop_result *result,
                                  char *message, size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    if (last)
        *last = NULL;
    if (best)
        *best = NULL;
    const tileprop_status status =
        train(options, data, validation, fraction, last, best, result, &call.error);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *data,
                               const tileprop_data *validation, tileprop_model **last, tileprop_model **best,
                               tileprop_result *result, char *message, size_t size)
{
    return call_train(options, data, validation, NULL, last, best, result, message, size);
}

tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data,
                                     double fraction, tileprop_model **last, tileprop_model **best,
                                     tileprop_result *result, char *message, size_t size)
{
    return call_train(options, data, NULL, &fraction, last, best, result, message, size);
}
