#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/api_train.h"
#include "base/option_value.h"
#include "data/choices.h"
#include "data/offsets.h"
#include "data/schema.h"
#include "system/memory.h"
#include "train/training_options.h"

tileprop_status tp_api_train_check_classes(const struct tp_set *train, struct tp_error *error)
{
    const float *weights = train->given.class_weights;
    const char *const *names = train->given.class_names;
    for (size_t k = 0; k < train->own.classes; k++) {
        if (weights && !(weights[k] >= 0 && isfinite(weights[k])))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: class_weights[%zu]: expected a finite number >= 0, found %g",
                           train->given.name, k, (double)weights[k]);
        if (names && !names[k])
            return tp_fail(error, TILEPROP_USAGE, "%s: class_names[%zu]: expected a name, found NULL",
                           train->given.name, k);
    }
    return TILEPROP_OK;
}

/* The normalization whose offsets the data get; NULL: none is known. */
static const struct tp_normalization *known_normalization(const struct tp_api_training *t)
{
    const struct tp_model *start = t->options.initial_weights ? &t->options.initial_weights->model : &t->start;
    if (t->run.resume)
        return &t->run.resume->own.model.normalization;
    return start->described ? &start->normalization : NULL;
}

tileprop_status tp_api_train_read_start(struct tp_api_training *t, struct tp_error *error)
{
    const bool reads = t->options.init_from && !t->options.initial_weights && !t->run.resume;
    return reads ? tp_model_read(&t->start, t->options.init_from, error) : TILEPROP_OK;
}

tileprop_status tp_api_train_take(struct tp_api_training *t, const char *name, const tileprop_data *data,
                                  struct tp_error *error)
{
    const struct tp_normalization *known = known_normalization(t);
    if (known && data && data->features != known->features)
        known = NULL; /* a later check refuses such data */
    return tp_set_take(&t->train, name, data, NULL, known ? TP_OFFSETS_KNOWN : tp_offsets_wanted(t->options.normalize),
                       known ? known->offset : NULL, error);
}

static tileprop_status take_sets(struct tp_api_training *t, const tileprop_data *data, const tileprop_data *validation,
                                 const double *fraction, struct tp_error *error)
{
    tileprop_status status = tp_api_train_read_start(t, error);
    if (status == TILEPROP_OK)
        status = tp_api_train_take(t, fraction ? "data" : "train", data, error);
    if (status == TILEPROP_OK)
        status = tp_api_train_check_classes(&t->train, error);
    if (status == TILEPROP_OK)
        status = fraction ? tp_dataset_tail(&t->train.own, *fraction, &t->validation.own, error)
                          : tp_set_take(&t->validation, "validation", validation, &t->train, TP_OFFSETS_KNOWN,
                                        t->train.offset, error);
    if (status == TILEPROP_OK && t->run.test)
        status = tp_set_take(&t->test, "test", t->run.test, &t->train, TP_OFFSETS_KNOWN, t->train.offset, error);
    if (fraction)
        t->validation.given.name = "validation";
    if (status == TILEPROP_OK)
        status = tp_set_check_weights(&t->train, t->train.own.count, error);
    if (status == TILEPROP_OK)
        status = tp_set_check_weights(&t->validation, t->validation.own.count, error);
    if (status == TILEPROP_OK && t->run.test)
        status = tp_set_check_weights(&t->test, t->test.own.count, error);
    return status;
}

/* Classes without names are called as those of the initial weights, or by their numbers. */
static bool name_classes(const struct tp_api_training *t, struct tp_schema *schema)
{
    const char *const *given = t->train.given.class_names;
    const size_t classes = t->train.own.classes;
    /* A checkpoint may still turn out to have other classes. */
    const bool keeps = !given && t->origin && t->origin->schema.class_count == classes;
    return tp_schema_name_classes(schema, keeps ? (const char *const *)t->origin->schema.classes : given, classes);
}

