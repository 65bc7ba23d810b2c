#include "train/stepper.h"

#include <stdlib.h>

#include "data/choices.h"
#include "system/team.h"
#include "train/setup.h"

struct tp_stepper {
    struct tp_trainer trainer;
    struct tp_training training;
    tileprop_options options;
    tileprop_result result;
    struct tp_dataset dummy; /* zeros and ones on which the plan is chosen */

    /* For the call in progress. */
    const struct tp_dataset *set;
    struct tp_metrics metrics;
    const struct tp_weights *weights, *states;
};

/* Has one row more than a batch, so that the plan also covers steps of fewer rows. */
static tileprop_status make_dummy(const struct tp_stepper_config *from, struct tp_dataset *dummy,
                                  struct tp_error *error)
{
    *dummy = (struct tp_dataset){.type = from->type,
                                 .count = from->options->batch + 1,
                                 .features = from->features,
                                 .classes = from->classes,
                                 .class_weights = from->class_weights};
    const bool sparse = from->type == TILEPROP_CSR;
    dummy->samples = calloc(dummy->count, sparse ? sizeof(float) : tp_dataset_sample_size(dummy));
    dummy->labels = calloc(dummy->count, sizeof *dummy->labels);
    dummy->indptr = sparse ? calloc(dummy->count + 1, sizeof *dummy->indptr) : NULL;
    dummy->indices = sparse ? calloc(dummy->count, sizeof *dummy->indices) : NULL;
    const bool good = dummy->samples && dummy->labels && (!sparse || (dummy->indptr && dummy->indices));
    for (size_t i = 0; good && !sparse && i < dummy->count * dummy->features; i++) {
        const double draw = (double)(uint32_t)(i * 2654435761u) * 0x1p-32; /* spread evenly by the golden ratio */
        if (draw < from->zeros)
            continue;
        if (from->type == TILEPROP_U8)
            ((uint8_t *)dummy->samples)[i] = 1;
        else
            ((float *)dummy->samples)[i] = 1;
    }
    return good ? TILEPROP_OK : tp_fail_memory(error, NULL, "a batch");
}

static void enter_member(void *context, size_t index, size_t members)
{
    struct tp_trainer *t = &((struct tp_stepper *)context)->trainer;
    (void)members;
    tp_cpus_unbind(tp_trainer_enter(t, &t->members[index]));
}

static void step_member(void *context, size_t index, size_t members)
{
    struct tp_stepper *s = context;
    struct tp_trainer *t = &s->trainer;
    struct tp_step_member *self = &t->members[index].step;
    const size_t rows = s->set->count;
    void *unbound = tp_cpus_bind(&t->binding, index);
    (void)members;
    self->train = s->set;
    if (rows < t->plan.batch)
        self->lists[1].rows = rows;
    tp_step_bind(&t->step, self);
    if (index == 0)
        tp_trainer_begin_step(t, 0);
    tp_step_run(&t->step, self, t->order, rows, NULL, 0);
    if (index == 0)
        tp_trainer_end_step(t, 0);
    tp_cpus_unbind(unbound);
}

static void evaluate_member(void *context, size_t index, size_t members)
{
    struct tp_stepper *s = context;
    struct tp_trainer *t = &s->trainer;
    void *unbound = tp_cpus_bind(&t->binding, index);
    (void)members;
    const struct tp_metrics metrics = tp_trainer_evaluate(t, &t->members[index], s->set);
    if (index == 0)
        s->metrics = metrics;
    tp_cpus_unbind(unbound);
}

static void restore_member(void *context, size_t index, size_t members)
{
    struct tp_stepper *s = context;
    (void)members;
    tp_trainer_put(&s->trainer, index, s->weights, s->states);
    tp_network_refresh(&s->trainer.network, index, s->trainer.step.tier);
}

