#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "kernels/flush.h"
#include "network/activity.h"
#include "system/team.h"
#include "train/agreement.h"
#include "train/probe.h"
#include "train/stopping.h"
#include "train/training_options.h"

static void pause_for(struct tp_trainer *t, tileprop_stop reason)
{
    t->pause = reason == TILEPROP_STOP_DIVERGED ? TP_DIVERGED : TP_END;
    t->result->stopped_by = reason;
}

static void report(struct tp_trainer *t)
{
    if (t->options.progress && t->options.progress(t->options.context, &t->progress) != 0)
        t->asked_to_stop = true;
}

/* Member 0: what is known of a step before any evaluation. */
static tileprop_progress progress_of(const struct tp_trainer *t, size_t step)
{
    return (tileprop_progress){.size = sizeof t->progress,
                               .step = step,
                               .epoch = step / t->run.steps_per_epoch + 1,
                               .loss = t->state.loss,
                               .validation_loss = NAN,
                               .validation_accuracy = NAN,
                               .train_accuracy = NAN};
}

/* Member 0, between operations and between blocks: whether the run must stop at once. */
static bool is_interrupted(void *context)
{
    const struct tp_trainer *t = context;
    return t->run_options->interrupted && t->run_options->interrupted(t->run_options->context) != 0;
}

/* Member 0, between barriers that pass it on to all. A run that has diverged stays diverged. */
static void stop(struct tp_trainer *t)
{
    if (t->pause == TP_DIVERGED)
        return;
    t->stopped = true;
    t->pause = TP_STOP;
    t->result->stopped_by = TILEPROP_STOP_PROGRESS;
}

/* Rank 0 finds the mean loss of the batch and decides what follows from it. */
static void decide(struct tp_trainer *t, size_t rows)
{
    const tileprop_run_options *run_options = t->run_options;
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum += (double)t->step.loss[r];
    t->state.loss = sum / (double)rows;
    const tileprop_stop reason = tp_stopping_stepped(&t->options, t->state.loss, t->started, t->asked_to_stop);
    if (reason)
        pause_for(t, reason);
    else if (run_options->checkpoint_due && run_options->checkpoint_due(run_options->context, t->state.steps) != 0)
        t->pause = TP_CHECKPOINT;
}

void tp_trainer_losses_ready(void *context, size_t rows)
{
    struct tp_trainer *t = context;
    if (t->plan.shards.rank == 0 && !atomic_load(&t->step.abandoned))
        decide(t, rows);
    tp_agree_on_step(t);
    t->progress = progress_of(t, t->state.steps);
    t->step_rows = rows;
}

/* Evaluates this rank's share of the samples, in place among all predictions. */
static bool evaluate_share(struct tp_trainer *t, struct tp_member *self, const struct tp_dataset *dataset)
{
    const size_t rank = t->plan.shards.rank, ranks = t->step.exchange ? t->plan.shards.ranks : 1;
    const struct tp_range share = tp_plan_share(dataset->count, rank, ranks);
    struct tp_predictions to = t->predictions;
    struct tp_dataset part = *tp_placement_local(&t->placement, self->step.index, dataset), rest;
    tp_dataset_cut(&part, share.end, &rest);
    tp_dataset_cut(&part, share.begin, &rest);
    to.loss += share.begin;
    to.predicted += share.begin;
    return tp_evaluator_run(&t->evaluator, &self->buffers, &rest, &to, &t->next_block);
}

struct tp_metrics tp_trainer_evaluate(struct tp_trainer *t, struct tp_member *self, const struct tp_dataset *dataset)
{
    struct tp_verdict verdict = {0};
    const bool whole = evaluate_share(t, self, dataset);
    tp_team_barrier();
    if (self->step.index == 0) {
        atomic_store(&t->next_block, 0);
        verdict = tp_agree_on_evaluation(t, dataset, !whole);
        t->differs = verdict.differs;
        if (verdict.stopped || verdict.differs) {
            stop(t);
        } else if (!isfinite(verdict.metrics.loss)) {
            verdict.metrics.accuracy = NAN; /* a sample without a finite loss has no prediction either */
            if (!t->diverged_on)
                t->diverged_on = dataset;
            pause_for(t, TILEPROP_STOP_DIVERGED);
        }
    }
    tp_team_barrier();
    return verdict.metrics;
}