/* The run's model: the weights' shape, and memory for the normalization that the trainer computes. */
static tileprop_status describe(const struct tp_api_training *t, const struct tp_network *network, uint64_t fingerprint,
                                struct tp_model *model, struct tp_error *error)
{
    const size_t features = t->train.own.features;
    const char *given = t->train.given.schema;
    const bool keeps = !given && t->origin && (t->origin->schema.column_count || t->origin->schema.means);
    char *kept = keeps ? tp_schema_text_write(&t->origin->schema) : NULL;
    *model = (struct tp_model){.described = true,
                               .activation = t->options.activation,
                               .normalize = t->options.normalize,
                               .schema.features = features,
                               .options = strdup(t->run.text ? t->run.text : ""),
                               .fingerprint = fingerprint};
    tp_weights_shape(&model->weights, network);
    tileprop_status status = tp_normalization_make(&model->normalization, features, error);
    if (status == TILEPROP_OK)
        status = tp_schema_text_read(&model->schema, given ? given : kept, features, t->train.given.name, error);
    if (status == TILEPROP_OK && !((kept || !keeps) && model->options && name_classes(t, &model->schema)))
        status = tp_fail_memory(error, NULL, "a model");
    free(kept);
    return status;
}

/* What a checkpoint holds besides its model. */
static tileprop_status prepare_checkpoint(struct tp_api_training *t, const struct tp_network *network,
                                          struct tp_error *error)
{
    struct tp_checkpoint *next = &t->snapshots.next;
    const struct tp_dataset *train = &t->train.own;
    const char *init_from = t->options.init_from;
    if (train->class_weights)
        next->class_weights = XXH3_64bits(train->class_weights, train->classes * sizeof *train->class_weights);
    tileprop_status status = tp_model_fingerprint(&t->validation.own, &next->validation, error);
    if (status == TILEPROP_OK && t->test.own.count)
        status = tp_model_fingerprint(&t->test.own, &next->test, error);
    /* Of the path and not of the file, where there may be another one by now; it is not read again. */
    next->init_from = init_from       ? XXH3_64bits(init_from, strlen(init_from))
                      : t->run.resume ? t->run.resume->own.init_from
                                      : 0;
    next->state_count = (size_t)network->states;
    for (size_t i = 0; t->writes_checkpoints && i < next->state_count && status == TILEPROP_OK; i++) {
        tp_weights_shape(&next->states[i], network);
        status = tp_weights_allocate(&next->states[i], error);
    }
    return status;
}

/* Prepares what models and checkpoints keep, before the run, so that failures are reported early. */
static tileprop_status prepare_models(struct tp_api_training *t, bool last, bool best, struct tp_error *error)
{
    const struct tp_dataset *train = &t->train.own;
    const bool next = t->writes_checkpoints || t->run.resume;
    /* A resumed run's description is compared even if it writes no checkpoints. */
    struct {
        bool described, filled;
        struct tp_model *model;
    } all[] = {{last, last, &t->snapshots.last},
               {best, best, &t->snapshots.best},
               {next, t->writes_checkpoints, &t->snapshots.next.model}};
    bool checked = false; /* unchanged */
    struct tp_network network;
    if (!last && !best && !next)
        return TILEPROP_OK;
    uint64_t fingerprint;
    tileprop_status status = tp_model_fingerprint(train, &fingerprint, error);
    if (status != TILEPROP_OK)
        return status;
    status = tp_network_shape(&network, &t->options, train->features, train->classes, 1, error);
    const size_t copies = (size_t)last + (size_t)best + (t->writes_checkpoints ? 1 + (size_t)network.states : 0);
    t->work.pending_bytes = copies * tp_network_parameters(&network) * sizeof(float);
    if (status == TILEPROP_OK)
        status = tp_memory_check("/proc", "/sys/fs/cgroup", t->work.pending_bytes, 0, error);
    for (size_t i = 0; i < sizeof all / sizeof *all && status == TILEPROP_OK; i++) {
        if (!all[i].described)
            continue;
        status = describe(t, &network, fingerprint, all[i].model, error);
        if (status == TILEPROP_OK && !checked)
            status = tp_model_check(all[i].model, t->train.given.name, error);
        checked = true;
        if (status == TILEPROP_OK && all[i].filled)
            status = tp_weights_allocate(&all[i].model->weights, error);
    }
    if (status == TILEPROP_OK && next)
        status = prepare_checkpoint(t, &network, error);
    tp_network_free(&network);
    return status;
}

