#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/random.h"
#include "kernels/flush.h"
#include "network/evaluator.h"
#include "network/network.h"
#include "network/plan.h"
#include "network/plan_text.h"
#include "network/step.h"
#include "schedule/autotune.h"
#include "schedule/placement.h"
#include "system/binding.h"
#include "system/cpus.h"
#include "system/team.h"

/* One thread's share of the run. Padded: neighbours write their own often. */
struct member {
    _Alignas(64) struct tp_arena arena;
    struct tp_step_member step;
    struct tp_evaluator_member evaluator;
};

/* Everything the run needs; written by member 0 alone once the team runs, except where barriers order it. */
struct trainer {
    const struct tp_train_options *options;
    const struct tp_dataset *train, *validation, *test;
    const struct tp_observer *observer;
    struct tp_result *result;
    struct tp_normalization normalization;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_autotune_result probe;
    struct tp_step step;
    struct tp_evaluator evaluator;
    struct tp_placement placement;
    struct tp_arena shared;
    struct member *members;
    struct tp_binding binding;
    struct tp_profile *profiles; /* [step members], or NULL */
    uint32_t *order;             /* samples in this epoch's order */
    struct tp_progress progress;
    size_t epoch;     /* the present one, from 1 */
    size_t last_rows; /* rows of the last step's batch */
    double step_loss;
    double gradient_norms[TP_LAYERS_MAX];
    double started;              /* seconds on the monotonic clock; a run that is resumed began earlier */
    bool pause;                  /* after the present step, for a checkpoint or for the end */
    tileprop_stop pause_to_stop; /* TILEPROP_STOP_EPOCHS: for a checkpoint */
    const struct tp_dataset
        *diverged_on; /* the set whose loss is not finite; NULL: the batch of the last step */
    bool stop;
};

static void stop(struct trainer *t, tileprop_stop reason)
{
    if (!t->stop)
        t->result->stopped_by = reason;
    t->stop = true;
}

/* Member 0: the run pauses behind the present step and the evaluation that may follow it. */
static void pause_for(struct trainer *t, tileprop_stop reason)
{
    t->pause = true;
    t->pause_to_stop = reason;
}

/* Member 0, while the others update: the mean loss of the batch, and whether to pause behind this step. */
static void losses_ready(void *context, size_t rows)
{
    struct trainer *t = context;
    const struct tp_observer *observer = t->observer;
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum += (double)t->step.loss[r];
    t->step_loss = sum / (double)rows;
    t->last_rows = rows;
    if (!isfinite(t->step_loss))
        stop(t, TILEPROP_STOP_DIVERGED);
    else if (observer->interrupted && observer->interrupted(observer->context))
        pause_for(t, TILEPROP_STOP_PROGRESS);
    else if (t->options->max_seconds > 0 && tp_clock_seconds() - t->started >= t->options->max_seconds)
        pause_for(t, TILEPROP_STOP_TIME);
    else if (observer->checkpoint_due && observer->checkpoint_due(observer->context, t->progress.steps))
        pause_for(t, TILEPROP_STOP_EPOCHS);
}

/* Whole-set scores by the team; the score is member 0's to read. A loss that is not finite ends the run. */
static struct tp_metrics evaluate(struct trainer *t, struct member *self, const struct tp_dataset *dataset)
{
    struct tp_metrics score = {0};
    tp_evaluator_run(&t->evaluator, &self->evaluator,
                     tp_placement_local(&t->placement, self->step.index, dataset));
    if (self->step.index == 0) {
        score = tp_metrics_of(t->evaluator.loss, t->evaluator.predicted, dataset);
        t->evaluator.next_block = 0;
        if (!isfinite(score.loss))
            score.accuracy = NAN; /* a sample without a finite loss has no prediction either */
        if (!isfinite(score.loss) && !t->diverged_on) {
            t->diverged_on = dataset;
            t->result->stopped_by = TILEPROP_STOP_DIVERGED;
            t->stop = true;
        }
    }
    tp_team_barrier();
    return score;
}

