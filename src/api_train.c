#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "train_wishes.h"
#include "trainer.h"

#define SAME(public_name, own_name) ((int)(public_name) == (int)(own_name))

_Static_assert(SAME(TILEPROP_SIGMOID, TP_SIGMOID) && SAME(TILEPROP_LECUN_TANH, TP_LECUN_TANH) &&
                   SAME(TILEPROP_TANH, TP_TANH) && SAME(TILEPROP_RELU, TP_RELU) &&
                   SAME(TILEPROP_INIT_AUTO, TP_INIT_AUTO) && SAME(TILEPROP_INIT_UNIFORM, TP_INIT_UNIFORM) &&
                   SAME(TILEPROP_INIT_FAN_IN, TP_INIT_FAN_IN) && SAME(TILEPROP_INIT_HE, TP_INIT_HE) &&
                   SAME(TILEPROP_BIAS_INPUT, TP_BIAS_INPUT) && SAME(TILEPROP_BIAS_ALL, TP_BIAS_ALL) &&
                   SAME(TILEPROP_BIAS_NONE, TP_BIAS_NONE) &&
                   SAME(TILEPROP_NORMALIZE_GLOBAL, TP_NORMALIZE_GLOBAL) &&
                   SAME(TILEPROP_NORMALIZE_FEATURE, TP_NORMALIZE_FEATURE) &&
                   SAME(TILEPROP_NORMALIZE_UNIT, TP_NORMALIZE_UNIT) &&
                   SAME(TILEPROP_NORMALIZE_NONE, TP_NORMALIZE_NONE) && SAME(TILEPROP_SGD, TP_SGD) &&
                   SAME(TILEPROP_MOMENTUM, TP_MOMENTUM) && SAME(TILEPROP_LECUN_MOMENTUM, TP_LECUN_MOMENTUM) &&
                   SAME(TILEPROP_NESTEROV, TP_NESTEROV) && SAME(TILEPROP_ADAM, TP_ADAM) &&
                   SAME(TILEPROP_BIND_NONE, TP_BIND_NONE) && SAME(TILEPROP_BIND_AUTO, TP_BIND_AUTO) &&
                   SAME(TILEPROP_BIND_CORES, TP_BIND_CORES) && SAME(TILEPROP_NUMA_AUTO, TP_NUMA_AUTO) &&
                   SAME(TILEPROP_NUMA_OFF, TP_NUMA_OFF) &&
                   SAME(TILEPROP_NUMA_INTERLEAVE, TP_NUMA_INTERLEAVE) &&
                   SAME(TILEPROP_NUMA_REPLICATE, TP_NUMA_REPLICATE) &&
                   SAME(TILEPROP_STOP_EPOCHS, TP_STOP_EPOCHS) && SAME(TILEPROP_STOP_EARLY, TP_STOP_EARLY) &&
                   SAME(TILEPROP_STOP_ACCURACY, TP_STOP_ACCURACY) && SAME(TILEPROP_STOP_LOSS, TP_STOP_LOSS) &&
                   SAME(TILEPROP_STOP_TIME, TP_STOP_TIME) && SAME(TILEPROP_STOP_PROGRESS, TP_STOP_SIGNAL) &&
                   SAME(TILEPROP_STOP_DIVERGED, TP_STOP_DIVERGED) && SAME(TILEPROP_AUTO, TP_AUTO) &&
                   SAME(TILEPROP_HIDDEN_MAX, TP_HIDDEN_MAX),
               "what is public has the numbers that it has inside");

/* Weights that are kept for a model, the last or the best ones. */
struct kept {
    bool wanted, filled;
    struct tp_weights weights;
    size_t step;
    struct tp_score validation;
};

/* A call of tileprop_train. */
struct training {
    tileprop_options given;
    struct tp_train_options options;
    struct tp_dataset train, validation;
    uint16_t *labels[2]; /* copies of labels, or NULL */
    struct tp_normalization normalization;
    struct kept last, best;
    tileprop_progress progress;
    bool stop; /* the caller's wish */
};