void tp_api_train_describe(struct tp_model *model, const struct tp_normalization *normalization, size_t step,
                           const struct tp_metrics *validation)
{
    tp_normalization_assign(&model->normalization, normalization);
    model->step = step;
    model->validation = *validation;
}

static tileprop_status resume(struct tp_api_training *t, struct tp_error *error)
{
    const tileprop_checkpoint *from = t->run.resume;
    struct tp_model *best = &t->snapshots.best;
    const tileprop_status status = tp_api_resumable(from, t->run.resume_inexact != 0, &t->snapshots.next, error);
    if (status != TILEPROP_OK)
        return status;
    const bool evaluated = from->own.state.best.count > 0;
    if (best->described && evaluated && !tp_weights_alike(&from->own.best, &best->weights))
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: expected best weights, found none: the run must keep them from its start", from->path);
    if (best->described && evaluated) {
        const struct tp_training_state *state = &from->own.state;
        tp_weights_copy(&best->weights, &from->own.best);
        tp_api_train_describe(best, &from->own.model.normalization, state->best_step, &state->best);
        t->snapshots.has_best = true;
    }
    t->work.normalization = &from->own.model.normalization;
    t->work.resumed = &from->own.state;
    t->work.unverified = !from->own.model.verified;
    t->work.resumed_weights = &from->own.model.weights;
    t->work.resumed_states = from->own.states;
    return TILEPROP_OK;
}

/* Normalized otherwise, the weights of a model compute another function. */
static tileprop_status keep_normalization(struct tp_api_training *t, int asked, const struct tp_model *start,
                                          const char *path, struct tp_error *error)
{
    if (t->options.renormalize)
        return TILEPROP_OK;
    if (asked != TILEPROP_AUTO && asked != start->normalize)
        return tp_fail(error, TILEPROP_USAGE, "--normalize: expected %s as in %s, found %s; or --renormalize on",
                       tp_choice_name(tp_normalize_choices, start->normalize), path,
                       tp_choice_name(tp_normalize_choices, asked));
    t->options.normalize = start->normalize;
    t->work.normalization = &start->normalization;
    return TILEPROP_OK;
}

/* The initial weights, of which a run that is resumed has more already. asked: the normalization, or auto. */
static tileprop_status take_initial_weights(struct tp_api_training *t, int asked, struct tp_error *error)
{
    const struct tp_model *start = t->options.initial_weights ? &t->options.initial_weights->model : &t->start;
    const char *path = t->options.init_from;
    if (t->run.resume) {
        t->origin = &t->run.resume->own.model;
        return TILEPROP_OK;
    }
    if (!path && !t->options.initial_weights)
        return t->options.renormalize
                   ? tp_fail(error, TILEPROP_USAGE, "--renormalize: valid only with --init-from or --resume")
                   : TILEPROP_OK;
    if (path && t->options.initial_weights)
        return tp_fail(error, TILEPROP_USAGE, "init_from: not valid with initial_weights");
    const char *name = path ? path : "initial_weights";
    char place[sizeof error->text];
    snprintf(place, sizeof place, "%s%s", path ? "--init-from: " : "", name);
    tileprop_status status =
        tp_model_check_start(start, place, &t->options, t->train.own.features, t->train.own.classes, error);
    t->work.initial_weights = &start->weights;
    t->work.unverified = path && !start->verified;
    if (status != TILEPROP_OK || !start->described)
        return status;
    t->origin = start;
    status = tp_set_check_model(&t->train, start, name, error);
    return status == TILEPROP_OK ? keep_normalization(t, asked, start, name, error) : status;
}

static void keep(void *context, const struct tp_kept *kept)
{
    struct tp_snapshots *snapshots = context;
    struct tp_model *to = kept->last ? &snapshots->last : &snapshots->best;
    if (!to->described)
        return;
    tp_network_get(kept->network, 0, &to->weights);
    tp_api_train_describe(to, kept->normalization, kept->step, &kept->validation);
    *(kept->last ? &snapshots->has_last : &snapshots->has_best) = true;
}