/* Member 0: shows weights that are worth keeping. */
static void show_weights(const struct trainer *t, const struct tp_metrics *validation, bool last)
{
    const struct tp_weights_shown shown = {.network = &t->network,
                                           .normalization = &t->normalization,
                                           .step = t->progress.steps - 1,
                                           .validation = *validation,
                                           .last = last};
    if (t->observer->weights)
        t->observer->weights(t->observer->context, &shown);
}

/* Member 0: shows all that the run needs to go on from here. */
static void show_checkpoint(struct trainer *t)
{
    const struct tp_checkpoint_shown shown = {
        .network = &t->network, .normalization = &t->normalization, .progress = &t->progress};
    if (!t->observer->checkpoint)
        return;
    t->progress.seconds = tp_clock_seconds() - t->started;
    t->progress.seconds_training = t->result->seconds_training;
    t->progress.seconds_evaluation = t->result->seconds_evaluation;
    t->observer->checkpoint(t->observer->context, &shown);
}

/* An evaluation between steps. */
static void evaluate_now(struct trainer *t, struct member *self)
{
    bool leads = self->step.index == 0;
    double began = leads ? tp_clock_seconds() : 0;
    struct tp_evaluation evaluation = {.validation = evaluate(t, self, t->validation)};
    if (t->options->eval_train)
        evaluation.train = evaluate(t, self, t->train);
    if (leads) {
        evaluation.step = t->progress.steps - 1;
        evaluation.epoch = t->epoch;
        if (t->options->log_gradients) {
            for (size_t l = 0; l < t->network.layer_count; l++)
                t->gradient_norms[l] = tp_step_gradient_norm(&t->step, l);
            evaluation.gradient_norms = t->gradient_norms;
        }
        evaluation.best = tp_progress_evaluated(&t->progress, t->options, &evaluation.validation);
        if (evaluation.best)
            show_weights(t, &evaluation.validation, false);
        if (t->progress.ended)
            stop(t, t->progress.ended);
        t->result->seconds_evaluation += tp_clock_seconds() - began;
        if (t->observer->evaluated)
            t->observer->evaluated(t->observer->context, &evaluation);
    }
    tp_team_barrier();
}

/* Scores of the final weights. Diverged weights have none. */
static void evaluate_last(struct trainer *t, struct member *self)
{
    struct tp_result *r = t->result;
    struct tp_metrics train = {.loss = NAN, .accuracy = NAN, .count = t->train->count};
    struct tp_metrics validation = {.loss = NAN, .accuracy = NAN, .count = t->validation->count};
    struct tp_metrics test = {.loss = NAN, .accuracy = NAN, .count = t->test ? t->test->count : 0};
    bool leads = self->step.index == 0;
    double began = leads ? tp_clock_seconds() : 0;
    if (r->stopped_by != TILEPROP_STOP_DIVERGED) {
        train = evaluate(t, self, t->train);
        validation = evaluate(t, self, t->validation);
        if (t->test)
            test = evaluate(t, self, t->test);
    }
    if (!leads)
        return;
    r->train = train;
    r->validation = validation;
    r->test = test;
    struct tp_metrics best = t->progress.best;
    r->best_step = t->progress.best_step;
    if (validation.loss < best.loss) {
        best = validation;
        r->best_step = t->progress.steps - 1;
        show_weights(t, &validation, false);
    }
    r->best_validation_loss = best.loss;
    r->best_validation_accuracy = best.accuracy;
    if (r->stopped_by != TILEPROP_STOP_DIVERGED)
        show_weights(t, &validation, true);
    r->seconds_evaluation += tp_clock_seconds() - began;
}

/*
 * Evaluation i of E in an epoch of n steps follows step floor(i n / E) of it, counted from 0. The only i that
 * can give step s is ceil(s E / n).
 */
static bool evaluation_follows(size_t step, size_t steps, size_t evaluations)
{
    size_t i = (step * evaluations + steps - 1) / steps;
    return i < evaluations && i * steps / evaluations == step;
}

static void begin_epoch(struct trainer *t, size_t epoch)
{
    t->epoch = epoch + 1;
    if (t->options->shuffle)
        tp_random_permutation(t->options->seed, TP_RANDOM_SHUFFLE, (uint32_t)epoch, t->train->count,
                              t->order);
}