void tileprop_options_init(tileprop_options *options, size_t size)
{
    const struct tp_train_options o = tp_train_options_default();
    tileprop_options all = {.size = size,
                            .hidden_count = o.hidden_count,
                            .activation = (tileprop_activation)o.activation,
                            .init = (tileprop_init)o.init,
                            .bias = TILEPROP_AUTO,
                            .normalize = TILEPROP_AUTO,
                            .optimizer = (tileprop_optimizer)o.optimizer,
                            .learning_rate = o.learning_rate,
                            .momentum = o.momentum,
                            .beta1 = o.beta1,
                            .beta2 = o.beta2,
                            .epsilon = o.epsilon,
                            .weight_decay = o.weight_decay,
                            .batch = o.batch,
                            .shuffle = o.shuffle,
                            .drop_last = TILEPROP_AUTO,
                            .evals_per_epoch = o.evals_per_epoch,
                            .eval_train = o.eval_train,
                            .seed = o.seed,
                            .early_stop = o.early_stop,
                            .stop_at_accuracy = o.stop_at_accuracy,
                            .stop_at_loss = o.stop_at_loss,
                            .max_seconds = o.max_seconds,
                            .threads = o.threads,
                            .threads_exact = o.threads_exact,
                            .bind = TILEPROP_BIND_NONE,
                            .numa = TILEPROP_NUMA_OFF,
                            .isa = o.isa};
    memcpy(all.hidden, o.hidden, sizeof all.hidden);
    memcpy(options, &all, size < sizeof all ? size : sizeof all);
}

static enum tp_status check_choices(const tileprop_options *g, struct tp_error *error)
{
    const struct {
        const char *name;
        int value, least, most;
    } all[] = {{"activation", (int)g->activation, TILEPROP_SIGMOID, TILEPROP_RELU},
               {"init", (int)g->init, TILEPROP_INIT_AUTO, TILEPROP_INIT_HE},
               {"bias", g->bias, TILEPROP_AUTO, TILEPROP_BIAS_NONE},
               {"normalize", g->normalize, TILEPROP_AUTO, TILEPROP_NORMALIZE_NONE},
               {"optimizer", (int)g->optimizer, TILEPROP_SGD, TILEPROP_ADAM},
               {"bind", (int)g->bind, TILEPROP_BIND_NONE, TILEPROP_BIND_CORES},
               {"numa", (int)g->numa, TILEPROP_NUMA_AUTO, TILEPROP_NUMA_REPLICATE}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].value < all[i].least || all[i].value > all[i].most)
            return tp_fail(error, TP_USAGE, "%s: %d found, expected %d to %d", all[i].name, all[i].value,
                           all[i].least, all[i].most);
    const struct {
        const char *name;
        double value, most; /* from 0 on */
    } reals[] = {{"learning_rate", g->learning_rate, 1000},
                 {"momentum", g->momentum, 1},
                 {"beta1", g->beta1, 1},
                 {"beta2", g->beta2, 1},
                 {"epsilon", g->epsilon, 1},
                 {"weight_decay", g->weight_decay, 1000}};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        if (!(reals[i].value >= 0 && reals[i].value <= reals[i].most))
            return tp_fail(error, TP_USAGE, "%s: %g found, expected 0 to %g", reals[i].name, reals[i].value,
                           reals[i].most);
    if (g->evals_per_epoch == 0 || g->batch == 0)
        return tp_fail(error, TP_USAGE, "%s: 0 found, expected at least 1",
                       g->batch ? "evals_per_epoch" : "batch");
    return g->isa ? TP_OK : tp_fail(error, TP_USAGE, "isa: NULL found, expected \"auto\" or a tier's name");
}

/* A caller that knows fewer options than this library gets the defaults of the others. */
enum tp_status tp_api_options(const tileprop_options *given, tileprop_options *g,
                              struct tp_train_options *options, struct tp_error *error)
{
    tileprop_options_init(g, sizeof *g);
    if (given->size > sizeof *g || given->size < offsetof(tileprop_options, progress))
        return tp_fail(error, TP_USAGE,
                       "options: size %zu found, expected at most %zu: use tileprop_options_init()",
                       given->size, sizeof *g);
    memcpy(g, given, given->size);
    if (g->hidden_count > TILEPROP_HIDDEN_MAX)
        return tp_fail(error, TP_USAGE, "hidden_count: %zu found, expected at most %d", g->hidden_count,
                       TILEPROP_HIDDEN_MAX);
    const enum tp_status status = check_choices(g, error);
    *options = (struct tp_train_options){.hidden_count = g->hidden_count,
                                         .activation = (enum tp_activation)g->activation,
                                         .init = (enum tp_init)g->init,
                                         .optimizer = (enum tp_rule_kind)g->optimizer,
                                         .learning_rate = g->learning_rate,
                                         .momentum = g->momentum,
                                         .beta1 = g->beta1,
                                         .beta2 = g->beta2,
                                         .epsilon = g->epsilon,
                                         .weight_decay = g->weight_decay,
                                         .batch = g->batch,
                                         .shuffle = g->shuffle != 0,
                                         .evals_per_epoch = g->evals_per_epoch,
                                         .eval_train = g->eval_train != 0,
                                         .seed = g->seed,
                                         .early_stop = g->early_stop,
                                         .stop_at_accuracy = g->stop_at_accuracy,
                                         .stop_at_loss = g->stop_at_loss,
                                         .max_seconds = g->max_seconds,
                                         .threads = g->threads,
                                         .threads_exact = g->threads_exact,
                                         .bind = (enum tp_bind)g->bind,
                                         .isa = g->isa,
                                         .numa = (enum tp_numa_mode)g->numa};
    memcpy(options->hidden, g->hidden, sizeof options->hidden);
    return status;
}

