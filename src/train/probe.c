#include "train/probe.h"

#include <math.h>

#include "base/clock.h"
#include "system/team.h"
#include "train/training_options.h"

#define SECONDS_ALONE 0.5  /* approximate limit for a step of one rank; larger batches are estimated */
#define RATE          5e10 /* approximate operations per second */
#define SECONDS       0.02 /* seconds of steps on all ranks, unless a single one takes longer */
#define STEPS_MAX     100

/* Seconds of a step of `rows` rows on this rank alone, without shards. */
static tileprop_status time_alone(const struct tp_trainer *t, size_t rows, double *seconds, struct tp_error *error)
{
    struct tp_network network;
    struct tp_autotune_result found;
    const struct tp_dataset *train = t->training->train;
    const struct tp_autotune autotune = {.tier = t->step.tier,
                                         .network = &network,
                                         .train = train,
                                         .normalization = &t->normalization,
                                         .optimizer = t->options.optimizer,
                                         .binding = &t->binding,
                                         .members = t->plan.step_members,
                                         .exact = true,
                                         .batch = rows,
                                         .shards = 1,
                                         .zeros = t->options.zeros,
                                         .zero_share = t->run.zeros,
                                         .probes = true};
    tileprop_status status =
        tp_network_shape(&network, &t->options, train->features, train->classes, t->plan.step_members, error);
    tp_network_shift(&network, &t->normalization);
    if (status == TILEPROP_OK)
        status = tp_autotune_plan(&autotune, &found, error);
    *seconds = INFINITY;
    for (size_t i = 0; status == TILEPROP_OK && i < found.count; i++)
        *seconds = tp_clock_shorter(*seconds, found.candidates[i].measured);
    tp_network_free(&network);
    return status;
}

/* One member's part of some steps; returns the seconds per step. */
static double time_steps(struct tp_trainer *t, struct tp_step_member *self, size_t steps)
{
    const double began = tp_clock_seconds();
    for (size_t s = 0; s < steps; s++)
        tp_step_run(&t->step, self, t->order, t->plan.batch, NULL, 0);
    return (tp_clock_seconds() - began) / (double)steps;
}

/* All members of all ranks take rank 0's number of steps; the time is that of the slowest. */
static void choose_steps(struct tp_trainer *t, double seconds)
{
    const double steps = SECONDS / seconds;
    t->probe_steps = steps < 1 ? 1 : steps > STEPS_MAX ? STEPS_MAX : (size_t)steps;
    tp_exchange_broadcast(&t->exchange, &t->probe_steps, sizeof t->probe_steps);
    tp_exchange_wait_all(&t->exchange);
}

static void probe_member(void *context, size_t index, size_t members)
{
    struct tp_trainer *t = context;
    struct tp_step_member *self = &t->members[index].step;
    struct tp_profile *profile = self->profile;
    void *unbound = tp_cpus_bind(&t->binding, index);
    (void)members;
    self->train = t->training->train;
    self->profile = NULL;
    tp_step_bind(&t->step, self);
    tp_team_barrier();
    time_steps(t, self, 1); /* touches all memory */
    const double once = time_steps(t, self, 1);
    if (index == 0)
        choose_steps(t, once);
    tp_team_barrier();
    const double together = time_steps(t, self, t->probe_steps);
    if (index == 0)
        t->step.idles = true;
    tp_team_barrier();
    const double exchanging = time_steps(t, self, t->probe_steps);
    if (index == 0) {
        t->step.idles = false;
        t->run.seconds_together = together;
        t->run.seconds_exchanging = exchanging;
    }
    self->profile = profile;
    self->worked = false;
    tp_cpus_unbind(unbound);
}

/*
 * One rank takes a + b n seconds for n rows. On R ranks, a batch of B rows takes `together`, and each further row adds
 * b / R if it does not hide more of the exchange. Solves a + b n = together + b (n - B) / R for n.
 */
static size_t batch_that_pays(const struct tp_trainer *t, double fixed, double per_row)
{
    const double ranks = (double)t->plan.shards.ranks, batch = (double)t->plan.batch;
    const double more = t->run.seconds_together - fixed - per_row * batch / ranks;
    const double rows = more / (per_row * (1 - 1 / ranks));
    return rows > 1 ? (size_t)ceil(rows) : 1;
}

tileprop_status tp_probe(struct tp_trainer *t, struct tp_error *error)
{
    const size_t batch = t->plan.batch;
    const double flops = t->run.flops_per_step / (double)batch, most = SECONDS_ALONE * RATE / flops;
    const size_t rows = most < (double)batch ? (size_t)most + 1 : batch, fewer = rows / 2 ? rows / 2 : 1;
    double seconds = 0, less = 0;
    tileprop_status status = TILEPROP_OK;
    if (t->plan.shards.rank == 0)
        status = time_alone(t, rows, &seconds, error);
    if (t->plan.shards.rank == 0 && status == TILEPROP_OK)
        status = time_alone(t, fewer, &less, error);
    if (status != TILEPROP_OK)
        return status;
    t->step.losses_ready = NULL; /* nothing is to be decided */
    t->step.optimizer =
        (struct tp_optimizer){.kind = t->options.optimizer, .keep = 1, .root_correction = 1, .epsilon = 1};
    status = tp_team_run(t->plan.step_members, probe_member, t, error);
    t->step.losses_ready = tp_trainer_losses_ready;
    const double slope = rows > fewer ? (seconds - less) / (double)(rows - fewer) : 0;
    const double per_row = slope > 0 ? slope : seconds / (double)rows; /* timing is noisy */
    t->run.seconds_alone = seconds + per_row * (double)(batch - rows);
    t->run.batch_that_pays = batch_that_pays(t, seconds - per_row * (double)rows, per_row);
    return status;
}