/* Steps [begin, end) of the epoch, or fewer; of those who take part in steps. */
static void run_steps(struct trainer *t, struct member *self, size_t begin, size_t end)
{
    size_t steps = t->result->run.steps_per_epoch, batch = t->plan.batch, samples = t->train->count;
    bool leads = self->step.index == 0;
    for (size_t s = begin; s < end && !t->stop && !t->pause; s++) {
        size_t first = s * batch, rows = samples - first < batch ? samples - first : batch;
        size_t next = s + 1 < steps ? first + rows : first;
        size_t next_rows = s + 1 == steps ? 0 : samples - next < batch ? samples - next : batch;
        double began = leads ? tp_clock_seconds() : 0;
        if (leads) {
            t->step.optimizer = tp_progress_optimizer(&t->progress, t->options, t->result->run.learning_rate);
            t->step.measure =
                t->options->log_gradients && evaluation_follows(s, steps, t->options->evals_per_epoch);
        }
        tp_step_run(&t->step, &self->step, t->order + first, rows, t->order + next, next_rows, losses_ready,
                    t);
        if (leads) {
            t->result->seconds_training += tp_clock_seconds() - began;
            t->progress.steps++;
            if (t->observer->step)
                t->observer->step(t->observer->context, t->progress.steps - 1, t->epoch, t->step_loss);
        }
    }
}

/* Whether the run ends; nobody goes on, and may change that, before all have read it. */
static bool stopped(struct trainer *t)
{
    const bool stopped = t->stop;
    tp_team_barrier();
    return stopped;
}

/* Behind a step: a checkpoint, or the end. */
static void pause_now(struct trainer *t, struct member *self)
{
    tp_team_barrier();
    if (self->step.index == 0) {
        t->pause = false;
        if (t->pause_to_stop)
            stop(t, t->pause_to_stop);
        else if (!t->stop)
            show_checkpoint(t);
    }
    tp_team_barrier();
}

/* Stretches of steps, and what all of the team do behind each: an evaluation, a pause, or the end. */
static void train_epoch(struct trainer *t, struct member *self, size_t place)
{
    const size_t steps = t->result->run.steps_per_epoch, evaluations = t->options->evals_per_epoch;
    while (place < steps) {
        size_t end = place + 1;
        while (end < steps && !evaluation_follows(end - 1, steps, evaluations))
            end++;
        if (self->step.index < t->plan.step_members)
            run_steps(t, self, place, end);
        tp_team_barrier();
        /* Read here, because what follows ends with a barrier, and only behind it do they change again. */
        const bool paused = t->pause, diverged = t->stop;
        place = t->progress.steps - (t->epoch - 1) * steps;
        if (!diverged && evaluation_follows(place - 1, steps, evaluations))
            evaluate_now(t, self);
        if (!diverged && paused)
            pause_now(t, self);
        if (stopped(t))
            return;
    }
}

/* The slices that a member owns as they are before the first step, or where the run is resumed. */
static void initial_weights(struct trainer *t, size_t index)
{
    const struct tp_train_options *o = t->options;
    tp_network_initialize(&t->network, index, t->result->run.init, o->seed);
    if (o->resumed) {
        tp_network_put(&t->network, index, o->resumed->weights);
        for (int i = 0; i < t->network.states; i++)
            tp_network_put_state(&t->network, index, i, &o->resumed->states[i]);
    } else if (o->initial_weights) {
        tp_network_put(&t->network, index, o->initial_weights);
    }
}

static void work(void *context, size_t index, size_t members)
{
    struct trainer *t = context;
    struct member *self = &t->members[index];
    const size_t steps = t->result->run.steps_per_epoch, before = t->progress.steps;
    (void)members;
    void *unbound = tp_binding_enter(&t->binding, index);
    tp_placement_enter(&t->placement, index, tp_numa_node(), &self->arena);
    self->step.train = tp_placement_local(&t->placement, index, t->train);
    initial_weights(t, index);
    tp_team_barrier();
    if (index == 0)
        t->started = tp_clock_seconds() - t->progress.seconds;
    for (size_t epoch = before / steps; epoch < t->options->epochs && !stopped(t); epoch++) {
        if (index == 0)
            begin_epoch(t, epoch);
        tp_team_barrier();
        train_epoch(t, self, epoch == before / steps ? before % steps : 0);
    }
    if (index == 0 && t->result->stopped_by != TILEPROP_STOP_DIVERGED)
        show_checkpoint(t);
    evaluate_last(t, self);
    tp_binding_leave(unbound);
}