void tp_api_settle(const tileprop_options *given, const struct tp_dataset *train,
                   struct tp_train_options *options)
{
    const struct tp_train_wishes wishes = {given->normalize, given->bias, given->drop_last, given->epochs};
    tp_train_wishes_settle(&wishes, train->type == TP_SAMPLE_F32, train->count, options);
}

enum tp_status tp_api_finite_data(const char *name, const tileprop_data *data, struct tp_dataset *set,
                                  uint16_t **copy, struct tp_error *error)
{
    const enum tp_status status = tp_api_data(name, data, set, copy, error);
    for (size_t i = 0; status == TP_OK && data->type == TILEPROP_F32 && i < data->rows * data->features; i++)
        if (!isfinite(((const float *)data->samples)[i]))
            return tp_fail(error, TP_BAD_INPUT, "%s: row %zu: value %zu is not finite", name,
                           i / data->features, i % data->features);
    return status;
}

/* Room for the weights that become models. */
static enum tp_status make_room(struct training *t, struct tp_error *error)
{
    struct kept *const both[] = {&t->last, &t->best};
    struct tp_network network;
    t->normalization.features = t->train.features;
    t->normalization.scale = malloc(t->train.features * sizeof(float));
    t->normalization.shift = malloc(t->train.features * sizeof(float));
    if (!t->normalization.scale || !t->normalization.shift)
        return tp_fail(error, TP_FAILURE, "out of memory: the normalization of %zu values",
                       t->train.features);
    enum tp_status status =
        tp_network_shape(&network, &t->options, t->train.features, t->train.classes, 1, error);
    for (int i = 0; i < 2 && status == TP_OK; i++) {
        if (!both[i]->wanted)
            continue;
        tp_weights_shape(&both[i]->weights, &network);
        status = tp_weights_allocate(&both[i]->weights, error);
    }
    tp_network_free(&network);
    return status;
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
    if (evaluation->train.count)
        t->progress.train_accuracy = evaluation->train.accuracy;
    tell(t);
}

static void on_weights(void *context, const struct tp_weights_shown *shown)
{
    struct training *t = context;
    struct kept *kept = shown->last ? &t->last : &t->best;
    const struct tp_normalization *from = shown->normalization;
    if (!kept->wanted)
        return;
    tp_network_get(shown->network, &kept->weights);
    kept->filled = true;
    kept->step = shown->step;
    kept->validation = shown->validation;
    memcpy(t->normalization.scale, from->scale, from->features * sizeof *from->scale);
    memcpy(t->normalization.shift, from->shift, from->features * sizeof *from->shift);
    t->normalization.mean = from->mean;
    t->normalization.deviation = from->deviation;
}

static bool on_interrupted(void *context)
{
    const struct training *t = context;
    return t->stop;
}

static float *copy_floats(const float *from, size_t count)
{
    float *to = malloc(count * sizeof *to);
    return to ? memcpy(to, from, count * sizeof *to) : NULL;
}