/* Member 0: passes on weights worth keeping. */
static void keep(const struct tp_trainer *t, const struct tp_metrics *validation, bool last)
{
    const struct tp_kept kept = {.network = &t->network,
                                 .normalization = &t->normalization,
                                 .step = t->state.steps ? t->state.steps - 1 : 0,
                                 .validation = *validation,
                                 .last = last};
    if (t->training->keep)
        t->training->keep(t->training->snapshots, &kept);
}

/* Member 0: passes on everything that the run needs to resume from here. */
static void write_checkpoint(struct tp_trainer *t)
{
    const tileprop_training_state here = {.network = &t->network,
                                          .normalization = &t->normalization,
                                          .state = &t->state,
                                          .snapshots = t->training->snapshots};
    if (t->gathers)
        tp_exchange_gather_state(&t->exchange);
    if (!t->run_options->checkpoint)
        return;
    t->state.seconds = tp_clock_seconds() - t->started;
    t->state.seconds_training = t->result->seconds_training;
    t->state.seconds_evaluation = t->result->seconds_evaluation;
    t->run_options->checkpoint(t->run_options->context, &here);
}

/* An evaluation between steps, by the team. */
static void evaluate_now(struct tp_trainer *t, struct tp_member *self)
{
    const bool leads = self->step.index == 0;
    const double began = leads ? tp_clock_seconds() : 0;
    struct tp_metrics train = {0};
    const struct tp_metrics validation = tp_trainer_evaluate(t, self, t->training->validation);
    if (t->options.eval_train && !t->stopped)
        train = tp_trainer_evaluate(t, self, t->training->train);
    if (t->stopped)
        return;
    if (leads) {
        t->state.evaluation_due = false;
        t->progress.evaluated = 1;
        t->progress.validation_loss = validation.loss;
        t->progress.validation_accuracy = validation.accuracy;
        t->progress.train_evaluated = train.count > 0;
        t->progress.train_accuracy = train.count ? train.accuracy : NAN;
        t->progress.gradient_norms = t->options.log_gradients ? t->state.gradient_norms : NULL;
        t->progress.activity = t->options.log_activations ? t->state.activity : NULL;
        t->progress.best = tp_stopping_evaluated(&t->options, &t->state, &validation);
        if (t->progress.best)
            keep(t, &validation, false);
        if (t->state.ended && t->pause != TP_DIVERGED)
            pause_for(t, t->state.ended);
        t->result->seconds_evaluation += tp_clock_seconds() - began;
        report(t);
    }
    tp_team_barrier();
}

/* Metrics of the final weights, by the team. There are none if the run diverged or must stop at once. */
static void evaluate_last(struct tp_trainer *t, struct tp_member *self)
{
    const struct tp_training *training = t->training;
    tileprop_result *r = t->result;
    struct tp_metrics train = {0}, validation = {0}, test = {0};
    const bool leads = self->step.index == 0;
    const double began = leads ? tp_clock_seconds() : 0;
    if (t->pause < TP_STOP) {
        train = tp_trainer_evaluate(t, self, training->train);
        if (!t->stopped)
            validation = tp_trainer_evaluate(t, self, training->validation);
        if (training->test && !t->stopped)
            test = tp_trainer_evaluate(t, self, training->test);
    }
    if (!leads)
        return;
    r->train_loss = train.count ? train.loss : NAN;
    r->train_accuracy = train.count ? train.accuracy : NAN;
    r->validation_loss = validation.count ? validation.loss : NAN;
    r->validation_accuracy = validation.count ? validation.accuracy : NAN;
    r->test_loss = test.count ? test.loss : NAN;
    r->test_accuracy = test.count ? test.accuracy : NAN;
    if (validation.count && validation.loss < t->state.best.loss) {
        t->state.best = validation;
        t->state.best_step = t->state.steps - 1;
        keep(t, &validation, false);
    }
    r->best_step = t->state.best_step;
    r->best_validation_loss = t->state.best.loss;
    r->best_validation_accuracy = t->state.best.accuracy;
    if (t->pause != TP_DIVERGED)
        keep(t, &validation, true);
    r->seconds_evaluation += tp_clock_seconds() - began;
}