size_t tp_train_threads(const struct tp_train_options *o)
{
    if (o->threads_exact)
        return o->threads_exact;
    size_t available = tp_cpus_available(), limit = tp_team_limit();
    size_t most = available < limit ? available : limit;
    return o->threads == 0 || o->threads > most ? most : o->threads;
}

static size_t steps_per_epoch(const struct trainer *t, size_t batch)
{
    size_t samples = t->train->count;
    return t->options->drop_last ? samples / batch : (samples + batch - 1) / batch;
}

static void describe(struct trainer *t)
{
    const struct tp_train_options *o = t->options;
    struct tp_run *run = &t->result->run;
    size_t batch = t->plan.batch, threads = t->plan.members;
    *run = (struct tp_run){.isa = t->step.tier->name,
                           .threads_requested = o->plan            ? threads
                                                : o->threads_exact ? o->threads_exact
                                                : o->threads       ? o->threads
                                                                   : threads,
                           .threads_used = threads,
                           .plan = t->plan,
                           .probe = t->probe,
                           .threads_bound = t->binding.bound,
                           .inputs = t->train->features,
                           .classes = t->train->classes,
                           .batch = batch,
                           .layers = t->network.layer_count,
                           .parameters = tp_network_parameters(&t->network),
                           .learning_rate = tp_train_options_rate(o),
                           .init = tp_train_options_init(o),
                           .mean = t->normalization.mean,
                           .deviation = t->normalization.deviation};
    run->steps_per_epoch = steps_per_epoch(t, batch);
    run->steps_planned = run->steps_per_epoch * o->epochs;
    for (size_t l = 0; l < t->network.layer_count; l++) {
        const struct tp_layer *layer = &t->network.layers[l];
        double gemm = 2 * (double)batch * (double)(layer->inputs + layer->bias) * (double)layer->units;
        run->flops_per_step += (l == 0 ? 2 : 3) * gemm;
    }
}

/* Every member's arena, and the one that all share; nobody has touched them yet. */
static tileprop_status allocate(struct trainer *t, struct tp_error *error)
{
    size_t members = t->plan.members, samples = t->train->count;
    if (t->validation->count > samples)
        samples = t->validation->count;
    if (t->test && t->test->count > samples)
        samples = t->test->count;
    t->members = aligned_alloc(_Alignof(struct member), members * sizeof *t->members);
    if (!t->members)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: %zu threads", members);
    memset(t->members, 0, members * sizeof *t->members);
    if (t->options->explain) {
        t->profiles = calloc(t->plan.step_members, sizeof *t->profiles);
        if (!t->profiles)
            return tp_fail(error, TILEPROP_FAILURE, "out of memory: the profiles of %zu threads", members);
    }
    const struct tp_dataset *const sets[TP_PLACEMENT_SETS] = {t->train, t->validation, t->test};
    tileprop_status status = tp_placement_create(&t->placement, t->options->numa, members, sets, error);
    if (status)
        return status;

    size_t bytes = tp_step_bytes(&t->network, &t->plan, 0);
    if (t->options->log_gradients)
        bytes = tp_step_measure_bytes(&t->network, bytes);
    bytes = tp_arena_add(bytes, t->train->count, sizeof *t->order);
    bytes = tp_arena_add(tp_arena_add(bytes, samples, sizeof(float)), samples, sizeof(uint16_t));
    status = tp_arena_create(&t->shared, bytes, error);
    if (status)
        return status;
    tp_step_place(&t->step, &t->shared);
    if (t->options->log_gradients)
        tp_step_measure_place(&t->step, &t->shared);
    t->order = tp_arena_take(&t->shared, t->train->count * sizeof *t->order);
    t->evaluator.loss = tp_arena_take(&t->shared, samples * sizeof *t->evaluator.loss);
    t->evaluator.predicted = tp_arena_take(&t->shared, samples * sizeof *t->evaluator.predicted);

    for (size_t m = 0; m < members; m++) {
        struct member *member = &t->members[m];
        bytes = tp_network_bytes(&t->network, m, 0);
        bytes = tp_step_member_bytes(&t->network, &t->plan, bytes);
        bytes = tp_evaluator_member_bytes(&t->network, &t->plan, bytes);
        if (t->options->log_gradients)
            bytes = tp_step_member_measure_bytes(&t->network, m, bytes);
        status = tp_arena_create(&member->arena, bytes, error);
        if (status)
            return status;
        tp_network_place(&t->network, m, &member->arena);
        tp_step_member_place(&t->step, &member->step, &member->arena);
        tp_evaluator_member_place(&t->evaluator, &member->evaluator, &member->arena);
        member->step.index = m;
        if (t->profiles && m < t->plan.step_members)
            member->step.profile = &t->profiles[m];
        if (t->options->log_gradients)
            tp_step_member_measure_place(&t->step, &member->step, &member->arena);
    }
    for (size_t i = 0; i < t->train->count; i++)
        t->order[i] = (uint32_t)i;
    return TILEPROP_OK;
}