/* A model of weights that were kept, which it takes over. */
static enum tp_status make_model(struct training *t, struct kept *kept, uint64_t fingerprint,
                                 tileprop_model **handle, struct tp_error *error)
{
    if (!kept->filled)
        return TP_OK;
    const size_t features = t->train.features;
    struct tp_model model = {
        .weights = kept->weights,
        .described = true,
        .activation = t->options.activation,
        .normalize = t->options.normalize,
        .normalization = t->normalization,
        .class_names = tp_model_number_classes(t->train.classes),
        .schema = {.features = features},
        .options = strdup(""),
        .fingerprint = fingerprint,
        .step = kept->step,
        .validation = kept->validation,
    };
    kept->weights = (struct tp_weights){0};
    model.normalization.scale = copy_floats(t->normalization.scale, features);
    model.normalization.shift = copy_floats(t->normalization.shift, features);
    if (model.class_names && model.options && model.normalization.scale && model.normalization.shift)
        return tp_api_model(handle, &model, error);
    tp_model_free(&model);
    return tp_fail(error, TP_FAILURE, "out of memory: a model");
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
                                 .isa = from->run.isa};
    memcpy(to, &all, to->size < sizeof all ? to->size : sizeof all);
}

static enum tp_status run(struct training *t, tileprop_model **last, tileprop_model **best,
                          tileprop_result *result, struct tp_error *error)
{
    const struct tp_observer observer = {.context = t,
                                         .step = on_step,
                                         .evaluated = on_evaluated,
                                         .weights = on_weights,
                                         .interrupted = on_interrupted};
    struct tp_result found;
    t->last.wanted = last != NULL;
    t->best.wanted = best != NULL;
    tp_api_settle(&t->given, &t->train, &t->options);
    if (t->train.type != t->validation.type)
        return tp_fail(error, TP_BAD_INPUT, "validation: samples of another type than in train found");
    enum tp_status status = TP_OK;
    if (t->given.first_weights) {
        t->options.first_weights = &t->given.first_weights->model.weights;
        status = tp_model_starts(&t->given.first_weights->model, "first_weights", &t->options,
                                 t->train.features, t->train.classes, error);
    }
    if (status == TP_OK)
        status = make_room(t, error);
    if (status != TP_OK)
        return status;
    const enum tp_status trained =
        tp_train(&t->options, &t->train, &t->validation, NULL, &observer, &found, error);
    if (trained != TP_OK && trained != TP_DIVERGED)
        return trained;
    if (result)
        write_result(result, &found);
    struct tp_error second;
    const uint64_t fingerprint = last || best ? tp_model_fingerprint(&t->train) : 0;
    status = make_model(t, &t->last, fingerprint, last, trained ? &second : error);
    if (status == TP_OK)
        status = make_model(t, &t->best, fingerprint, best, trained ? &second : error);
    return trained ? trained : status;
}

static void free_training(struct training *t)
{
    tp_weights_free(&t->last.weights);
    tp_weights_free(&t->best.weights);
    tp_normalization_free(&t->normalization);
    free(t->labels[0]);
    free(t->labels[1]);
}

/* validation NULL: the fraction of data is. */
static enum tp_status train(const tileprop_options *options, const tileprop_data *data,
                            const tileprop_data *validation, double fraction, tileprop_model **last,
                            tileprop_model **best, tileprop_result *result, struct tp_error *error)
{
    struct training t = {0};
    enum tp_status status = tp_api_options(options, &t.given, &t.options, error);
    if (status == TP_OK)
        status = tp_api_finite_data("train", data, &t.train, &t.labels[0], error);
    if (status == TP_OK && validation)
        status = tp_api_finite_data("validation", validation, &t.validation, &t.labels[1], error);
    if (status == TP_OK && !validation)
        status = tp_dataset_tail(&t.train, fraction, &t.validation, error);
    if (status == TP_OK)
        status = run(&t, last, best, result, error);
    if (status != TP_OK && status != TP_DIVERGED && last) {
        tileprop_model_free(*last); /* there was no memory for the other one */
        *last = NULL;
    }
    free_training(&t);
    return status;
}

static tileprop_status call_train(const tileprop_options *options, const tileprop_data *data,
                                  const tileprop_data *validation, double fraction, tileprop_model **last,
                                  tileprop_model **best, tileprop_result *result, char *message, size_t size)
{
    struct tp_call call;
    tp_call_begin(&call);
    if (last)
        *last = NULL;
    if (best)
        *best = NULL;
    const enum tp_status status = train(options, data, validation, fraction, last, best, result, &call.error);
    return tp_call_end(&call, status, message, size);
}

tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *data,
                               const tileprop_data *validation, tileprop_model **last, tileprop_model **best,
                               tileprop_result *result, char *message, size_t size)
{
    return call_train(options, data, validation, 0, last, best, result, message, size);
}

tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data,
                                     double fraction, tileprop_model **last, tileprop_model **best,
                                     tileprop_result *result, char *message, size_t size)
{
    return call_train(options, data, NULL, fraction, last, best, result, message, size);
}