/*
 * Evaluation i of E in an epoch of n steps follows step floor(i n / E) of it, counted from 0. The only i that
 * can give step s is ceil(s E / n).
 */
static bool evaluation_follows(const struct tp_trainer *t, size_t step)
{
    const size_t steps = t->run.steps_per_epoch, evaluations = t->options.evals_per_epoch;
    const size_t i = (step * evaluations + steps - 1) / steps;
    return i < evaluations && i * steps / evaluations == step;
}

/* Steps [begin, end) of an epoch; an evaluation can follow only the last of them. Empty: the run ends. */
struct stretch {
    size_t begin, end;
};

/* The next stretch of steps. No member continues, which would change the run's position, before all have read it. */
static struct stretch next_stretch(struct tp_trainer *t, size_t index)
{
    const size_t steps = t->run.steps_per_epoch, epoch = t->state.steps / steps;
    struct stretch next = {t->state.steps % steps, t->state.steps % steps};
    if (t->pause < TP_END && epoch < t->options.epochs) {
        do
            next.end++;
        while (next.end < steps && !evaluation_follows(t, next.end - 1));
        if (index == 0 && t->epoch != epoch + 1) {
            t->epoch = epoch + 1;
            if (t->options.shuffle)
                tp_random_permutation(t->options.seed, TP_RANDOM_SHUFFLE, (uint32_t)epoch, t->training->train->count,
                                      t->order);
        }
    }
    tp_team_barrier();
    return next;
}

/* Samples [first, first + rows) of the order, and those of the step after it in the epoch, rows 0: none. */
struct batch {
    size_t first, rows, next, next_rows;
};

static struct batch batch_of(const struct tp_trainer *t, size_t step)
{
    const size_t batch = t->plan.batch, samples = t->training->train->count, first = step * batch;
    const size_t rows = samples - first < batch ? samples - first : batch;
    const size_t next = step + 1 < t->run.steps_per_epoch ? first + rows : samples;
    return (struct batch){first, rows, next, samples - next < batch ? samples - next : batch};
}

void tp_trainer_begin_step(struct tp_trainer *t, size_t step)
{
    t->step_began = tp_clock_seconds();
    t->step.optimizer = tp_options_optimizer(&t->options, &t->state);
    t->step.measure = t->options.log_gradients && evaluation_follows(t, step);
}

/* The step's outputs remain until the next step. */
static void measure_activity(struct tp_trainer *t, size_t step)
{
    const size_t rows = batch_of(t, step).rows;
    for (size_t l = 0; l + 1 < t->network.layer_count; l++)
        t->state.activity[l] = tp_activity_of(&t->step.a[l], rows, t->network.layers[l].activation);
}

void tp_trainer_end_step(struct tp_trainer *t, size_t step)
{
    t->result->seconds_training += tp_clock_seconds() - t->step_began;
    t->state.steps++;
    if (t->options.optimizer == TILEPROP_ADAM) {
        t->state.beta1_power *= t->options.beta1;
        t->state.beta2_power *= t->options.beta2;
    }
    for (size_t l = 0; t->step.measure && l < t->network.layer_count; l++)
        t->state.gradient_norms[l] = tp_step_gradient_norm(&t->step, l);
    t->state.evaluation_due = evaluation_follows(t, step);
    if (t->options.log_activations && t->state.evaluation_due)
        measure_activity(t, step);
    report(t);
}