tileprop_status tp_api_train_prepare(struct tp_api_training *t, bool last, bool best, struct tp_error *error)
{
    const int asked = t->options.normalize;
    tp_options_resolve(&t->options, t->train.own.type, t->train.own.count);
    t->work = (struct tp_training){.options = &t->options,
                                   .run = &t->run,
                                   .train = &t->train.own,
                                   .validation = &t->validation.own,
                                   .test = t->test.own.count ? &t->test.own : NULL,
                                   .keep = keep,
                                   .snapshots = &t->snapshots};
    tileprop_status status = take_initial_weights(t, asked, error);
    if (status == TILEPROP_OK)
        status = prepare_models(t, last, best, error);
    return status == TILEPROP_OK && t->run.resume ? resume(t, error) : status;
}

/* Hands over the models, also those of a run that diverged; on other errors none. */
static tileprop_status give_models(struct tp_snapshots *snapshots, tileprop_model **last, tileprop_model **best,
                                   struct tp_error *error)
{
    tileprop_status status = snapshots->has_last ? tp_api_model(last, &snapshots->last, error) : TILEPROP_OK;
    if (status == TILEPROP_OK && snapshots->has_best)
        status = tp_api_model(best, &snapshots->best, error);
    if (status != TILEPROP_OK && last) {
        tileprop_model_free(*last); /* out of memory for the other one */
        *last = NULL;
    }
    return status;
}

/* What must be the same on all ranks. */
struct common {
    uint64_t train, validation, test, class_weights, options;
};

static tileprop_status find_common(const struct tp_api_training *t, struct common *common, struct tp_error *error)
{
    char text[TP_OPTION_TEXT_MAX];
    const tileprop_option *option;
    *common = (struct common){0};
    for (size_t i = 0; (option = tileprop_option_at(i)); i++) {
        if (strcmp(option->group, "Machine") == 0 || option->kind == TILEPROP_OPTION_PATH)
            continue;
        tp_option_format(option, &t->options, text, sizeof text);
        common->options = XXH3_64bits_withSeed(text, strlen(text), common->options);
    }
    tileprop_status status = tp_model_fingerprint(&t->train.own, &common->train, error);
    if (status == TILEPROP_OK)
        status = tp_model_fingerprint(&t->validation.own, &common->validation, error);
    if (status == TILEPROP_OK && t->test.own.count)
        status = tp_model_fingerprint(&t->test.own, &common->test, error);
    if (t->train.own.class_weights)
        common->class_weights =
            XXH3_64bits(t->train.own.class_weights, t->train.own.classes * sizeof *t->train.own.class_weights);
    return status;
}

static const char *difference(const struct common *a, const struct common *b)
{
    return a->options != b->options               ? "options"
           : a->train != b->train                 ? "training data"
           : a->validation != b->validation       ? "validation data"
           : a->test != b->test                   ? "test data"
           : a->class_weights != b->class_weights ? "class weights"
                                                  : NULL;
}

static tileprop_status check_ranks(const tileprop_ranks *ranks, struct tp_error *error)
{
    const tileprop_status status = tp_api_size("ranks", ranks->size, sizeof *ranks, sizeof *ranks, error);
    if (status == TILEPROP_OK && ranks->rank >= ranks->count)
        return tp_fail(error, TILEPROP_USAGE, "ranks: expected a rank less than %zu, found %zu", ranks->count,
                       ranks->rank);
    if (status == TILEPROP_OK && !(ranks->send && ranks->receive && ranks->wait && ranks->finish && ranks->progress))
        return tp_fail(error, TILEPROP_USAGE, "ranks: expected five functions, found NULL");
    return status;
}

/* All ranks must have what rank 0 has. */
static tileprop_status compare_ranks(const struct tp_api_training *t, struct tp_error *error)
{
    const tileprop_ranks *ranks = t->run.ranks;
    struct common own, of_rank_0;
    tileprop_status status = find_common(t, &own, error);
    if (status != TILEPROP_OK)
        return status;
    of_rank_0 = own;
    for (size_t r = 1; ranks->rank == 0 && r < ranks->count; r++)
        ranks->send(ranks->context, r, 0, &own, sizeof own);
    if (ranks->rank > 0)
        ranks->receive(ranks->context, 0, 0, &of_rank_0, sizeof of_rank_0);
    ranks->finish(ranks->context);
    const char *what = difference(&own, &of_rank_0);
    return what ? tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected the same as on rank 0, found others", what)
                : TILEPROP_OK;
}