/* CPU seconds of this process so far, of which all threads' add up. */
static double process_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Shapes the network for as many members as there may be, and decides what each of them does. */
static tileprop_status make_plan(struct trainer *t, size_t batch, struct tp_error *error)
{
    const struct tp_train_options *o = t->options;
    size_t features = t->train->features, classes = t->train->classes;
    size_t threads = o->plan ? 1 : tp_train_threads(o);
    tileprop_status status = tp_network_shape(&t->network, o, features, classes, threads, error);
    if (status)
        return status;
    if (o->plan) {
        if ((status = tp_plan_read(o->plan, &t->network, batch, &t->plan, error)))
            return status;
        tp_network_free(&t->network);
        status = tp_binding_find(&t->binding, o->bind, t->plan.members, error);
        return status ? status
                      : tp_network_shape(&t->network, o, features, classes, t->plan.step_members, error);
    }
    if ((status = tp_binding_find(&t->binding, o->bind, threads, error)))
        return status;
    if (o->threads_exact) {
        t->plan = tp_plan_make(&t->network, threads, threads, batch);
        return TILEPROP_OK;
    }
    const struct tp_autotune probe = {.tier = t->step.tier,
                                      .network = &t->network,
                                      .train = t->train,
                                      .normalization = &t->normalization,
                                      .optimizer = o->optimizer,
                                      .binding = &t->binding,
                                      .members = threads,
                                      .batch = batch,
                                      .steps = steps_per_epoch(t, batch) * o->epochs,
                                      .seconds = process_seconds()};
    return tp_autotune_plan(&probe, &t->plan, &t->probe, error);
}

/* Takes over where a run stood that is resumed; one that has ended is evaluated once more. */
static tileprop_status resume(struct trainer *t, struct tp_error *error)
{
    const struct tp_resumed *resumed = t->options->resumed;
    const size_t planned = t->result->run.steps_planned;
    if (!resumed)
        return TILEPROP_OK;
    if (resumed->progress->steps > planned)
        return tp_fail(
            error, TILEPROP_USAGE,
            "--epochs: %zu found, which are %zu steps, expected no fewer than the %zu that the run "
            "has done",
            t->options->epochs, planned, resumed->progress->steps);
    t->progress = *resumed->progress;
    t->result->run.steps_before = t->progress.steps;
    t->result->run.seconds_before = t->progress.seconds;
    t->result->seconds_training = t->progress.seconds_training;
    t->result->seconds_evaluation = t->progress.seconds_evaluation;
    t->epoch = (t->progress.steps - 1) / t->result->run.steps_per_epoch + 1;
    if (t->progress.ended)
        stop(t, t->progress.ended);
    return TILEPROP_OK;
}