void tp_trainer_put(struct tp_trainer *t, size_t index, const struct tp_weights *weights,
                    const struct tp_weights *states)
{
    tp_network_put(&t->network, index, 0, weights);
    for (int i = 0; i < t->network.states; i++)
        tp_network_put(&t->network, index, 1 + i, &states[i]);
}

void *tp_trainer_enter(struct tp_trainer *t, struct tp_member *self)
{
    const struct tp_training *training = t->training;
    const size_t index = self->step.index;
    void *unbound = tp_cpus_bind(&t->binding, index);
    tp_placement_enter(&t->placement, index, tp_numa_node(), &self->arena);
    self->step.train = tp_placement_local(&t->placement, index, training->train);
    tp_network_initialize(&t->network, index, t->options.init, t->options.seed);
    if (training->resumed) {
        tp_trainer_put(t, index, training->resumed_weights, training->resumed_states);
    } else if (training->initial_weights) {
        tp_network_put(&t->network, index, 0, training->initial_weights);
    }
    tp_network_refresh(&t->network, index, t->step.tier);
    tp_team_barrier();
    if (index == 0 && t->step.exchange) {
        tp_exchange_load(&t->exchange);
        for (int i = 0; training->resumed && i < t->exchange.states; i++)
            tp_exchange_put_state(&t->exchange, 1 + i, &training->resumed_states[i]);
    }
    if (index < t->plan.step_members)
        tp_step_bind(&t->step, &self->step);
    if (index == 0) {
        t->started = tp_clock_seconds() - t->state.seconds;
        t->progress = progress_of(t, t->state.steps ? t->state.steps - 1 : 0);
        self->buffers.interrupted = is_interrupted;
        self->buffers.context = t;
    }
    return unbound;
}

/* After a stretch, by the team: an evaluation, a checkpoint. */
static void between_steps(struct tp_trainer *t, struct tp_member *self)
{
    /* Read here: everything below begins with a barrier, and these change only after it. */
    const enum tp_pause pause = t->pause;
    if (pause < TP_STOP && t->state.evaluation_due)
        evaluate_now(t, self);
    if (pause == TP_CHECKPOINT) {
        tp_team_barrier();
        if (self->step.index == 0 && t->pause == TP_CHECKPOINT) {
            write_checkpoint(t);
            t->pause = TP_GO_ON;
        }
        tp_team_barrier();
    }
}

/* The whole run, as seen by one member. Members that take no part in steps wait for what follows them. */
static void train_member(void *context, size_t index, size_t members)
{
    struct tp_trainer *t = context;
    struct tp_member *self = &t->members[index];
    const bool leads = index == 0, takes_part = index < t->plan.step_members;
    void *unbound = tp_trainer_enter(t, self);
    (void)members;
    tp_team_barrier();
    if (t->state.evaluation_due) /* in a resumed run */
        evaluate_now(t, self);
    for (struct stretch stretch = next_stretch(t, index); stretch.begin < stretch.end;
         stretch = next_stretch(t, index)) {
        for (size_t s = stretch.begin; takes_part && s < stretch.end && t->pause == TP_GO_ON; s++) {
            const struct batch batch = batch_of(t, s);
            if (leads)
                tp_trainer_begin_step(t, s);
            if (!tp_step_run(&t->step, &self->step, t->order + batch.first, batch.rows, t->order + batch.next,
                             batch.next_rows))
                break;
            if (leads)
                tp_trainer_end_step(t, s);
        }
        if (leads && atomic_load(&t->step.abandoned))
            stop(t);
        tp_team_barrier();
        between_steps(t, self);
    }
    if (leads && t->pause != TP_DIVERGED)
        write_checkpoint(t);
    evaluate_last(t, self);
    tp_cpus_unbind(unbound);
}