/*
 * Begins a call: everything up to the training itself. *training is too large for the stack of a host's thread; NULL:
 * there was no memory for it. fraction NULL: validation is given.
 */
static tileprop_status begin(struct tp_api_training **training, struct tp_call *call, const tileprop_options *options,
                             const tileprop_data *data, const tileprop_data *validation, const double *fraction,
                             tileprop_model **last, tileprop_model **best, const tileprop_result *result)
{
    struct tp_error *error = &call->error;
    struct tp_api_training *t = *training = calloc(1, sizeof *t);
    tp_call_begin(call);
    if (last)
        *last = NULL;
    if (best)
        *best = NULL;
    if (!t)
        return tp_fail_memory(error, NULL, "a run");
    t->found.size = result ? result->size : sizeof *result;
    tileprop_status status = tp_api_options(options, &t->options, call);
    if (status == TILEPROP_OK)
        status = tp_api_size("result", t->found.size, offsetof(tileprop_result, test_loss), sizeof *result, error);
    if (status == TILEPROP_OK && t->options.run)
        status = tp_api_take(&t->run, sizeof t->run.size, sizeof t->run, t->options.run, "run", error);
    if (status == TILEPROP_OK && t->run.ranks)
        status = check_ranks(t->run.ranks, error);
    if (status == TILEPROP_OK && t->run.ranks && t->run.ranks->rank > 0) { /* rank 0's are called */
        t->options.progress = NULL;
        t->run.started = NULL;
        t->run.checkpoint_due = NULL;
        t->run.checkpoint = NULL;
    }
    t->writes_checkpoints = t->run.checkpoint != NULL;
    if (t->run.resume_inexact != 0 && t->run.resume_inexact != 1)
        status =
            tp_fail(error, TILEPROP_USAGE, "run: resume_inexact: expected 0 or 1, found %d", t->run.resume_inexact);
    if (status == TILEPROP_OK)
        status = take_sets(t, data, validation, fraction, error);
    if (status == TILEPROP_OK && t->run.ranks && t->run.ranks->count > 1)
        status = compare_ranks(t, error);
    return status == TILEPROP_OK ? tp_api_train_prepare(t, last != NULL, best != NULL, error) : status;
}

void tp_api_train_free(struct tp_api_training *t)
{
    tp_model_free(&t->snapshots.last);
    tp_model_free(&t->snapshots.best);
    tp_checkpoint_free(&t->snapshots.next);
    tp_model_free(&t->start);
    tp_set_free(&t->train);
    tp_set_free(&t->validation);
    tp_set_free(&t->test);
}

/* Hands over the results of a run, also of one that diverged, and ends the call. */
static tileprop_status end(struct tp_api_training *t, struct tp_call *call, tileprop_status status,
                           tileprop_model **last, tileprop_model **best, tileprop_result *result, char *message,
                           size_t size)
{
    struct tp_error unused;
    if (!t)
        return tp_call_end(call, status, message, size);
    if (result && (status == TILEPROP_OK || status == TILEPROP_DIVERGED))
        memcpy(result, &t->found, result->size);
    if (status == TILEPROP_OK)
        status = give_models(&t->snapshots, last, best, &call->error);
    else if (status == TILEPROP_DIVERGED)
        give_models(&t->snapshots, last, best, &unused);
    tp_api_train_free(t);
    free(t);
    return tp_call_end(call, status, message, size);
}

tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *data,
                               const tileprop_data *validation, tileprop_model **last, tileprop_model **best,
                               tileprop_result *result, char *message, size_t size)
{
    struct tp_api_training *t;
    struct tp_call call;
    tileprop_status status = begin(&t, &call, options, data, validation, NULL, last, best, result);
    if (status == TILEPROP_OK)
        status = tp_train(&t->work, &t->found, &call.error);
    return end(t, &call, status, last, best, result, message, size);
}

tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data, double fraction,
                                     tileprop_model **last, tileprop_model **best, tileprop_result *result,
                                     char *message, size_t size)
{
    struct tp_api_training *t;
    struct tp_call call;
    tileprop_status status = begin(&t, &call, options, data, NULL, &fraction, last, best, result);
    if (status == TILEPROP_OK)
        status = tp_train(&t->work, &t->found, &call.error);
    return end(t, &call, status, last, best, result, message, size);
}