static tileprop_status create(struct tp_stepper *s, const struct tp_stepper_config *config, struct tp_error *error)
{
    struct tp_trainer *t = &s->trainer;
    tileprop_options *o = &s->options;
    *o = *config->options;
    if (o->lr_schedule != TILEPROP_SCHEDULE_CONSTANT && !o->lr_steps)
        return tp_fail(error, TILEPROP_USAGE,
                       "--lr-steps: required with --lr-schedule %s: a step-by-step trainer does not know the number "
                       "of steps",
                       tp_choice_name(tp_schedule_choices, (int)o->lr_schedule));
    o->epochs = UINT32_MAX; /* the number of steps is unknown; a search for the best plan pays off */
    o->shuffle = o->drop_last = o->log_gradients = o->log_activations = 0;
    o->evals_per_epoch = 0;
    o->max_seconds = 0;
    o->numa = TILEPROP_NUMA_OFF;
    o->progress = NULL;
    if (o->zeros == TILEPROP_ZEROS_AUTO) /* there are no batches to time yet */
        o->zeros = config->zeros < 0.5 && config->type != TILEPROP_CSR ? TILEPROP_ZEROS_MULTIPLY : TILEPROP_ZEROS_SKIP;
    s->training = (struct tp_training){.options = o,
                                       .train = &s->dummy,
                                       .validation = &s->dummy,
                                       .normalization = config->normalization,
                                       .initial_weights = config->initial_weights,
                                       .pending_bytes = config->pending_bytes};
    tileprop_status status = make_dummy(config, &s->dummy, error);
    if (status == TILEPROP_OK)
        status = tp_trainer_prepare(t, &s->training, &s->result, error);
    tp_dataset_free(&s->dummy);        /* no longer read */
    t->run.steps_per_epoch = SIZE_MAX; /* messages name it */
    return status == TILEPROP_OK ? tp_team_run(t->plan.members, enter_member, s, error) : status;
}

tileprop_status tp_stepper_create(struct tp_stepper **stepper, const struct tp_stepper_config *config,
                                  struct tp_error *error)
{
    struct tp_stepper *s = calloc(1, sizeof *s);
    *stepper = NULL;
    if (!s)
        return tp_fail_memory(error, NULL, "a trainer");
    const tileprop_status status = create(s, config, error);
    if (status == TILEPROP_OK)
        *stepper = s;
    else
        tp_stepper_free(s);
    return status;
}

tileprop_status tp_stepper_step(struct tp_stepper *s, const struct tp_dataset *batch, double *loss,
                                struct tp_error *error)
{
    struct tp_trainer *t = &s->trainer;
    s->set = batch;
    t->pause = TP_GO_ON;
    const tileprop_status status = tp_team_run(t->plan.step_members, step_member, s, error);
    if (status != TILEPROP_OK)
        return status;
    *loss = t->progress.loss;
    return t->pause == TP_DIVERGED ? tp_trainer_diverged(t, error) : TILEPROP_OK;
}

tileprop_status tp_stepper_evaluate(struct tp_stepper *s, const struct tp_dataset *set, struct tp_metrics *metrics,
                                    struct tp_error *error)
{
    struct tp_trainer *t = &s->trainer;
    const struct tp_predictions own = t->predictions;
    t->predictions = (struct tp_predictions){.loss = calloc(set->count, sizeof(float)),
                                             .predicted = calloc(set->count, sizeof(uint16_t))};
    s->set = set;
    tileprop_status status = t->predictions.loss && t->predictions.predicted
                                 ? tp_team_run(t->plan.members, evaluate_member, s, error)
                                 : tp_fail_memory(error, NULL, "an evaluation");
    if (status == TILEPROP_OK)
        *metrics = s->metrics;
    free(t->predictions.loss);
    free(t->predictions.predicted);
    t->predictions = own;
    t->diverged_on = NULL;
    return status;
}

const struct tp_network *tp_stepper_network(const struct tp_stepper *s)
{
    return &s->trainer.network;
}

const struct tp_normalization *tp_stepper_normalization(const struct tp_stepper *s)
{
    return &s->trainer.normalization;
}

const struct tp_training_state *tp_stepper_state(const struct tp_stepper *s)
{
    return &s->trainer.state;
}

tileprop_status tp_stepper_restore(struct tp_stepper *s, const struct tp_training_state *state,
                                   const struct tp_normalization *normalization, const struct tp_weights *weights,
                                   const struct tp_weights *states, struct tp_error *error)
{
    struct tp_trainer *t = &s->trainer;
    struct tp_normalization before;
    tileprop_status status = tp_normalization_copy(&before, &t->normalization, error);
    if (status != TILEPROP_OK)
        return status;
    tp_normalization_assign(&t->normalization, normalization); /* before the weights' sums are made from it */
    s->weights = weights;
    s->states = states;
    status = tp_team_run(t->plan.members, restore_member, s, error);
    if (status == TILEPROP_OK)
        t->state = *state;
    else
        tp_normalization_assign(&t->normalization, &before);
    tp_normalization_free(&before);
    return status;
}

void tp_stepper_free(struct tp_stepper *s)
{
    if (!s)
        return;
    tp_trainer_free(&s->trainer);
    free(s);
}