tileprop_status tp_trainer_diverged(struct tp_trainer *t, struct tp_error *error)
{
    const struct tp_dataset *set = t->diverged_on;
    const struct tp_shards *shards = &t->plan.shards;
    const bool uniform = t->options.init == TILEPROP_INIT_UNIFORM,
               normalized = t->options.normalize != TILEPROP_NORMALIZE_NONE;
    const uint64_t saved = tp_flush_enter();
    size_t layer =
        set ? tp_evaluator_first_bad_layer(&t->evaluator, &t->members[0].buffers, set)
            : tp_step_first_bad_layer(&t->step, tp_shards_rows_of_rank(shards, shards->rank, t->step_rows).end -
                                                    tp_shards_rows_of_rank(shards, shards->rank, t->step_rows).begin);
    layer = tp_agree_on_layer(t, layer);
    tp_flush_leave(saved);
    return tp_fail(error, TILEPROP_DIVERGED,
                   "the loss %s is not finite at step %zu (epoch %zu): the first layer with a value that is not finite "
                   "is layer %zu of %zu; try a smaller --lr (it is %g)%s%s",
                   !set                        ? "of the batch"
                   : set == t->training->train ? "of the training set"
                   : set == t->training->test  ? "of the test set"
                                               : "of the validation set",
                   t->state.steps - 1, (t->state.steps - 1) / t->run.steps_per_epoch + 1, layer, t->network.layer_count,
                   t->options.learning_rate, uniform ? " or --init fan-in" : "",
                   normalized ? "" : " or --normalize auto");
}

static tileprop_status finish(struct tp_trainer *t, struct tp_error *error)
{
    tileprop_result *r = t->result;
    r->steps = t->state.steps;
    r->epochs = t->state.steps / t->run.steps_per_epoch;
    r->threads = t->plan.members;
    r->isa = t->step.tier->name;
    r->numa = t->placement.mode;
    r->numa_nodes = t->placement.node_count;
    const struct tp_evaluator_buffers *buffers = &t->members[0].buffers;
    r->evaluation_skips = tp_evaluator_skips(&t->evaluator, buffers, t->training->train->count);
    r->seconds_multiplying = buffers->forms[0].seconds;
    r->seconds_skipping = buffers->forms[1].seconds;
    for (size_t m = 0; m < t->plan.step_members; m++)
        r->threads_worked += t->members[m].step.worked;
    if (t->profiles)
        tp_profile_add_up(t->profiles, t->plan.step_members, t->network.layer_count, t->run_options->times);
    if (t->differs)
        return tp_fail(error, TILEPROP_FAILURE,
                       "rank %zu: expected the weights of rank 0 after step %zu, found others: its data, program or "
                       "hardware differ",
                       t->differs, t->state.steps - 1);
    const tileprop_status status = tp_network_hash(&t->network, &r->weights_hash, error);
    return status == TILEPROP_OK && t->pause == TP_DIVERGED ? tp_trainer_diverged(t, error) : status;
}

tileprop_status tp_train(const struct tp_training *training, tileprop_result *result, struct tp_error *error)
{
    *result = (tileprop_result){.size = result->size};
    struct tp_trainer *t = calloc(1, sizeof *t); /* large for a small stack */
    if (!t)
        return tp_fail_memory(error, NULL, "a training run");
    tileprop_status status = tp_trainer_prepare(t, training, result, error);
    if (status == TILEPROP_OK && t->step.exchange)
        status = tp_probe(t, error);
    t->step.interrupted = is_interrupted;
    if (status == TILEPROP_OK) {
        if (t->run_options->started)
            t->run_options->started(t->run_options->context, &t->run);
        status = tp_team_run(t->plan.members, train_member, t, error);
    }
    if (status == TILEPROP_OK)
        status = finish(t, error);
    tp_trainer_free(t);
    free(t);
    return status;
}