static tileprop_status prepare(struct trainer *t, struct tp_error *error)
{
    const struct tp_train_options *o = t->options;
    tileprop_status status = tp_train_options_check(o, t->train, t->validation, t->test, error);
    if (status)
        return status;
    const struct tp_tier *tier = tp_tier_find(o->isa);
    if (!tier)
        return tp_fail(error, TILEPROP_USAGE, "--isa: this CPU or this build has no tier \"%s\"", o->isa);
    size_t batch = o->batch < t->train->count ? o->batch : t->train->count;
    if ((status = tp_normalization_fit(&t->normalization, o->normalize, t->train, error)))
        return status;
    t->step = (struct tp_step){
        .tier = tier, .network = &t->network, .plan = &t->plan, .normalization = &t->normalization};
    t->evaluator = (struct tp_evaluator){
        .tier = tier, .network = &t->network, .plan = &t->plan, .normalization = &t->normalization};
    if ((status = make_plan(t, batch, error)))
        return status;
    tp_plan_cut(&t->plan, &t->network);
    if (o->bind == TILEPROP_BIND_AUTO && t->plan.step_members < t->plan.members)
        t->binding.bound = 0; /* a thread alone goes where there is room */
    describe(t);
    status = resume(t, error);
    return status ? status : allocate(t, error);
}

/* Where values stopped being finite: in the last step's batch, or in an evaluation, which is done again. */
static tileprop_status diverged(struct trainer *t, struct tp_error *error)
{
    const struct tp_dataset *set = t->diverged_on;
    const uint64_t saved = tp_flush_enter();
    size_t layer = set ? tp_evaluator_first_bad_layer(&t->evaluator, &t->members[0].evaluator, set)
                       : tp_step_first_bad_layer(&t->step, t->last_rows);
    tp_flush_leave(saved);
    return tp_fail(
        error, TILEPROP_DIVERGED,
        "the loss %s is not finite at step %zu (epoch %zu): the first layer with a value that is not finite "
        "is layer %zu of %zu; try a smaller --lr (it is %g), --init fan-in or --normalize global",
        !set              ? "of the batch"
        : set == t->train ? "of the training set"
        : set == t->test  ? "of the test set"
                          : "of the validation set",
        t->progress.steps - 1, t->epoch, layer, t->network.layer_count, t->result->run.learning_rate);
}

tileprop_status tp_train(const struct tp_train_options *options, const struct tp_dataset *train,
                         const struct tp_dataset *validation, const struct tp_dataset *test,
                         const struct tp_observer *observer, struct tp_result *result, struct tp_error *error)
{
    static const struct tp_observer nobody = {0};
    *result = (struct tp_result){0};
    struct trainer t = {.options = options,
                        .train = train,
                        .validation = validation,
                        .test = test,
                        .observer = observer ? observer : &nobody,
                        .result = result,
                        .progress = tp_progress_begin()};
    tileprop_status status = prepare(&t, error);
    if (status)
        goto out;
    if (t.observer->started)
        t.observer->started(t.observer->context, &result->run);
    size_t members = tp_team_run(t.plan.members, work, &t);
    if (members != t.plan.members) {
        status = tp_fail(error, TILEPROP_FAILURE, "the system granted %zu of %zu threads", members,
                         t.plan.members);
        goto out;
    }
    result->steps = t.progress.steps;
    result->epochs = t.progress.steps / result->run.steps_per_epoch;
    for (size_t m = 0; m < members; m++)
        result->threads_worked += t.members[m].step.worked;
    if (t.profiles)
        tp_profile_add_up(t.profiles, t.plan.step_members, &result->profile);
    result->numa = t.placement.mode;
    result->numa_nodes = t.placement.node_count;
    status = tp_network_hash(&t.network, &result->weights_hash, error);
    if (!status && result->stopped_by == TILEPROP_STOP_DIVERGED)
        status = diverged(&t, error);
out:
    for (size_t m = 0; t.members && m < t.plan.members; m++)
        tp_arena_destroy(&t.members[m].arena);
    free(t.members);
    free(t.profiles);
    tp_binding_free(&t.binding);
    tp_arena_destroy(&t.shared);
    tp_placement_end(&t.placement);
    tp_network_free(&t.network);
    tp_normalization_free(&t.normalization);
    return status;
}
